#include "cli/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "correlate/correlator.h"
#include "correlate/hit_blob.h"
#include "correlate/hit_maker.h"
#include "correlate/map_memory.h"
#include "correlate/presence.h"
#include "correlate/watermark.h"
#include "event/event_reader.h"
#include "event/record_reader.h"
#include "pipeline/episode_alert.h"
#include "pipeline/event_clock.h"
#include "program/match.h"

namespace tocsin::cli {
namespace {

using correlate::Change;
using correlate::Time;

// Something that was raised, as the test's author says it.
struct Raised {
  const sigma::Meta* rule = nullptr;
  Time at = 0, raised = 0;
  std::vector<std::pair<std::string, std::string>> group;
  std::uint64_t hits = 1, firings = 1;
};

// +1h2m3.5s
std::string offset_text(Time from, Time time) {
  Time left = time - from;
  std::string out = left < 0 ? "-" : "+";
  left = left < 0 ? -left : left;
  const auto unit = [&](Time size, char name) {
    if (left >= size) out += fmt::format("{}{}", left / size, name);
    left %= size;
  };
  unit(24LL * 3600 * kSecond, 'd');
  unit(3600LL * kSecond, 'h');
  unit(60 * kSecond, 'm');
  if (left % kSecond == 0) {
    unit(kSecond, 's');
  } else {
    out += fmt::format("{}s", static_cast<double>(left) / kSecond);
  }
  return out.size() == 1 ? out + "0s" : out;
}

bool is_named(const sigma::Meta& rule, const std::string& name) {
  return name == rule.id || name == rule.name || name == rule.title;
}

// The service in small: the same matching, the same correlator, the same clock.
class Timeline {
 public:
  Timeline(const Ruleset& ruleset, const sigma::RuleTestFile& file)
      : ruleset_(ruleset),
        correlations_(*ruleset.correlations),
        clock_(file.start_ns),
        watermark_(file.lateness_ns),
        correlator_(ruleset.correlations, correlate::Limits(), memory_),
        matching_(ruleset.program),
        reader_(ruleset.program.fields()),
        hits_(correlations_),
        presence_(correlations_) {}

  // An error: why the timeline cannot be played.
  std::string play(const std::vector<sigma::TimelineStep>& steps) {
    for (const sigma::TimelineStep& step : steps) {
      if (std::string problem = pass_time(step.arrives_ns); !problem.empty()) return problem;
      if (step.kind == sigma::TimelineStep::Kind::until) continue;
      for (std::uint32_t i = 0; i <= step.again; ++i) {
        if (std::string problem = arrive(step); !problem.empty()) return problem;
      }
    }
    return {};
  }

  std::vector<Raised> raised() const {
    std::vector<Raised> all = alerts_;
    for (const auto& [episode, raised] : episodes_) {
      if (!raised.is_silent) all.push_back(raised);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Raised& a, const Raised& b) { return a.at < b.at; });
    return all;
  }

 private:
  struct Episode : Raised {
    bool is_silent = false;
  };

  // The clock goes on to `end`, and stops wherever the watermark makes something certain.
  std::string pass_time(Time end) {
    while (clock_ < end) {
      const Time before = watermark_.value();
      const Time due = correlator_.next_due();
      Time step = end - clock_;
      if (stuck_) {  // a source that is not silent yet does not go on with the clock
        step = std::min(step, kSecond);
      } else if (due < correlate::kLatest && before != correlate::kNoTime) {
        step = std::min(step, std::max<Time>(due - before + 1, 1));
      }
      clock_ += step;
      const Time after = watermark_.advance(clock_);
      stuck_ = after == before;
      if (std::string problem = advance(); !problem.empty()) return problem;
    }
    return {};
  }

  std::string advance() {
    if (watermark_.value() == correlate::kNoTime) return {};
    correlate::Output output;
    const correlate::HitRef first = next_ref_;
    const Status advanced = correlator_.advance(watermark_.value(), first, output);
    if (!advanced) return advanced.error().message;
    return take(output);
  }

  std::string arrive(const sigma::TimelineStep& step) {
    event::Batch batch = event::read_records(step.event_json, step.source);
    if (!batch.errors.empty()) return batch.errors.front().error.message;
    for (const event::Record& record : batch.records) {
      if (auto read = reader_.read(record.json, event_); !read) return read.error().message;
      const auto read_with = [&](event::EventReader& reader, event::Event& out) {
        (void)reader.read(record.json, out);
      };
      fired_.clear();
      matching_.run(event_, matching_.candidates(event_), fired_);
      event_clock_.read(read_with);
      const Time time = event_clock_.time();
      correlate::HitBatch hits = collect(record, step.source, read_with);
      raise(time, record);
      receive(step.source, time);
      correlate::Output output;
      const correlate::HitRef first = next_ref_;
      keep(hits);
      const Status added = correlator_.add(hits, first, output);
      if (!added) return added.error().message;
      if (std::string problem = take(output); !problem.empty()) return problem;
    }
    watermark_.advance(clock_);
    return advance();
  }

  void receive(const std::string& source, Time time) {
    const Time moved_to = correlate::clock_time(time, clock_);
    if (moved_to == correlate::kNoTime) return;
    watermark_.received(source, event_clock_.account(), moved_to, clock_);
  }

  template <class ReadWith>
  correlate::HitBatch collect(const event::Record& record, const std::string& source,
                              ReadWith read_with) {
    correlate::HitBatch hits;
    if (event_clock_.time() > clock_ + correlate::kFuture) return hits;
    bool begun = false;
    for (const program::RuleIndex rule : fired_) {
      if (!hits_.wants(rule)) continue;
      if (!begun) hits_.begin(event_, record.origin, source, read_with);
      begun = true;
      hits_.add(rule, hits);
    }
    if (!presence_.empty()) {
      presence_.see(source, read_with);
      presence_.take(hits);
    }
    return hits;
  }

