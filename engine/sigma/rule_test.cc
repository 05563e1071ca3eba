#include "sigma/rule_test.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sigma/attributes.h"
#include "sigma/rule_timeline.h"
#include "sigma/test_event.h"
#include "sigma/test_values.h"
#include "sigma/yaml_reader.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

constexpr std::int64_t kDefaultLateness = 900'000'000'000;  // 15m

class TestParser {
 public:
  explicit TestParser(Reporter& report) : report_(report) {}

  void parse(const YamlNode& root, RuleTestFile& out) {
    check_test_keys(root, {"rule", "base", "lists", "start", "lateness", "tests"}, "test files",
                    report_);
    if (const YamlEntry* rule = root.find("rule")) out.rule = read_text(*rule, report_);
    if (const YamlEntry* lists = root.find("lists")) parse_lists(*lists, out.lists);
    base_ = root.find("base");
    if (base_ != nullptr && !base_->value.is_map()) {
      report_.error("S103", base_->key.at, "`base` must be a map, the start of every event");
    }
    parse_clock(root, out);
    const YamlEntry* tests = root.find("tests");
    if (tests == nullptr || !tests->value.is_sequence() || tests->value.items.empty()) {
      report_.error("S501", tests == nullptr ? root.at() : tests->key.at,
                    "`tests` must be a list of at least one test");
      return;
    }
    for (const YamlNode& test : tests->value.items) {
      out.tests.push_back(parse_test(test, out.tests.size() + 1));
    }
  }

 private:
  // The clock of the file's timelines.
  void parse_clock(const YamlNode& root, RuleTestFile& out) {
    const YamlEntry* start = root.find("start");
    const YamlEntry* lateness = root.find("lateness");
    out.start_ns = start != nullptr ? read_start(*start, report_) : kDefaultStart;
    out.lateness_ns =
        lateness != nullptr ? read_duration(*lateness, report_).value_or(0) : kDefaultLateness;
    timelines_.start_ns = out.start_ns;
    if (base_ != nullptr && base_->value.is_map()) timelines_.base = base_;
  }

  void parse_lists(const YamlEntry& entry, Lists& lists) {
    if (!entry.value.is_map()) {
      report_.error("S103", entry.key.at, "`lists` must be a map from names to lists of values");
      return;
    }
    for (const YamlEntry& list : entry.value.entries)
      lists.set(list.key.text, read_texts(list, report_));
  }

  RuleTestCase parse_test(const YamlNode& node, std::size_t number) {
    RuleTestCase test;
    test.name = fmt::format("test {}", number);
    test.at = node.at();
    if (!node.is_map()) {
      report_.error("S501", node.at(), "a test is a map with `name`, `fires` and `event`");
      return test;
    }
    if (const YamlEntry* name = node.find("name")) {
      test.name = read_text(*name, report_);
      test.at = name->value.at();
    }
    const YamlEntry* timeline = node.find("timeline");
    const YamlEntry* alerts = node.find("alerts");
    if (timeline != nullptr || alerts != nullptr) {
      parse_timeline_test(node, timeline, alerts, number, test);
      return test;
    }
    check_test_keys(
        node, {"name", "fires", "event", "event_file", "without", "matched", "timeline", "alerts"},
        "test files", report_);
    if (const YamlEntry* fires = node.find("fires")) test.fires = read_boolean(*fires);
    if (const YamlEntry* matched = node.find("matched"))
      test.matched = read_texts(*matched, report_);
    parse_event(node, test);
    return test;
  }

  void parse_timeline_test(const YamlNode& node, const YamlEntry* timeline, const YamlEntry* alerts,
                           std::size_t number, RuleTestCase& test) {
    if (timeline == nullptr || alerts == nullptr) {
      report_.error("S508", timeline == nullptr ? alerts->key.at : timeline->key.at,
                    "a test has both `timeline`, what arrives, and `alerts`, all that is raised");
      return;
    }
    for (const std::string_view key : {"fires", "event", "event_file", "without", "matched"}) {
      const YamlEntry* other = node.find(key);
      if (other == nullptr) continue;
      report_.error("S508", other->key.at,
                    fmt::format("a test with a `timeline` has no `{}` of its own: events stand in "
                                "the timeline, what they raise in `alerts`",
                                key));
    }
    check_test_keys(
        node, {"name", "timeline", "alerts", "fires", "event", "event_file", "without", "matched"},
        "test files", report_);
    test.timeline = parse_timeline(*timeline, number, timelines_, report_);
    test.alerts = parse_expected_alerts(*alerts, timelines_.start_ns, report_);
  }

  bool read_boolean(const YamlEntry& entry) {
    const YamlScalar& scalar = entry.value.scalar;
    if (!entry.value.is_scalar() || type_of(scalar) != ScalarType::boolean) {
      report_.error("S103", entry.key.at,
                    fmt::format("`{}` must be true or false", entry.key.text));
      return true;
    }
    return canonical_text(scalar, ScalarType::boolean) == "true";
  }

  void parse_event(const YamlNode& node, RuleTestCase& test) {
    const YamlEntry* event = node.find("event");
    const YamlEntry* file = node.find("event_file");
    const YamlEntry* without = node.find("without");
    // With a base, a test may consist of what it leaves out.
    const bool from_base = base_ != nullptr && event == nullptr && file == nullptr;
    if (!from_base && (event == nullptr) == (file == nullptr)) {
      report_.error("S503", file != nullptr ? file->key.at : test.at,
                    "a test has exactly one of `event` and `event_file`");
      return;
    }
    if (file != nullptr) {
      test.event_file = read_text(*file, report_);
      if (without != nullptr) {
        report_.error("S503", without->key.at, "`without` changes `event`, not an `event_file`");
      }
      return;
    }
    if (event != nullptr && !event->value.is_map()) {
      report_.error("S103", event->key.at, "`event` must be a map");
      return;
    }
    YamlNode merged;
    merged.kind = YamlNode::Kind::map;
    if (base_ != nullptr) merged = base_->value;
    if (event != nullptr) merge_event(merged, event->value);
    if (without != nullptr) remove_paths(*without, merged);
    test.event_json = to_json(merged);
  }

  void remove_paths(const YamlEntry& without, YamlNode& event) {
    for (const std::string& path : read_texts(without, report_)) {
      if (remove_path(event, path)) continue;
      report_.error("S504", without.value.at(),
                    fmt::format("the event has no `{}`", text::printable(path)));
    }
  }

  Reporter& report_;
  const YamlEntry* base_ = nullptr;
  TimelineFile timelines_;
};

}  // namespace

std::optional<RuleTestFile> parse_rule_tests(std::string_view text, const std::string& file,
                                             Diagnostics& diagnostics) {
  Reporter report(text, file, diagnostics);
  const std::vector<YamlDocument> documents = read_yaml(report);
  RuleTestFile tests;
  tests.file = file;
  if (report.errors() == 0 && (documents.size() != 1 || !documents[0].root.is_map())) {
    report.error("S501", {1, 1, 1}, "a test file is one map with `tests`");
  }
  if (report.errors() == 0) TestParser(report).parse(documents[0].root, tests);
  if (report.errors() != 0) return std::nullopt;
  return tests;
}

}  // namespace tocsin::sigma
