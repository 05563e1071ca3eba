#include "sigma/rule_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sigma/attributes.h"
#include "sigma/yaml_reader.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

void merge_event(YamlNode& target, const YamlNode& source) {
  if (!target.is_map() || !source.is_map()) {
    target = source;
    return;
  }
  for (const YamlEntry& entry : source.entries) {
    const auto found =
        std::find_if(target.entries.begin(), target.entries.end(),
                     [&](const YamlEntry& known) { return known.key.text == entry.key.text; });
    if (found == target.entries.end()) {
      target.entries.push_back(entry);
    } else {
      merge_event(found->value, entry.value);
    }
  }
}

// Removes what the dotted path names; a key that itself contains dots is found too.
bool remove_path(YamlNode& node, std::string_view path) {
  for (auto entry = node.entries.begin(); entry != node.entries.end(); ++entry) {
    const std::string_view key = entry->key.text;
    if (key == path) {
      node.entries.erase(entry);
      return true;
    }
    const bool prefix = path.starts_with(key) && path.substr(key.size()).starts_with('.');
    if (prefix && remove_path(entry->value, path.substr(key.size() + 1))) return true;
  }
  return false;
}

class TestParser {
 public:
  explicit TestParser(Reporter& report) : report_(report) {}

  void parse(const YamlNode& root, RuleTestFile& out) {
    check_keys(root, {"rule", "base", "lists", "tests"});
    if (const YamlEntry* rule = root.find("rule")) out.rule = read_text(*rule, report_);
    if (const YamlEntry* lists = root.find("lists")) parse_lists(*lists, out.lists);
    base_ = root.find("base");
    if (base_ != nullptr && !base_->value.is_map()) {
      report_.error("S103", base_->key.at, "`base` must be a map, the start of every event");
    }
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
  void check_keys(const YamlNode& map, const std::vector<std::string_view>& known) {
    for (const YamlEntry& entry : map.entries) {
      if (std::find(known.begin(), known.end(), entry.key.text) != known.end()) continue;
      report_.error("S502", entry.key.at,
                    fmt::format("`{}` is not a key of test files", text::printable(entry.key.text)),
                    std::string(text::nearest(entry.key.text, known)));
    }
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
    check_keys(node, {"name", "fires", "event", "event_file", "without", "matched"});
    if (const YamlEntry* name = node.find("name")) {
      test.name = read_text(*name, report_);
      test.at = name->value.at();
    }
    if (const YamlEntry* fires = node.find("fires")) test.fires = read_boolean(*fires);
    if (const YamlEntry* matched = node.find("matched"))
      test.matched = read_texts(*matched, report_);
    parse_event(node, test);
    return test;
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
