#include "cli/explain_correlation.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <vector>

#include "alert/correlation.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "event/record_reader.h"
#include "pipeline/scan_pipeline.h"

namespace tocsin::cli {
namespace {

constexpr std::size_t kGroupsShown = 20, kProblemsShown = 5;

// Keeps the alerts of one correlation.
class Episodes final : public pipeline::ScanSink {
 public:
  explicit Episodes(const sigma::Meta& rule) : rule_(rule) {}

  void alert(alert::Alert alert) override {
    const bool is_ours = alert.correlation != nullptr && alert.rule->title == rule_.title &&
                         alert.rule->id == rule_.id;
    if (is_ours) alerts.push_back(std::move(alert));
  }
  void lines(std::string_view) override {}
  void error(const event::RecordError& error) override {
    if (problems_++ >= kProblemsShown) return;
    fmt::print(stderr, "tocsin: line {}: {}\n", error.origin.line,
               text::printable(error.error.message));
  }
  void note(const pipeline::RecordNote&) override {}
  void progress(const pipeline::ScanStats&) override {}
  void ended(const std::string&) override {}

  std::vector<alert::Alert> alerts;

 private:
  const sigma::Meta& rule_;
  std::size_t problems_ = 0;
};

std::string values_text(const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  for (const auto& [field, value] : values) {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", text::printable(field),
                       cut(text::printable(value), 100));
  }
  return out.empty() ? "(all events)" : out;
}

void print_heading(const sigma::Correlation& document, const alert::RuleFacts& facts) {
  fmt::print("{} ({}, {})\n", text::printable(facts.title), text::printable(facts.id),
             text::printable(facts.level));
  std::string asked = std::string(sigma::to_string(document.type));
  for (const std::string& field : document.fields) asked += " of " + text::printable(field);
  const std::string condition = alert::condition_text(document);
  if (!condition.empty()) asked += " " + text::printable(condition);
  for (std::size_t i = 0; i < document.group_by.size(); ++i) {
    asked += (i == 0 ? " by " : ", ") + text::printable(document.group_by[i]);
  }
  if (document.timespan_seconds > 0) {
    asked += " within " + human_duration(static_cast<double>(document.timespan_seconds));
  }
  fmt::print("{}\n", asked);
  for (const sigma::RuleReference& rule : document.rules) {
    fmt::print("  {}\n", text::printable(rule.text));
  }
}

void print_text(const sigma::Correlation& document, const alert::RuleFacts& facts,
                const std::vector<alert::Alert>& episodes,
                const std::vector<pipeline::ScanCorrelation::Live>& live, correlate::Time newest) {
  print_heading(document, facts);
  fmt::print("\n{} episode{}\n", episodes.size(), episodes.size() == 1 ? "" : "s");
  for (const alert::Alert& episode : episodes) {
    const alert::CorrelationFacts& found = *episode.correlation;
    fmt::print("  {} … {}  {}\n      {} firing{}; the last looked at {} hits, measure {:g}\n",
               alert::nanosecond_text(found.first), alert::nanosecond_text(found.last),
               values_text(found.group_by), found.firings, found.firings == 1 ? "" : "s",
               found.hits, found.measure);
  }
  if (newest == correlate::kNoTime) return;
  fmt::print("\nLive windows at {}, the newest event\n", alert::nanosecond_text(newest));
  for (const auto& [group, values] : live) {
    fmt::print("  {}  {} hits since {}, measure {:g}{}\n", values_text(values), group.hits,
               alert::nanosecond_text(group.oldest), group.measure, group.firing ? ", firing" : "");
  }
  if (live.empty()) fmt::print("  none\n");
}

void write_values(JsonWriter& json,
                  const std::vector<std::pair<std::string, std::string>>& values) {
  json.key("group_by").begin_object();
  for (const auto& [field, value] : values) json.member(field, value);
  json.end_object();
}

void print_json(const alert::RuleFacts& facts, const std::vector<alert::Alert>& episodes,
                const std::vector<pipeline::ScanCorrelation::Live>& live) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("rule", facts.title).member("id", facts.id);
  json.key("episodes").begin_array();
  for (const alert::Alert& episode : episodes) json.raw(alert::facts_json(*episode.correlation));
  json.end_array();
  json.key("live").begin_array();
  for (const auto& [group, values] : live) {
    json.begin_object();
    write_values(json, values);
    json.key("hits").number(group.hits);
    json.member("oldest", alert::nanosecond_text(group.oldest));
    json.member("newest", alert::nanosecond_text(group.newest));
    json.key("measure").raw(fmt::format("{}", group.measure));
    json.key("firing").boolean(group.firing);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  fmt::print("{}\n", out);
}

}  // namespace

int explain_correlation(const Ruleset& ruleset, correlate::CorrelationIndex index,
                        const std::string& input, bool as_json) {
  const correlate::CompiledCorrelation& correlation = (*ruleset.correlations)[index];
  const event::Inputs inputs = event::expand_inputs({input});
  for (const Error& error : inputs.errors) {
    fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  }
  if (inputs.files.empty()) return kError;
  event::RecordReader reader(inputs.files, event::RecordReader::Trust::unchecked);
  const pipeline::Plan plan(ruleset.program, pipeline::Source(), true);
  pipeline::ScanCorrelation scanned(ruleset.correlations, index);
  Episodes episodes(correlation.source->meta);
  const std::atomic<bool> stop{false};
  const Result<pipeline::ScanStats> stats =
      pipeline::scan(ruleset, plan, reader, pipeline::ScanOptions(), scanned, episodes, stop);
  Result<std::vector<pipeline::ScanCorrelation::Live>> live = scanned.live(index, kGroupsShown);
  if (!stats || !live) {
    fmt::print(stderr, "tocsin: {}\n",
               text::printable(stats ? live.error().message : stats.error().message));
    return kError;
  }
  if (as_json) {
    print_json(*correlation.facts, episodes.alerts, *live);
  } else {
    print_text(*correlation.source, *correlation.facts, episodes.alerts, *live, scanned.newest());
  }
  return episodes.alerts.empty() ? kFinding : kOk;
}

}  // namespace tocsin::cli
