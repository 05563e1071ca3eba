#include "cli/command.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "cli/terminal.h"

namespace tocsin::cli {
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
  return pipeline::load_ruleset({options.rules, options.lists});
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
