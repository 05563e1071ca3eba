// tocsin check: lints rules, lists, tests and the service's configuration.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "base/text.h"
#include "cli/check_cost.h"
#include "cli/command.h"
#include "cli/portable.h"
#include "cli/rule_tests.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "pipeline/config.h"
#include "sigma/rule_test.h"

namespace tocsin::cli {
namespace {

struct CheckArguments {
  RuleOptions rules;
  std::string config;
  std::string output = "text";
  bool portable = false;
  bool cost = false;
};

// Tests are checked as files; running them is `tocsin test`.
void check_tests(const std::vector<std::string>& paths, Diagnostics& diagnostics,
                 std::size_t& files) {
  namespace fs = std::filesystem;
  Diagnostics ignored;  // a rule without tests is no error here
  for (const std::string& file : find_test_files(paths, ignored)) {
    ++files;
    std::ifstream stream(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    (void)sigma::parse_rule_tests(text, file, diagnostics);
    std::error_code error;
    if (!fs::exists(rule_file_of(file), error)) {
      Diagnostic diagnostic;
      diagnostic.code = "S501";
      diagnostic.file = file;
      diagnostic.message =
          fmt::format("there is no rule file {} for these tests", rule_file_of(file));
      diagnostics.add(std::move(diagnostic));
    }
  }
}

// One group for everything may be meant, and is easily forgotten.
void note_ungrouped(const sigma::RuleSet& rules, Diagnostics& diagnostics) {
  for (const sigma::Correlation& correlation : rules.correlations) {
    const bool by_source = correlation.type == sigma::Correlation::Type::silent_source;
    if (by_source || !correlation.group_by.empty()) continue;
    Diagnostic diagnostic;
    diagnostic.severity = Severity::note;
    diagnostic.code = "W623";
    diagnostic.file = correlation.meta.file;
    diagnostic.at = correlation.type_at;
    diagnostic.message =
        "without `group-by` the events of all principals, accounts and addresses are looked at "
        "together";
    diagnostics.add(std::move(diagnostic));
  }
}

void print_text(const Diagnostics& diagnostics) {
  const bool color = use_color(stdout);
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    fmt::print("{}\n", render_text(diagnostic, color));
  }
}

void print_json(const Diagnostics& diagnostics, const program::Program* costs) {
  if (costs == nullptr) {
    fmt::print("{}\n", render_json(diagnostics));
  } else {
    fmt::print("{{\"problems\":{},\"costs\":{}}}\n", render_json(diagnostics), costs_json(*costs));
  }
}

// The rules and lists that a good configuration names are checked with those that were given.
void check_config(const std::string& file, RuleOptions& rules, Diagnostics& diagnostics) {
  const std::optional<pipeline::Config> config = pipeline::load_config(file, diagnostics);
  if (!config) return;
  const auto append = [](const std::vector<std::string>& from, std::vector<std::string>& to) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(config->rules.paths, rules.rules);
  append(config->rules.lists, rules.lists);
}

int run(const CheckArguments& arguments) {
  if (arguments.cost && arguments.output == "sarif") {
    fmt::print(stderr, "tocsin: --cost is printed as text or json\n");
    return kError;
  }
  Diagnostics diagnostics;
  RuleOptions rule_options = arguments.rules;
  if (!arguments.config.empty()) check_config(arguments.config, rule_options, diagnostics);
  Ruleset ruleset = load_ruleset(rule_options);
  diagnostics.append(std::move(ruleset.diagnostics));
  std::size_t test_files = 0;
  check_tests(rule_options.rules, diagnostics, test_files);
  note_ungrouped(*ruleset.rules, diagnostics);
  if (arguments.portable) report_extensions(*ruleset.rules, diagnostics);

  const std::size_t errors = diagnostics.count(Severity::error);
  const std::size_t warnings = diagnostics.count(Severity::warning);
  if (arguments.output == "json") {
    print_json(diagnostics, arguments.cost ? &ruleset.program : nullptr);
  } else if (arguments.output == "sarif") {
    fmt::print("{}\n", render_sarif(diagnostics, kVersion));
  } else {
    print_text(diagnostics);
    if (arguments.cost) print_costs(ruleset.program);
    const sigma::RuleSet& rules = *ruleset.rules;
    fmt::print(
        "{} files: {} rules, {} correlations, {} filters, {} test files; "
        "{} errors, {} warnings\n",
        ruleset.stats.files, rules.rules.size(), rules.correlations.size(), rules.filters.size(),
        test_files, errors, warnings);
  }
  return errors > 0 ? kError : warnings > 0 ? kFinding : kOk;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = app.add_subcommand("check", "Lint rules, lists, tests and configurations");
  command->footer("Exits with 0 when everything is clean, 1 on warnings, 2 on errors.");
  command->add_option("-o,--output", arguments->output, "text, json or sarif")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->type_name("FORMAT");
  command->add_flag("--portable", arguments->portable,
                    "Also list what other Sigma tools will not understand");
  command->add_flag("--cost", arguments->cost,
                    "Also estimate what each rule costs: how many records it is tried on, what it "
                    "waits for, and how to make it cheaper");
  command->add_option("-l,--lists", arguments->rules.lists, "List files or folders, as in scan")
      ->type_name("PATH")
      ->expected(1, -1)
      ->allow_extra_args(false);
  command
      ->add_option("-c,--config", arguments->config,
                   "The service's configuration, and the rules and lists that it names")
      ->type_name("FILE");
  command->add_option("PATH", arguments->rules.rules, "Rule files or folders")->type_name("");
  command->callback([arguments, &exit_code] {
    if (arguments->rules.rules.empty() && arguments->config.empty()) {
      throw CLI::RequiredError("PATH or --config");
    }
    exit_code = run(*arguments);
  });
}

}  // namespace tocsin::cli
