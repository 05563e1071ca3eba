// tocsin scan: files → alerts.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "base/text.h"
#include "cli/command.h"
#include "cli/scan_inputs.h"
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
  std::string stats;
  std::string logsource = "auto";
  CloudOptions cloud;
  unsigned threads = 1;
  bool strict = false;
};

std::atomic<bool> was_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // stored from a signal handler

extern "C" void on_interrupt(int) {
  was_interrupted.store(true, std::memory_order_relaxed);
  std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends at once
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// JSON lines are written by the pipeline, cards (ScanOutput) out of the alerts.
pipeline::AlertForm form_of(const std::string& output) {
  if (output == "jsonl") return pipeline::AlertForm::lines;
  if (output == "none") return pipeline::AlertForm::none;
  if (output == "table") return pipeline::AlertForm::objects;
  return is_terminal(stdout) ? pipeline::AlertForm::objects : pipeline::AlertForm::lines;
}

void report_loading(const Ruleset& ruleset) {
  print_diagnostics(ruleset.diagnostics, Severity::error, 10);
}

// The highest level that matched, -1 when nothing did.
int highest_rank(const Ruleset& ruleset, const pipeline::ScanStats& stats) {
  int highest = -1;
  for (std::size_t i = 0; i < stats.correlation_matches.size(); ++i) {
    if (stats.correlation_matches[i] == 0) continue;
    const auto& correlation = ruleset.correlations->all()[i];
    highest = std::max(highest, alert::severity_rank(correlation.facts->level));
  }
  for (std::size_t i = 0; i < stats.rule_matches.size(); ++i) {
    if (stats.rule_matches[i] == 0) continue;
    highest = std::max(highest, alert::severity_rank(ruleset.program.rules()[i].source.meta.level));
  }
  return highest;
}

int cannot_write_stats(const std::string& path) {
  fmt::print(stderr, "tocsin: cannot write --stats to {}\n", text::printable(path));
  return kError;
}

void report_resuming(const ScanArguments& arguments, const Ruleset& ruleset,
                     const ScanInputs& inputs) {
  if (!inputs.is_resumable()) return;
  const std::string file = text::printable(arguments.cloud.resume);
  if (was_interrupted) {
    fmt::print(stderr, "tocsin: to go on, scan again with --resume {}\n", file);
  }
  if (inputs.skipped() == 0) return;
  fmt::print(stderr, "tocsin: {} objects were done already, as {} says\n",
             with_commas(inputs.skipped()), file);
  if (!ruleset.correlations->empty()) {
    fmt::print(
        stderr,
        "tocsin: detections over time have not seen these: scan without --resume for them\n");
  }
}

int scan(const ScanArguments& arguments) {
  pipeline::ScanOptions options;
  options.threads = std::max(1u, arguments.threads);
  const std::optional<pipeline::Source> source = pipeline::parse_source(arguments.logsource);
  if (!source) {
    fmt::print(stderr,
               "tocsin: --logsource is `auto`, `any` or like `product=aws,service=cloudtrail`, "
               "not `{}`\n",
               text::printable(arguments.logsource));
    return kError;
  }
  ScanCost cost;
  cost.threads = options.threads;
  const auto load_start = std::chrono::steady_clock::now();
  const Ruleset ruleset = load_ruleset(arguments.rules);
  const pipeline::Plan plan(ruleset.program, *source, pipeline::waits_for_time(ruleset));
  cost.load_seconds = seconds_since(load_start);
  report_loading(ruleset);
  if (ruleset.program.rules().empty() && ruleset.correlations->empty()) {
    fmt::print(stderr, "tocsin: no rule could be loaded from --rules\n");
    return kError;
  }
  if (arguments.strict && ruleset.diagnostics.has_errors()) return kError;

  for (const std::string& input : arguments.inputs) {
    if (!input.ends_with(".yml") && !input.ends_with(".yaml")) continue;
    fmt::print(
        stderr,
        "tocsin: {} is a rule file, but stands where events do: --rules takes one path; give "
        "it again for each, or end several with --, as in --rules A B -- INPUT\n",
        text::printable(input));
    return kError;
  }
  ScanInputs inputs(arguments.cloud, was_interrupted);
  if (const Status added = inputs.add(arguments.inputs); !added) {
    fmt::print(stderr, "tocsin: {}\n", text::printable(added.error().message));
    return kError;
  }
  for (const Error& error : inputs.errors()) {
    fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  }
  if (inputs.empty()) return kError;

  StatsFile stats_file;
  if (!arguments.stats.empty() && !stats_file.open(arguments.stats)) {
    return cannot_write_stats(arguments.stats);
  }

  options.alerts = form_of(arguments.output);
  std::signal(SIGINT, on_interrupt);
  event::RecordReader reader(inputs.queue(), event::RecordReader::Trust::unchecked);
  std::function<bool(const std::string&)> finished;
  if (inputs.is_resumable())
    finished = [&](const std::string& name) { return inputs.finished(name); };
  ScanOutput output(ruleset, inputs.totals(), finished);
  const auto scan_start = std::chrono::steady_clock::now();
  const std::clock_t scan_cpu_start = std::clock();
  pipeline::ScanCorrelation correlation(ruleset.correlations);
  const Result<pipeline::ScanStats> scanned =
      pipeline::scan(ruleset, plan, reader, options, correlation, output, was_interrupted);
  cost.scan_seconds = seconds_since(scan_start);
  cost.scan_cpu_seconds = static_cast<double>(std::clock() - scan_cpu_start) / CLOCKS_PER_SEC;
  if (!scanned) {
    fmt::print(stderr, "tocsin: correlations could not be evaluated: {}\n",
               text::printable(scanned.error().message));
    return kError;
  }
  const pipeline::ScanStats& stats = *scanned;
  output.finish(stats, was_interrupted);
  report_resuming(arguments, ruleset, inputs);

  if (stats_file.is_open() && !stats_file.write(stats, cost)) {
    return cannot_write_stats(arguments.stats);
  }
  if (output.write_failed()) {
    fmt::print(stderr, "tocsin: cannot write alerts to standard output\n");
    return kError;
  }
  if (output.note_failed()) {
    fmt::print(stderr, "tocsin: cannot write --resume: some objects will be read again\n");
    return kError;
  }
  if (was_interrupted) return kInterrupted;
  if (!inputs.errors().empty()) return kError;
  if (arguments.strict && stats.rejected > 0) return kError;
  const bool failed = !arguments.fail_on.empty() &&
                      highest_rank(ruleset, stats) >= alert::severity_rank(arguments.fail_on);
  return failed ? kFinding : kOk;
}

}  // namespace

