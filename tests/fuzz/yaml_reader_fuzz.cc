// YAML reader and document parser: any bytes give documents or errors, places lie inside the
// text, and reading is deterministic.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "sigma/loader.h"
#include "sigma/reporter.h"
#include "sigma/rule_test.h"
#include "sigma/yaml_reader.h"
#include "sigma/yaml_scalar.h"

namespace {

using namespace tocsin;
using namespace tocsin::sigma;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_span(const Span& at, std::string_view text) {
  if (at.line == 0) return;
  const std::string_view line = line_of(text, at.line);
  require(at.column >= 1);
  // One past the line's end (and its line break) is where something is missing.
  require(at.column <= line.size() + 2);
}

void check_node(const YamlNode& node, std::string_view text) {
  check_span(node.at(), text);
  for (const YamlNode& item : node.items) check_node(item, text);
  for (const YamlEntry& entry : node.entries) {
    check_span(entry.key.at, text);
    require(entry.key.at.line != 0);
    check_node(entry.value, text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string file = "fuzz.yml";
  Diagnostics diagnostics;
  Reporter report(text, file, diagnostics);
  bool all_valid = true;
  for (const YamlDocument& document : read_yaml(report)) {
    check_node(document.root, report.text());
    all_valid = all_valid && document.valid;
    const std::string json = to_json(document.root);
    require(text::find_invalid_utf8(json) == std::string_view::npos);
  }
  require(all_valid == !diagnostics.has_errors());

  RuleSet rules, again;
  Diagnostics first, second;
  LoadStats stats;
  load_text(text, file, rules, first, &stats);
  load_text(text, file, again, second);
  require(stats.rejected <= stats.documents);
  require((stats.rejected == 0) == !first.has_errors());
  require(first.all().size() == second.all().size());
  require(rules.rules.size() == again.rules.size());
  for (const Diagnostic& diagnostic : first.all()) {
    check_span(diagnostic.at, report.text());
    require(!render_text(diagnostic, true).empty());
  }
  render_json(first);
  render_sarif(first, "0");
  parse_rule_tests(text, file, first);
  return 0;
}
