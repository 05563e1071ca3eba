#include "base/diagnostic.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin {
namespace {

Diagnostic sample() {
  return {Severity::error,           "S201",     "rules/a b.yml", {7, 3, 4},
          "unknown modifier `cont`", "contains", "  cont: x"};
}

TEST_CASE("a diagnostic as text") {
  CHECK(render_text(sample(), false) ==
        "rules/a b.yml:7:3: error S201: unknown modifier `cont`\n"
        "    cont: x\n"
        "    ^~~~\n"
        "  did you mean `contains`?\n");
  CHECK(render_text(sample(), true).find("\x1b[1;31merror S201\x1b[0m: ") != std::string::npos);

  Diagnostic whole_file = sample();
  whole_file.severity = Severity::warning;
  whole_file.at = {};
  whole_file.snippet = whole_file.suggestion = "";
  CHECK(render_text(whole_file, false) == "rules/a b.yml: warning S201: unknown modifier `cont`\n");
}

TEST_CASE("text from files cannot reach the terminal") {
  Diagnostic d = sample();
  d.file = "a\x1b[2J.yml";
  d.message = "m\x07\n";
  d.snippet = "\x1b[31m  cont: \xE2\x80\xAE x";
  d.at = {1, 8, 4};
  d.suggestion = "\x1b";
  const std::string out = render_text(d, false);
  for (const char c : out) CHECK((c == '\n' || (c >= 0x20 && c != 0x7F) || (c & 0x80) != 0));
  CHECK(out.find("\xE2\x80\xAE") == std::string::npos);
  // The caret stands below the character although what precedes it is shown escaped.
  CHECK(out.find("  \\x1b[31m  cont") != std::string::npos);
  CHECK(out.find("\n            ^~~~\n") != std::string::npos);
}

TEST_CASE("the caret counts characters, not bytes") {
  Diagnostic d = sample();
  d.snippet = "\xC3\xA9\xC3\xA9: \xC3\xA9x!";
  d.at = {1, 7, 3};
  d.suggestion = "";
  CHECK(render_text(d, false).find("\n      ^~\n") != std::string::npos);
}

TEST_CASE("long lines are shown in part") {
  Diagnostic d = sample();
  d.suggestion = "";
  for (const std::size_t column : {1u, 50u, 400u, 999u}) {
    INFO(column);
    d.snippet = std::string(1000, 'x');
    d.snippet[column - 1] = '!';
    d.at = {1, static_cast<std::uint32_t>(column), 1};
    const std::string out = render_text(d, false);
    CHECK(out.size() < 400);
    const std::size_t line = out.find("\n  ") + 1;
    const std::size_t caret_line = out.find('\n', line) + 1;
    const std::size_t bang = out.find('!', line) - line;
    const std::size_t caret = out.find('^', caret_line) - caret_line;
    // An ellipsis has three bytes and one column.
    const std::size_t ellipsis = out.compare(line + 2, 3, "…") == 0 ? 2 : 0;
    CHECK(bang == caret + ellipsis);
  }
}

TEST_CASE("places outside the line are harmless") {
  Diagnostic d = sample();
  d.snippet = "short";
  for (const Span at : {Span{1, 100, 5}, Span{1, 6, 0}, Span{1, 1, 4000}, Span{1, 0, 0}}) {
    d.at = at;
    CHECK(render_text(d, false).find('^') != std::string::npos);
  }
}

TEST_CASE("diagnostics as JSON") {
  Diagnostics all;
  CHECK(render_json(all) == "[]");
  all.add(sample());
  CHECK(render_json(all) ==
        R"([{"file":"rules/a b.yml","line":7,"column":3,"length":4,"severity":"error",)"
        R"("code":"S201","message":"unknown modifier `cont`","suggestion":"contains"}])");
}

TEST_CASE("diagnostics as SARIF") {
  Diagnostics all;
  all.add(sample());
  Diagnostic second = sample();
  second.severity = Severity::warning;
  second.suggestion = "";
  second.snippet = "\xC3\xA9\xC3\xA9\xC3\xA9";
  second.at = {2, 3, 4};
  all.add(second);
  CHECK(render_sarif(all, "1.2.3") ==
        R"({"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/)"
        R"(sarif-schema-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{)"
        R"("name":"tocsin","version":"1.2.3","rules":[{"id":"S201"}]}},)"
        R"("columnKind":"unicodeCodePoints","results":[)"
        R"({"ruleId":"S201","level":"error","message":{"text":"unknown modifier `cont`"},)"
        R"("locations":[{"physicalLocation":{"artifactLocation":{"uri":"rules/a%20b.yml"},)"
        R"("region":{"startLine":7,"startColumn":3,"endColumn":7}}}],)"
        R"("fixes":[{"description":{"text":"replace with `contains`"},"artifactChanges":[)"
        R"({"artifactLocation":{"uri":"rules/a%20b.yml"},"replacements":[{"deletedRegion":)"
        R"({"startLine":7,"startColumn":3,"endColumn":7},"insertedContent":)"
        R"({"text":"contains"}}]}]}]},)"
        R"({"ruleId":"S201","level":"warning","message":{"text":"unknown modifier `cont`"},)"
        R"("locations":[{"physicalLocation":{"artifactLocation":{"uri":"rules/a%20b.yml"},)"
        R"("region":{"startLine":2,"startColumn":2,"endColumn":4}}}]}]}]})");
}

TEST_CASE("diagnostics are counted by severity and joined in order") {
  Diagnostics a, b;
  a.add(sample());
  b.add(sample());
  Diagnostic note = sample();
  note.severity = Severity::note;
  b.add(note);
  CHECK_FALSE(Diagnostics().has_errors());
  a.append(std::move(b));
  CHECK(a.all().size() == 3);
  CHECK(a.count(Severity::error) == 2);
  CHECK(a.count(Severity::note) == 1);
  CHECK(a.count(Severity::warning) == 0);
  CHECK(a.has_errors());
}

}  // namespace
}  // namespace tocsin