void add_scan(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ScanArguments>();
  CLI::App* command = app.add_subcommand("scan", "Match files of events and print the alerts");
  command->footer(
      "Alerts go to standard output, everything else to standard error. The order of alerts is\n"
      "that of the records, whatever the number of threads. Alerts of correlations come last, in\n"
      "the order of event time, whatever the order of the files; time ends with the newest event.\n"
      "A silent_source without rules watches live sources: files have gaps and end, so it is left "
      "out.");
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
      ->add_option("--stats", arguments->stats,
                   "Write counts, times and peak memory to FILE when the scan ends, as one JSON "
                   "object")
      ->check([](const std::string& path) {
        return path == "-" ? std::string("give a file: standard output is for alerts")
                           : std::string();
      })
      ->type_name("FILE");
  command
      ->add_option("--logsource", arguments->logsource,
                   "Which rules an event is given to: auto (CloudTrail records: rules for "
                   "aws/cloudtrail; other records: all), any (all rules), or what the input is, "
                   "as in product=windows,service=sysmon")
      ->type_name("SOURCE");
  command->add_flag("--strict", arguments->strict,
                    "Exit with 2 when a rule or a record cannot be used");
  command
      ->add_option(
          "INPUT", arguments->inputs,
          "Files, folders (recursive), globs, - for standard input, s3://BUCKET/PREFIX for "
          "a trail's log files, cloudtrail://REGION for the events of the last 90 days")
      ->required()
      ->type_name("");
  arguments->cloud.add_to(*command);
  command->callback([arguments, &exit_code] { exit_code = scan(*arguments); });
}

}  // namespace tocsin::cli
