#include "sigma/rule_timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "sigma/attributes.h"
#include "sigma/moments.h"
#include "sigma/test_event.h"
#include "sigma/test_values.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

// All events of a file's timelines together: a long event many times over must not fill the memory.
constexpr std::size_t kTimelineBytes = std::size_t{64} << 20;

// In the shape of an eventID, the same in every run.
std::string event_id(std::size_t test, std::size_t step, std::uint64_t n) {
  std::string digits(KeyHash::kDigits, '0');
  KeyHash()
      .add_field(std::to_string(test))
      .add_field(std::to_string(step))
      .add_field(std::to_string(n))
      .write(digits.data());
  digits[12] = '8';  // a UUID of a form of its own (RFC 9562)
  digits[16] = 'a';
  for (const std::size_t hyphen : {8u, 13u, 18u, 23u}) digits.insert(hyphen, 1, '-');
  return digits;
}

std::string with_number(std::string_view pattern, std::uint64_t n) {
  constexpr std::string_view kNumber = "{n}";
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t found = std::min(pattern.find(kNumber, at), pattern.size());
    out += pattern.substr(at, found - at);
    if (found < pattern.size()) out += std::to_string(n);
    at = found + kNumber.size();
  }
  return out;
}

// One entry of `timeline`, and the events that it stands for.
class StepParser {
 public:
  StepParser(const YamlNode& node, TimelineFile& file, Reporter& report)
      : node_(node), file_(file), report_(report) {
    step_.at = node.at();
    step_.source = "test";
  }

  void parse(std::size_t test, std::size_t number, std::vector<TimelineStep>& out) {
    const std::size_t errors = report_.errors();
    if (!node_.is_map()) {
      report_.error("S508", node_.at(), "a step is a map with `at` and `event`, or with `until`");
      return;
    }
    if (const YamlEntry* until = find("until")) {
      parse_until(*until);
      if (report_.errors() == errors) out.push_back(std::move(step_));
      return;
    }
    check_test_keys(
        node_,
        {"at", "event", "without", "times", "every", "vary", "arrives", "again", "source", "until"},
        "a timeline's steps", report_);
    parse_when();
    parse_event();
    parse_vary();
    if (report_.errors() == errors) unroll(test, number, out);
  }

 private:
  const YamlEntry* find(std::string_view key) const { return node_.find(key); }

  void parse_until(const YamlEntry& until) {
    for (const YamlEntry& entry : node_.entries) {
      if (&entry == &until) continue;
      report_.error("S508", entry.key.at,
                    "`until` stands alone: up to then nothing arrives but what other steps say");
    }
    step_.kind = TimelineStep::Kind::until;
    step_.arrives_ns = step_.at_ns = read_moment(until, file_.start_ns, report_);
  }

  void parse_when() {
    const YamlEntry* at = find("at");
    if (at == nullptr) {
      report_.error("S508", node_.at(), "a step needs `at`, its event's time, or `until`");
    } else {
      step_.at_ns = read_moment(*at, file_.start_ns, report_);
    }
    if (const YamlEntry* times = find("times")) {
      times_ = read_count(*times, 1, limits::kTimelineEvents, report_);
    }
    if (const YamlEntry* every = find("every")) {
      every_ = read_duration(*every, report_).value_or(0);
      if (times_ < 2) {
        report_.error("S508", every->key.at, "`every` needs `times`: how many events there are");
      }
    }
    if (const YamlEntry* again = find("again")) {
      step_.again =
          static_cast<std::uint32_t>(read_count(*again, 1, limits::kTimelineEvents, report_));
    }
    if (const YamlEntry* source = find("source")) {
      step_.source = read_text(*source, report_);
      if (step_.source.empty()) report_.error("S106", source->key.at, "`source` is empty");
    }
    const auto steps = static_cast<std::int64_t>(times_ - 1);
    if (steps > 0 && every_ > (kLatestMoment - step_.at_ns) / steps) {
      report_.error("S507", find("every")->value.at(), "the last of these is after the year 2200");
      every_ = 0;
    }
    parse_arrival(step_.at_ns + steps * every_);
  }

  void parse_arrival(std::int64_t last) {
    const YamlEntry* arrives = find("arrives");
    if (arrives == nullptr) return;
    arrives_ = read_moment(*arrives, file_.start_ns, report_);
    if (*arrives_ < last) {
      report_.error("S508", arrives->value.at(), "it arrives before it happens");
    }
  }

