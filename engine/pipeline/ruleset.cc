#include "pipeline/ruleset.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/limits.h"
#include "sigma/reporter.h"

namespace tocsin::pipeline {
namespace {

namespace fs = std::filesystem;

// A rule given by its path alone still finds the lists that its pack ships: the nearest `lists`
// folder in one of the folders above it.
void load_pack_lists(const std::string& rule_path, sigma::Lists& lists, Diagnostics& diagnostics,
                     const sigma::Files& files) {
  constexpr int kLevels = 5;
  std::error_code error;
  fs::path folder = fs::absolute(rule_path, error).lexically_normal().parent_path();
  for (int level = 0; level < kLevels && !folder.empty(); ++level) {
    const fs::path candidate = folder / "lists";
    if (fs::is_directory(candidate, error)) {
      lists.load(candidate.string(), diagnostics, files);
      return;
    }
    if (folder == folder.parent_path()) return;
    folder = folder.parent_path();
  }
}

// Compilation has no text to quote from: its diagnostics get their line here.
std::vector<Diagnostic> with_snippets(const Diagnostics& found, const sigma::Files& files) {
  std::vector<Diagnostic> diagnostics = found.all();
  std::map<std::string, std::string> texts;
  for (Diagnostic& diagnostic : diagnostics) {
    if (!diagnostic.snippet.empty() || diagnostic.at.line == 0) continue;
    auto [text, added] = texts.try_emplace(diagnostic.file);
    if (added) {
      const auto read = files.read(diagnostic.file, limits::kRuleFileBytes);
      if (read && *read) text->second = **read;
    }
    diagnostic.snippet = sigma::line_of(text->second, diagnostic.at.line);
  }
  return diagnostics;
}

void add_faults(std::span<const Diagnostic> found, Faults& faults) {
  for (const Diagnostic& diagnostic : found) {
    if (diagnostic.severity == Severity::error) faults.errors.push_back(diagnostic);
  }
}

// Of a step whose errors may be consequences of each other, unless an earlier step failed.
void add_linked_faults(std::span<const Diagnostic> found, Faults& faults) {
  if (!faults.errors.empty()) return;
  add_faults(found, faults);
  faults.may_follow = !faults.errors.empty();
}

}  // namespace

Ruleset load_ruleset(const RulePaths& paths, const sigma::Files& files) {
  Ruleset out;
  sigma::Loaded loaded = sigma::load_paths(paths.rules, 0, files);
  out.rules = std::make_shared<const sigma::RuleSet>(std::move(loaded.rules));
  out.stats = loaded.stats;
  Diagnostics listing;
  for (const std::string& path : paths.rules) load_pack_lists(path, out.lists, listing, files);
  out.lists.merge(loaded.lists);
  sigma::Lists given;
  for (const std::string& path : paths.lists) given.load(path, listing, files);
  out.lists.merge(given);
  const std::span<const Diagnostic> loading = loaded.diagnostics.all();
  add_faults(loading.first(loaded.linked_from), out.faults);
  add_faults(listing.all(), out.faults);
  add_linked_faults(loading.subspan(loaded.linked_from), out.faults);

  Diagnostics compiling, correlating;
  out.program = program::Program::compile(out.rules, out.lists, compiling);
  out.correlations = std::make_shared<const correlate::Correlations>(
      correlate::Correlations::compile(out.rules, out.program, correlating));
  if (out.faults.errors.empty()) add_faults(compiling.all(), out.faults);
  add_linked_faults(correlating.all(), out.faults);

  out.diagnostics.append(std::move(loaded.diagnostics));
  out.diagnostics.append(std::move(listing));
  for (const Diagnostics* const found : {&compiling, &correlating}) {
    for (Diagnostic& diagnostic : with_snippets(*found, files)) {
      out.diagnostics.add(std::move(diagnostic));
    }
  }
  return out;
}

bool waits_for_time(const Ruleset& ruleset) {
  const auto& all = ruleset.correlations->all();
  return std::any_of(all.begin(), all.end(), [](const correlate::CompiledCorrelation& one) {
    return one.decision != correlate::Decision::rising;
  });
}

std::string hash_of(const Ruleset& ruleset) {
  KeyHash key;
  for (const program::CompiledRule& rule : ruleset.program.rules()) key.add_field(rule.hash);
  for (const correlate::CompiledCorrelation& correlation : ruleset.correlations->all()) {
    key.add_field(correlate::as_text(correlation.key));
  }
  return hex_of(key);
}

}  // namespace tocsin::pipeline
