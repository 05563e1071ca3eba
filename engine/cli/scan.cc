// tocsin scan: files → alerts.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

#include "base/text.h"
#include "cli/command.h"
#include "cli/scan_output.h"
#include "cli/terminal.h"
#include "event/record_reader.h"

namespace tocsin::cli {
namespace {

struct ScanArguments {
  RuleOptions rules;
  std::vector<std::string> inputs;
  std::string output;
  std::string fail_on;
  std::string logsource = "auto";
  unsigned threads = 1;
  bool strict = false;
};

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // stored from a signal handler

extern "C" void on_interrupt(int) {
  interrupted.store(true, std::memory_order_relaxed);
  std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends at once
}

OutputFormat format_of(const std::string& name) {
  if (name == "jsonl") return OutputFormat::jsonl;
  if (name == "none") return OutputFormat::none;
  if (name == "table") return OutputFormat::table;
  return is_terminal(stdout) ? OutputFormat::table : OutputFormat::jsonl;
}

// "auto", "any", or "product=aws,service=cloudtrail". False on a spelling that is none of them.
bool parse_logsource(const std::string& text, pipeline::ScanOptions& options) {
  if (text == "auto") return true;
  if (text == "any") {
    options.policy = pipeline::LogsourcePolicy::ignore;
    return true;
  }
  options.policy = pipeline::LogsourcePolicy::declared;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = part.substr(0, equals);
    std::string value(part.substr(equals + 1));
    if (key == "product") {
      options.declared.product = std::move(value);
    } else if (key == "service") {
      options.declared.service = std::move(value);
    } else if (key == "category") {
      options.declared.category = std::move(value);
    } else {
      return false;
    }
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return true;
}

void report_loading(const Ruleset& ruleset) {
  print_diagnostics(ruleset.diagnostics, Severity::error, 10);
  for (const sigma::Correlation& correlation : ruleset.rules->correlations) {
    fmt::print(stderr,
               "tocsin: {}:{}: the correlation `{}` is valid but not executed by this version; "
               "the rules it refers to {}\n",
               text::printable(correlation.meta.file), correlation.meta.at.line,
               text::printable(correlation.meta.title),
               correlation.generate ? "raise their own alerts"
                                    : "raise no alerts (set `generate: true` to change that)");
  }
}

// The highest level that matched, -1 when nothing did.
int highest_rank(const program::Program& program, const pipeline::ScanStats& stats) {
  int highest = -1;
  for (std::size_t i = 0; i < stats.rule_matches.size(); ++i) {
    if (stats.rule_matches[i] == 0) continue;
    highest = std::max(highest, alert::severity_rank(program.rules()[i].source.meta.level));
  }
  return highest;
}

int scan(const ScanArguments& arguments) {
  pipeline::ScanOptions options;
  options.threads = std::max(1u, arguments.threads);
  if (!parse_logsource(arguments.logsource, options)) {
    fmt::print(stderr,
               "tocsin: --logsource is `auto`, `any` or like `product=aws,service=cloudtrail`, "
               "not `{}`\n",
               text::printable(arguments.logsource));
    return kError;
  }
  const Ruleset ruleset = load_ruleset(arguments.rules);
  report_loading(ruleset);
  if (ruleset.program.rules().empty()) {
    fmt::print(stderr, "tocsin: no rule could be loaded from --rules\n");
    return kError;
  }
  if (arguments.strict && ruleset.diagnostics.has_errors()) return kError;

  const event::Inputs inputs = event::expand_inputs(arguments.inputs);
  for (const Error& error : inputs.errors) {
    fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  }
  if (inputs.files.empty()) return kError;

  const OutputFormat format = format_of(arguments.output);
  options.make_alerts = format != OutputFormat::none;
  std::signal(SIGINT, on_interrupt);
  event::RecordReader reader(inputs.files);
  ScanOutput output(format, ruleset.program, inputs.total_bytes);
  const pipeline::ScanStats stats =
      pipeline::scan(ruleset.program, reader, options, output, interrupted);
  output.finish(stats, interrupted);

  if (output.write_failed()) {
    fmt::print(stderr, "tocsin: cannot write alerts to standard output\n");
    return kError;
  }
  if (interrupted) return kInterrupted;
  if (!inputs.errors.empty()) return kError;
  if (arguments.strict && stats.rejected > 0) return kError;
  const bool failed = !arguments.fail_on.empty() && highest_rank(ruleset.program, stats) >=
                                                        alert::severity_rank(arguments.fail_on);
  return failed ? kFinding : kOk;
}

}  // namespace

void add_scan(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ScanArguments>();
  CLI::App* command = app.add_subcommand("scan", "Match files of events and print the alerts");
  command->footer(
      "Alerts go to standard output, everything else to standard error. The order of alerts is\n"
      "that of the records, whatever the number of threads.");
  arguments->rules.add_to(*command, true);
  command
      ->add_option("-o,--output", arguments->output,
                   "table (cards, the default on a terminal), jsonl (one alert a line, the "
                   "default otherwise) or none (count only)")
      ->check(CLI::IsMember({"table", "jsonl", "none"}))
      ->type_name("FORMAT");
  command->add_option("-j,--threads", arguments->threads, "Worker threads (default 1)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command
      ->add_option("--fail-on", arguments->fail_on,
                   "Exit with 1 when an alert has this level or a higher one")
      ->check(CLI::IsMember({"informational", "low", "medium", "high", "critical"}))
      ->type_name("LEVEL");
  command
      ->add_option("--logsource", arguments->logsource,
                   "Which rules an event is given to: auto (CloudTrail records: rules for "
                   "aws/cloudtrail; other records: all), any (all rules), or what the input is, "
                   "as in product=windows,service=sysmon")
      ->type_name("SOURCE");
  command->add_flag("--strict", arguments->strict,
                    "Exit with 2 when a rule or a record cannot be used");
  command
      ->add_option("INPUT", arguments->inputs,
                   "Files, folders (recursive), globs, or - for standard input")
      ->required()
      ->type_name("");
  command->callback([arguments, &exit_code] { exit_code = scan(*arguments); });
}

}  // namespace tocsin::cli
