// What the subcommands share: registration, exit codes, the rule options.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "pipeline/ruleset.h"

namespace tocsin::cli {

// Exit codes, the same for every subcommand.
enum Exit : int {
  kOk = 0,       // done, nothing to complain about
  kFinding = 1,  // done, and there is something: alerts at --fail-on, failed tests, warnings
  kError = 2,    // not done: bad usage, rules or inputs that cannot be read
  kInterrupted = 130,
};

// Each adds one subcommand to `app`; when it is chosen, its exit code is stored in `exit_code`.
void add_run(CLI::App& app, int& exit_code);
void add_scan(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_test(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_fields(CLI::App& app, int& exit_code);
void add_outbox(CLI::App& app, int& exit_code);
void add_aside(CLI::App& app, int& exit_code);
void add_store(CLI::App& app, int& exit_code);
void add_notify(CLI::App& app, int& exit_code);
void add_digest(CLI::App& app, int& exit_code);

// --rules and --lists, as every subcommand spells them.
struct RuleOptions {
  std::vector<std::string> rules;
  std::vector<std::string> lists;

  // `required`: --rules must be given.
  void add_to(CLI::App& command, bool required);
};

using pipeline::Ruleset;

// Loads and compiles. Problems are in `diagnostics`; what is good is in `program`.
Ruleset load_ruleset(const RuleOptions& options);

// --rules and --lists take one path each, so that what follows is a subcommand's own; but of paths
// that end with `--` they take all: `--rules A B -- INPUT` becomes `--rules A --rules B -- INPUT`.
std::vector<std::string> with_lists_of_paths(const std::vector<std::string>& arguments);

// How many problems of a configuration and its rules a command shows.
inline constexpr std::size_t kShownProblems = 20;
// Prints at most `limit` diagnostics of at least `severity` to stderr, and how many were left out.
void print_diagnostics(const Diagnostics& diagnostics, Severity severity, std::size_t limit);

// The one rule that `name` means: its id, name, title, or the file it stands in. nullopt when none
// or several do (reported on stderr).
std::optional<program::RuleIndex> find_rule(const program::Program& program,
                                            const std::string& name);

}  // namespace tocsin::cli
