#include "cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"
#include "cli/terminal.h"

namespace tocsin::cli {
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

void RuleOptions::add_to(CLI::App& command, bool required) {
  auto* option = command.add_option("-r,--rules", rules,
                                    "Rule files, or folders of them (*.yml, *.yaml; recursive)");
  option->type_name("PATH")->expected(1, -1)->allow_extra_args(false);
  if (required) option->required();
  command
      .add_option("-l,--lists", lists,
                  "List files (NAME.txt) or folders of them, for %NAME% placeholders. Folders "
                  "called `lists` near the rules are found without it")
      ->type_name("PATH")
      ->expected(1, -1)
      ->allow_extra_args(false);
}

Ruleset load_ruleset(const RuleOptions& options) {
  Ruleset out;
  sigma::Loaded loaded = sigma::load_paths(options.rules);
  out.rules = std::make_shared<const sigma::RuleSet>(std::move(loaded.rules));
  out.stats = loaded.stats;
  out.diagnostics.append(std::move(loaded.diagnostics));
  for (const std::string& path : options.rules) load_pack_lists(path, out.lists, out.diagnostics);
  out.lists.merge(loaded.lists);
  sigma::Lists given;
  for (const std::string& path : options.lists) given.load(path, out.diagnostics);
  out.lists.merge(given);
  Diagnostics compiling;
  out.program = program::Program::compile(out.rules, out.lists, compiling);
  std::vector<Diagnostic> found = compiling.all();
  add_snippets(found);
  for (Diagnostic& diagnostic : found) out.diagnostics.add(std::move(diagnostic));
  return out;
}

void print_diagnostics(const Diagnostics& diagnostics, Severity severity, std::size_t limit) {
  const bool color = use_color(stderr);
  std::size_t printed = 0;
  std::size_t left_out = 0;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity < severity) continue;
    if (printed == limit) {
      ++left_out;
      continue;
    }
    fmt::print(stderr, "{}\n", render_text(diagnostic, color));
    ++printed;
  }
  if (left_out > 0) {
    fmt::print(stderr, "… and {} more; `tocsin check` shows all of them\n", left_out);
  }
}

std::optional<program::RuleIndex> find_rule(const program::Program& program,
                                            const std::string& name) {
  std::vector<program::RuleIndex> found;
  std::vector<std::string_view> titles;
  for (program::RuleIndex i = 0; i < program.rules().size(); ++i) {
    const sigma::Meta& meta = program.rules()[i].source.meta;
    titles.push_back(meta.title);
    if (name == meta.id || name == meta.name || name == meta.title || name == meta.file) {
      found.push_back(i);
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    const std::string_view near = text::nearest(name, titles);
    fmt::print(stderr, "tocsin: no loaded rule has the id, name, title or file `{}`{}\n",
               text::printable(name),
               near.empty() ? "" : fmt::format("; did you mean `{}`?", text::printable(near)));
  } else {
    fmt::print(stderr, "tocsin: `{}` means {} rules; use the id of one of them\n",
               text::printable(name), found.size());
  }
  return std::nullopt;
}

}  // namespace tocsin::cli
