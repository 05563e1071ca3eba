// tocsin test: runs the tests that lie beside rules.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/rule_tests.h"
#include "cli/terminal.h"

namespace tocsin::cli {
namespace {

struct TestArguments {
  std::vector<std::string> paths;
  std::vector<std::string> lists;
  std::string junit;
  bool quiet = false;
};

struct Totals {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

// It may have several lines.
void print_failure(std::string_view failure) {
  for (std::size_t end = 0; !failure.empty(); failure.remove_prefix(end)) {
    end = std::min(failure.find('\n'), failure.size());
    fmt::print("        {}\n", text::printable(failure.substr(0, end)));
    if (end < failure.size()) ++end;
  }
}

void print_file(const FileResult& result, bool quiet, Totals& totals) {
  const bool color = use_color(stdout);
  const std::string_view green = color ? "\x1b[32m" : "";
  const std::string_view red = color ? "\x1b[31m" : "";
  bool header = false;
  const auto show_header = [&] {
    if (!header) fmt::print("{}\n", text::printable(result.file));
    header = true;
  };
  for (const CaseResult& one : result.cases) {
    ++(one.passed ? totals.passed : totals.failed);
    if (one.passed && quiet) continue;
    show_header();
    fmt::print("  {}{}{}  {}\n", one.passed ? green : red, one.passed ? "PASS" : "FAIL",
               reset_style(color), text::printable(one.name));
    if (!one.passed) print_failure(one.failure);
  }
  if (result.diagnostics.has_errors()) {
    ++totals.failed;
    std::fflush(stdout);
    print_diagnostics(result.diagnostics, Severity::error, 10);
  }
}

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text::printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// JUnit XML as CI systems read it: a suite per test file.
bool write_junit(const std::string& path, const std::vector<FileResult>& results,
                 const Totals& totals) {
  std::ofstream out(path, std::ios::binary);
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      << fmt::format("<testsuites name=\"tocsin\" tests=\"{}\" failures=\"{}\">\n",
                     totals.passed + totals.failed, totals.failed);
  for (const FileResult& result : results) {
    std::size_t failures = 0;
    double seconds = 0;
    for (const CaseResult& one : result.cases) {
      failures += one.passed ? 0u : 1u;
      seconds += one.seconds;
    }
    const bool broken = result.diagnostics.has_errors();
    out << fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.6f}\">\n",
        xml(result.file), result.cases.size() + (broken ? 1 : 0), failures, broken ? 1 : 0,
        seconds);
    for (const CaseResult& one : result.cases) {
      out << fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"",
                         xml(result.file), xml(one.name), one.seconds);
      if (one.passed) {
        out << "/>\n";
      } else {
        out << fmt::format("><failure message=\"{}\"/></testcase>\n", xml(one.failure));
      }
    }
    if (broken) {
      out << fmt::format(
          "    <testcase classname=\"{}\" name=\"load\"><error message=\"{}\"/>"
          "</testcase>\n",
          xml(result.file), xml(result.diagnostics.all().front().message));
    }
    out << "  </testsuite>\n";
  }
  out << "</testsuites>\n";
  out.close();
  return out.good();
}

int run(const TestArguments& arguments) {
  Diagnostics diagnostics;
  const std::vector<std::string> files = find_test_files(arguments.paths, diagnostics);
  print_diagnostics(diagnostics, Severity::error, 20);
  if (files.empty()) {
    fmt::print(stderr, "tocsin: there are no *.test.yml files there\n");
    return kError;
  }
  Totals totals;
  std::vector<FileResult> results;
  bool unusable = diagnostics.has_errors();
  for (const std::string& file : files) {
    results.push_back(run_test_file(file, arguments.lists));
    print_file(results.back(), arguments.quiet, totals);
    unusable = unusable || results.back().diagnostics.has_errors();
  }
  fmt::print("{}{} passed, {} failed\n", arguments.quiet && totals.failed == 0 ? "" : "\n",
             totals.passed, totals.failed);
  if (!arguments.junit.empty() && !write_junit(arguments.junit, results, totals)) {
    fmt::print(stderr, "tocsin: cannot write {}\n", text::printable(arguments.junit));
    return kError;
  }
  if (unusable) return kError;
  return totals.failed > 0 ? kFinding : kOk;
}

}  // namespace

void add_test(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<TestArguments>();
  CLI::App* command = app.add_subcommand("test", "Run the tests that lie beside rules");
  command->footer(
      "The tests of RULE.yml are in RULE.test.yml:\n\n"
      "  base:                            # optional: what every event starts from\n"
      "      eventSource: batch.amazonaws.com\n"
      "  tests:\n"
      "      - name: a session without MFA\n"
      "        fires: true\n"
      "        event: {eventName: CreateComputeEnvironment}   # merged over base\n"
      "        without: [userIdentity.invokedBy]              # optional: removed again\n"
      "        matched: [eventName]                           # optional: must be matched fields\n"
      "      - name: from a file\n"
      "        fires: false\n"
      "        event_file: other.json\n"
      "  lists: {trusted_networks: [198.51.100.0/24]}         # optional\n\n"
      "A correlation is tested over time:\n\n"
      "  lateness: 15m                    # optional: how late events may come\n"
      "  tests:\n"
      "      - name: three denials in a minute, one of them late\n"
      "        timeline:\n"
      "            - {at: +0s, times: 2, every: 10s, event: {errorCode: AccessDenied}}\n"
      "            - {at: +20s, arrives: +4m, again: 1, event: {errorCode: AccessDenied}}\n"
      "            - until: +1h         # silence: the clock goes on\n"
      "        alerts:                  # all that is raised\n"
      "            - {at: +20s, raised: +4m, hits: 3, firings: 1}\n\n"
      "Exits with 0 when all pass, 1 when some fail, 2 when a file cannot be used.");
  command->add_option("-l,--lists", arguments->lists, "List files or folders, as in scan")
      ->type_name("PATH")
      ->expected(1, -1)
      ->allow_extra_args(false);
  command->add_option("--junit", arguments->junit, "Also write JUnit XML to this file")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", arguments->quiet, "Show failures only");
  command->add_option("PATH", arguments->paths, "Rule folders, rule files or test files")
      ->required()
      ->type_name("");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tocsin::cli