  // base ⊕ event ⊖ without; eventTime and eventID are this step's, unless the event says otherwise.
  void parse_event() {
    const YamlEntry* event = find("event");
    if (event == nullptr && file_.base == nullptr) {
      report_.error("S508", node_.at(), "a step needs an `event`, or the file a `base`");
      return;
    }
    if (event != nullptr && !event->value.is_map()) {
      report_.error("S103", event->key.at, "`event` must be a map");
      return;
    }
    event_.kind = YamlNode::Kind::map;
    if (file_.base != nullptr) event_ = file_.base->value;
    if (event != nullptr) merge_event(event_, event->value);
    const auto is_own = [&](std::string_view key) {
      if (event != nullptr && event->value.find(key) != nullptr) return true;
      set_path(event_, key, "");
      return false;
    };
    own_time_ = is_own("eventTime");
    own_id_ = is_own("eventID");
    if (own_id_ && times_ > 1) {
      report_.error("S508", event->value.find("eventID")->key.at,
                    "with `times` every event has an eventID of its own; `again` repeats one");
    }
    if (const YamlEntry* without = find("without")) remove(*without);
  }

  void remove(const YamlEntry& without) {
    for (const std::string& path : read_texts(without, report_)) {
      if (!remove_path(event_, path)) {
        report_.error("S504", without.value.at(),
                      fmt::format("the event has no `{}`", text::printable(path)));
      }
      own_time_ = own_time_ || path == "eventTime";
      own_id_ = own_id_ || path == "eventID";
    }
  }

  void parse_vary() {
    const YamlEntry* vary = find("vary");
    if (vary == nullptr) return;
    if (!vary->value.is_map()) {
      report_.error("S103", vary->key.at, "`vary` must be a map from fields to texts with {n}");
      return;
    }
    for (const YamlEntry& entry : vary->value.entries) {
      if (text_of(entry).find("{n}") == std::string_view::npos) {
        report_.error("S508", entry.value.at(),
                      "this is the same for every event: write {n} where the number is to stand");
      } else if (!set_path(event_, entry.key.text, "")) {
        report_.error("S508", entry.key.at, "a part of this path is not a map in the event");
      }
      own_time_ = own_time_ || entry.key.text == "eventTime";
      own_id_ = own_id_ || entry.key.text == "eventID";
    }
    vary_ = &vary->value;
  }

  void unroll(std::size_t test, std::size_t number, std::vector<TimelineStep>& out) {
    file_.events += times_ * (std::size_t{1} + step_.again);
    if (file_.events > limits::kTimelineEvents) {
      report_.error(
          "S509", node_.at(),
          fmt::format("the timelines of a file have at most {} events", limits::kTimelineEvents));
      return;
    }
    const std::int64_t first = step_.at_ns;
    for (std::uint64_t n = 1; n <= times_; ++n) {
      step_.at_ns = first + static_cast<std::int64_t>(n - 1) * every_;
      step_.arrives_ns = arrives_.value_or(step_.at_ns);
      if (!own_time_) set_path(event_, "eventTime", format_moment(step_.at_ns));
      if (!own_id_) set_path(event_, "eventID", event_id(test, number, n));
      if (vary_ != nullptr) {
        for (const YamlEntry& entry : vary_->entries) {
          set_path(event_, entry.key.text, with_number(text_of(entry), n));
        }
      }
      step_.event_json = to_json(event_);
      file_.bytes += step_.event_json.size();
      if (file_.bytes > kTimelineBytes) {
        report_.error("S509", node_.at(),
                      fmt::format("the events of a file's timelines have at most {} bytes together",
                                  kTimelineBytes));
        return;
      }
      out.push_back(step_);
    }
  }

  const YamlNode& node_;
  TimelineFile& file_;
  Reporter& report_;
  TimelineStep step_;
  YamlNode event_;
  std::uint64_t times_ = 1;
  std::int64_t every_ = 0;
  std::optional<std::int64_t> arrives_;
  const YamlNode* vary_ = nullptr;
  bool own_time_ = false, own_id_ = false;
};

}  // namespace

std::vector<TimelineStep> parse_timeline(const YamlEntry& timeline, std::size_t test,
                                         TimelineFile& file, Reporter& report) {
  std::vector<TimelineStep> steps;
  if (!timeline.value.is_sequence() || timeline.value.items.empty()) {
    report.error("S508", timeline.key.at, "`timeline` must be a list of at least one step");
    return steps;
  }
  std::size_t number = 0;
  for (const YamlNode& node : timeline.value.items) {
    StepParser(node, file, report).parse(test, ++number, steps);
    if (file.events > limits::kTimelineEvents || file.bytes > kTimelineBytes) break;
  }
  // What arrives at a moment is there when the clock has come to it.
  const auto order = [](const TimelineStep& step) {
    return std::pair(step.arrives_ns, step.kind == TimelineStep::Kind::until);
  };
  std::stable_sort(steps.begin(), steps.end(), [&](const TimelineStep& a, const TimelineStep& b) {
    return order(a) < order(b);
  });
  return steps;
}

}  // namespace tocsin::sigma
