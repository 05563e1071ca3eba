// Reading settings from a text, with an environment and files that are made up.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "config/document.h"

namespace tocsin::config {

class FakeFiles : public Files {
 public:
  std::map<std::string, Content> files;

  Result<Content> read(const std::string& path, std::size_t limit) const override {
    const auto found = files.find(path);
    if (found == files.end()) return fail(Code::not_found, "No such file or directory");
    if (found->second.text.size() > limit) return fail(Code::limit, "the file is too large");
    return found->second;
  }
  Status readable(const std::string& path) const override {
    if (files.contains(path)) return {};
    return fail(Code::not_found, "No such file or directory");
  }
};

inline Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

// What reading `text` reports: code, line, column and length of each problem, with the suggestion
// where there is one, as in "C903 1:1+4 name; C906 2:7+3".
inline std::string summary(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics.all()) {
    if (!out.empty()) out += "; ";
    out += fmt::format("{} {}:{}+{}", d.code, d.at.line, d.at.column, d.at.length);
    if (!d.suggestion.empty()) out += " " + d.suggestion;
  }
  return out;
}

struct Read {
  Diagnostics diagnostics;
  std::vector<std::string> files;

  std::string summary() const { return config::summary(diagnostics); }
  // All that a person would see.
  std::string shown() const {
    std::string out = render_json(diagnostics);
    for (const Diagnostic& d : diagnostics.all()) out += render_text(d, false);
    return out;
  }
};

inline Read read(std::string_view text, const std::function<void(Settings&)>& use,
                 std::map<std::string, std::string> environment = {},
                 const Files& files = no_files()) {
  Document document(text, "tocsin.yml");
  document.context().environment = environment_of(std::move(environment));
  document.context().folder = "/etc/tocsin";
  document.context().files = &files;
  if (std::optional<Settings> root = document.root()) {
    use(*root);
    root->finish();
  }
  return {document.diagnostics(), document.context().files_read};
}

}  // namespace tocsin::config
