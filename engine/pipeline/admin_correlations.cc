// What detections over time hold at the moment, for people.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alert/correlation.h"
#include "base/json_writer.h"
#include "correlate/hit_blob.h"
#include "pipeline/admin_api.h"

namespace tocsin::pipeline {
namespace {

constexpr std::int64_t kMostGroups = 1000;
constexpr std::size_t kUsualGroups = 100;

void write_head(const correlate::CompiledCorrelation& correlation, JsonWriter& json) {
  const sigma::Correlation& document = *correlation.source;
  json.member("id", document.meta.id).member("title", document.meta.title);
  json.member("type", sigma::to_string(document.type)).member("file", document.meta.file);
}

bool tells_groups_apart(const correlate::Correlations& correlations,
                        const correlate::CompiledCorrelation& correlation,
                        const std::string& field) {
  for (const correlate::Input& input : correlation.inputs) {
    for (const correlate::Slot slot : input.group_by) {
      if (correlations.fields()[slot] == field) return true;
    }
  }
  return false;
}

// Of the newest hit: what its group is told apart by.
void write_values(const correlate::Correlations& correlations,
                  const correlate::CompiledCorrelation& correlation, const correlate::KeptHit& hit,
                  JsonWriter& json) {
  json.key("group_by").begin_object();
  for (const auto& [field, values] : hit.fields) {
    if (values.empty() || !tells_groups_apart(correlations, correlation, field)) continue;
    json.member(field, fmt::format("{}", fmt::join(values, ", ")));
  }
  json.end_object();
}

}  // namespace

Result<std::string> AdminApi::correlations(std::string_view query) const {
  const auto pairs = parse_query(query);
  if (!pairs) return tl::unexpected(pairs.error());
  std::string rule;
  std::size_t limit = kUsualGroups;
  for (const auto& [name, value] : *pairs) {
    if (name == "rule") {
      rule = value;
    } else if (name == "limit") {
      const auto number = query_number(value, kMostGroups);
      if (!number) return fail(Code::invalid_input, "`limit` is not a number");
      limit = static_cast<std::size_t>(*number);
    } else {
      return fail(Code::invalid_input, "parameters are rule and limit");
    }
  }
  if (rule.empty()) return all_correlations();
  const auto groups = parts_.correlations.groups(rule, limit);
  if (!groups) {
    return fail(Code::not_found, "no correlation with this id, name or title is in force");
  }
  return one_correlation(*groups);
}

std::string AdminApi::all_correlations() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  const correlate::Time watermark = parts_.correlations.watermark();
  if (watermark != correlate::kNoTime) {
    json.member("watermark", alert::nanosecond_text(watermark));
  }
  json.key("correlations").begin_array();
  for (const CorrelationState::Row& row : parts_.correlations.rows()) {
    json.begin_object();
    write_head((*row.correlations)[row.index], json);
    json.key("groups").number(row.stats.groups).key("hits").number(row.stats.hits);
    json.key("episodes").number(row.stats.episodes);
    json.key("evicted_groups").number(row.stats.evicted_groups);
    json.key("evicted_hits").number(row.stats.evicted_hits);
    json.key("since").number(row.since).end_object();
  }
  json.end_array().end_object();
  return out;
}

Result<std::string> AdminApi::one_correlation(const CorrelationState::Groups& groups) const {
  const correlate::CompiledCorrelation& correlation = (*groups.correlations)[groups.index];
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_head(correlation, json);
  json.key("groups").begin_array();
  for (const CorrelationState::Group& group : groups.groups) {
    HitJournal::Found newest = group.newest;
    if (!newest) {
      const auto ref = static_cast<std::int64_t>(group.group.newest_hit);
      const Result<std::optional<store::Hits>> row = parts_.store.hits_at(ref);
      if (!row) return tl::unexpected(row.error());
      newest = HitJournal::find_in(*row, group.group.newest_hit);
    }
    json.begin_object();
    if (newest) write_values(*groups.correlations, correlation, *newest, json);
    json.key("hits").number(group.group.hits);
    json.member("oldest", alert::nanosecond_text(group.group.oldest));
    json.member("newest", alert::nanosecond_text(group.group.newest));
    json.key("measure").raw(fmt::format("{}", group.group.measure));
    json.key("firing").boolean(group.group.firing).end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace tocsin::pipeline
