// Rule tests and their timelines: any text is either a file of tests or a list of errors, twice the
// same; places lie inside the text, and timelines unroll to no more than they may.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/text.h"
#include "sigma/reporter.h"
#include "sigma/rule_test.h"

namespace {

using namespace tocsin;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_place(const Span& at, std::string_view text) {
  if (at.line == 0) return;
  require(at.column >= 1);
  require(at.column <= sigma::line_of(text, at.line).size() + 2);
}

void check_tests(const sigma::RuleTestFile& file, std::string_view text) {
  std::size_t events = 0;
  for (const sigma::RuleTestCase& test : file.tests) {
    check_place(test.at, text);
    require(test.is_timeline() || test.alerts.empty());
    for (const sigma::TimelineStep& step : test.timeline) {
      check_place(step.at, text);
      if (step.kind != sigma::TimelineStep::Kind::event) continue;
      events += std::size_t{1} + step.again;
      require(step.event_json.starts_with('{') && step.event_json.ends_with('}'));
    }
    for (const sigma::ExpectedAlert& alert : test.alerts) check_place(alert.at, text);
  }
  require(events <= limits::kTimelineEvents);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string name = "fuzz.test.yml";
  Diagnostics first, second;
  const auto file = sigma::parse_rule_tests(text, name, first);
  const auto again = sigma::parse_rule_tests(text, name, second);
  require(file.has_value() == !first.has_errors());
  require(again.has_value() == file.has_value());
  require(render_json(first) == render_json(second));

  Diagnostics unused;
  const sigma::Reporter report(text, name, unused);  // knows what is not part of the text
  for (const Diagnostic& diagnostic : first.all()) {
    check_place(diagnostic.at, report.text());
    require(text::find_invalid_utf8(render_text(diagnostic, true)) == std::string_view::npos);
  }
  if (file) check_tests(*file, report.text());
  return 0;
}
