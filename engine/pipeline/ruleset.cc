#include "pipeline/ruleset.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "base/hash.h"

namespace tocsin::pipeline {
namespace {

namespace fs = std::filesystem;

// A rule given by its path alone still finds the lists that its pack ships: the nearest `lists`
// folder in one of the folders above it.
void load_pack_lists(const std::string& rule_path, sigma::Lists& lists, Diagnostics& diagnostics) {
  constexpr int kLevels = 5;
  std::error_code error;
  fs::path folder = fs::absolute(rule_path, error).lexically_normal().parent_path();
  for (int level = 0; level < kLevels && !folder.empty(); ++level) {
    const fs::path candidate = folder / "lists";
    if (fs::is_directory(candidate, error)) {
      lists.load(candidate.string(), diagnostics);
      return;
    }
    if (folder == folder.parent_path()) return;
    folder = folder.parent_path();
  }
}

// Compilation has no text to quote from: its diagnostics get their line here.
void add_snippets(std::vector<Diagnostic>& diagnostics) {
  std::map<std::string, std::vector<std::string>> files;
  for (Diagnostic& diagnostic : diagnostics) {
    if (!diagnostic.snippet.empty() || diagnostic.at.line == 0) continue;
    auto [file, added] = files.try_emplace(diagnostic.file);
    if (added) {
      std::ifstream stream(diagnostic.file, std::ios::binary);
      for (std::string line; std::getline(stream, line);) file->second.push_back(line);
    }
    if (diagnostic.at.line <= file->second.size()) {
      diagnostic.snippet = file->second[diagnostic.at.line - 1];
    }
  }
}

}  // namespace

Ruleset load_ruleset(const RulePaths& paths) {
  Ruleset out;
  sigma::Loaded loaded = sigma::load_paths(paths.rules);
  out.rules = std::make_shared<const sigma::RuleSet>(std::move(loaded.rules));
  out.stats = loaded.stats;
  out.diagnostics.append(std::move(loaded.diagnostics));
  for (const std::string& path : paths.rules) load_pack_lists(path, out.lists, out.diagnostics);
  out.lists.merge(loaded.lists);
  sigma::Lists given;
  for (const std::string& path : paths.lists) given.load(path, out.diagnostics);
  out.lists.merge(given);
  Diagnostics compiling;
  out.program = program::Program::compile(out.rules, out.lists, compiling);
  out.correlations = std::make_shared<const correlate::Correlations>(
      correlate::Correlations::compile(out.rules, out.program, compiling));
  std::vector<Diagnostic> found = compiling.all();
  add_snippets(found);
  for (Diagnostic& diagnostic : found) out.diagnostics.add(std::move(diagnostic));
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
