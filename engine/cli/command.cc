#include "cli/command.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "cli/terminal.h"

namespace tocsin::cli {
void RuleOptions::add_to(CLI::App& command, bool required) {
  auto* option = command.add_option("-r,--rules", rules,
                                    "A rule file, or a folder of them (*.yml, *.yaml; recursive). "
                                    "For several, give it again or end them with --: "
                                    "--rules A B -- …");
  option->option_text("PATH")->expected(1, -1)->allow_extra_args(false);
  if (required) option->required();
  command
      .add_option("-l,--lists", lists,
                  "A list file (NAME.txt) or a folder of them, for %NAME% placeholders; several "
                  "as for --rules. Folders called `lists` near the rules are found without it")
      ->option_text("PATH")
      ->expected(1, -1)
      ->allow_extra_args(false);
}

std::vector<std::string> with_lists_of_paths(const std::vector<std::string>& arguments) {
  const auto takes_paths = [](std::string_view argument) {
    return argument == "-r" || argument == "--rules" || argument == "-l" || argument == "--lists";
  };
  const auto is_option = [](std::string_view argument) {
    return argument.size() > 1 && argument[0] == '-';
  };
  std::vector<std::string> out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    out.push_back(arguments[i]);
    if (arguments[i] == "--") {  // what follows is no option
      out.insert(out.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                 arguments.end());
      break;
    }
    if (!takes_paths(arguments[i])) continue;
    std::size_t end = i + 1;
    while (end < arguments.size() && !is_option(arguments[end])) ++end;
    if (end == arguments.size() || arguments[end] != "--") continue;
    for (std::size_t path = i + 1; path < end; ++path) {
      if (path > i + 1) out.push_back(arguments[i]);
      out.push_back(arguments[path]);
    }
    i = end - 1;
  }
  return out;
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
