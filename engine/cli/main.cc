// tocsin: the command line. One short file per subcommand.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/version.h"

namespace {

constexpr char kDescription[] =
    "Tocsin matches cloud audit events against Sigma rules and tells people.";

constexpr char kFooter[] = R"(EXAMPLES
  tocsin run --config tocsin.yml                       the service; examples/tocsin.yml explains it
  tocsin notify test slack --config tocsin.yml         a sample alert to the receiver `slack`
  tocsin outbox list --dead                            what could not be delivered, and why
  tocsin store backup backup.db                        one file; beside the running service
  tocsin scan --rules rules trail/ 2024-*.json.gz      alerts from CloudTrail files and folders
  zcat x.gz | tocsin scan --rules rules -              the same from standard input
  tocsin scan --rules rules mine.yml -- trail/         several rule paths end with --
  tocsin scan --rules rules --fail-on high trail/      exit code 1 when a high alert is found
  tocsin check rules                                   lint rules, lists and tests
  tocsin test rules                                    run the tests beside the rules
  tocsin explain --rules rules "Rule Title" event.json why a rule fires, or why it does not
  tocsin fields --rules rules trail/                   fields that rules read and events lack
  tocsin digest verify s3://trail --since 7d           are log files those that CloudTrail delivered?

INPUT
  Events are recognised by their shape: JSON lines, JSON arrays, pretty-printed JSON, CloudTrail log
  files, EventBridge, CloudWatch Logs, SNS and Firehose envelopes, each plain or gzip.
  A broken record is reported with its place and never hides another one.

EXIT STATUS
  0  nothing to complain about        1  there are findings (alerts at --fail-on, failed tests,
  2  could not do the work               lint warnings, a rule that does not fire in `explain`)
  130  interrupted                       `check` exits with 2 when there are errors

ENVIRONMENT
  NO_COLOR  when set, output has no colours)";

int run(int argc, char** argv) {
  CLI::App app(kDescription, "tocsin");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("-V,--version", std::string("tocsin ") + tocsin::cli::kVersion);
  app.get_formatter()->column_width(34);

  int exit_code = tocsin::cli::kOk;
  tocsin::cli::add_run(app, exit_code);
  tocsin::cli::add_scan(app, exit_code);
  tocsin::cli::add_check(app, exit_code);
  tocsin::cli::add_test(app, exit_code);
  tocsin::cli::add_explain(app, exit_code);
  tocsin::cli::add_fields(app, exit_code);
  tocsin::cli::add_outbox(app, exit_code);
  tocsin::cli::add_aside(app, exit_code);
  tocsin::cli::add_store(app, exit_code);
  tocsin::cli::add_notify(app, exit_code);
  tocsin::cli::add_digest(app, exit_code);
  app.add_subcommand("version", "Print the version")->callback([] {
    fmt::print("tocsin {}\n", tocsin::cli::kVersion);
  });

  try {
    std::vector<std::string> arguments =
        tocsin::cli::with_lists_of_paths({argv + std::min(argc, 1), argv + argc});
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? tocsin::cli::kOk : tocsin::cli::kError;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int code = run(argc, argv);
    if (std::fflush(stdout) != 0) {
      fmt::print(stderr, "tocsin: cannot write to standard output\n");
      return tocsin::cli::kError;
    }
    return code;
  } catch (const std::exception& error) {
    fmt::print(stderr, "tocsin: internal error: {}\n", error.what());
    return tocsin::cli::kError;
  }
}