  // Alerts of single events; the same event again is no further one.
  void raise(Time time, const event::Record& record) {
    for (const program::RuleIndex rule : fired_) {
      if (!ruleset_.program.raises_alert(rule)) continue;
      if (!seen_.emplace(rule, std::string(record.json)).second) continue;
      alerts_.push_back({&ruleset_.program.rules()[rule].source.meta, time, clock_, {}, 1, 1});
    }
  }

  void keep(const correlate::HitBatch& hits) {
    if (hits.empty()) return;
    batches_.emplace_back(next_ref_, hits);
    next_ref_ += hits.size();
  }

  std::string take(const correlate::Output& output) {
    keep(output.derived);
    for (const Change& change : output.changes) {
      if (change.kind == Change::Kind::merged) {
        episodes_.erase(change.episode);
        continue;
      }
      const auto alert = pipeline::make_episode_alert(
          correlations_, change, [&](correlate::HitRef ref) { return find(ref); }, 0);
      if (!alert) return alert.error().message;
      const correlate::CompiledCorrelation& correlation = correlations_[change.correlation];
      const auto [at, is_new] = episodes_.try_emplace(change.episode);
      Episode& episode = at->second;
      if (is_new) episode.raised = clock_;
      episode.rule = &correlation.source->meta;
      episode.is_silent = correlation.silent;
      episode.at = change.first;
      episode.hits = change.hits;
      episode.firings = change.firings;
      episode.group = alert->correlation.group_by;
    }
    return {};
  }

  Result<std::optional<correlate::KeptHit>> find(correlate::HitRef ref) const {
    for (const auto& [first, hits] : batches_) {
      if (ref < first || ref >= first + hits.size()) continue;
      correlate::HitBatch one;
      one.add(hits[ref - first]);
      correlate::BlobWriter blob(correlations_);
      blob.add(one, 0);
      return correlate::read_hit(blob.finish(), 0);
    }
    return std::nullopt;
  }

  const Ruleset& ruleset_;
  const correlate::Correlations& correlations_;
  Time clock_;
  bool stuck_ = false;
  correlate::Watermark watermark_;
  correlate::MapMemory memory_;
  correlate::Correlator correlator_;
  program::Matching matching_;
  event::EventReader reader_;
  event::Event event_;
  correlate::HitMaker hits_;
  correlate::Presence presence_;
  pipeline::EventClock event_clock_;
  std::vector<program::RuleIndex> fired_;
  std::deque<std::pair<correlate::HitRef, correlate::HitBatch>> batches_;
  correlate::HitRef next_ref_ = 0;
  std::set<std::pair<program::RuleIndex, std::string>> seen_;
  std::vector<Raised> alerts_;
  std::map<correlate::Key, Episode> episodes_;
};

std::string described(const Raised& raised, Time start) {
  std::string out = fmt::format("`{}` at {}, raised {}, hits {}, firings {}", raised.rule->title,
                                offset_text(start, raised.at), offset_text(start, raised.raised),
                                raised.hits, raised.firings);
  for (const auto& [field, value] : raised.group) out += fmt::format(", {} = {}", field, value);
  return out;
}

std::string described(const std::vector<Raised>& all, Time start) {
  std::string out;
  for (const Raised& raised : all) out += "\n  " + described(raised, start);
  return out.empty() ? " nothing" : out;
}

// What of an expected alert is otherwise; "" when nothing is.
std::string difference(const sigma::ExpectedAlert& expected, const Raised& raised, Time start) {
  if (!expected.rule.empty() && !is_named(*raised.rule, expected.rule)) {
    return fmt::format("is of `{}`, not of `{}`", raised.rule->title, expected.rule);
  }
  if (raised.at != expected.at_ns) {
    return fmt::format("is at {}, not at {}", offset_text(start, raised.at),
                       offset_text(start, expected.at_ns));
  }
  if (expected.raised_ns && raised.raised != *expected.raised_ns) {
    return fmt::format("was raised {}, not {}", offset_text(start, raised.raised),
                       offset_text(start, *expected.raised_ns));
  }
  if (expected.hits && raised.hits != *expected.hits) {
    return fmt::format("has {} hits, not {}", raised.hits, *expected.hits);
  }
  if (expected.firings && raised.firings != *expected.firings) {
    return fmt::format("has {} firings, not {}", raised.firings, *expected.firings);
  }
  for (const auto& wanted : expected.group) {
    if (std::find(raised.group.begin(), raised.group.end(), wanted) != raised.group.end()) continue;
    return fmt::format("is not of the group {} = {}", wanted.first, wanted.second);
  }
  return {};
}

}  // namespace

std::string run_timeline(const Ruleset& ruleset, const sigma::RuleTestFile& file,
                         const sigma::RuleTestCase& test) {
  Timeline timeline(ruleset, file);
  if (std::string problem = timeline.play(test.timeline); !problem.empty()) return problem;
  const std::vector<Raised> raised = timeline.raised();
  const Time start = file.start_ns;
  if (raised.size() != test.alerts.size()) {
    return fmt::format("expected {} alert{}, got{}", test.alerts.size(),
                       test.alerts.size() == 1 ? "" : "s", described(raised, start));
  }
  for (std::size_t i = 0; i < raised.size(); ++i) {
    const std::string found = difference(test.alerts[i], raised[i], start);
    if (found.empty()) continue;
    return fmt::format("alert {} {}; raised was{}", i + 1, found, described(raised, start));
  }
  return {};
}

}  // namespace tocsin::cli
