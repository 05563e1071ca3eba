#include "config/document.h"

#include <algorithm>
#include <utility>

#include "sigma/yaml_reader.h"

namespace tocsin::config {
namespace {

// Whether a line that begins like this has nothing in it so far but one key.
bool is_lead(std::string_view text) {
  constexpr std::string_view kKey =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  const std::size_t key = std::min(text.find_first_not_of(" \t-"), text.size());
  const std::size_t colon = std::min(text.find_first_not_of(kKey, key), text.size());
  return colon == text.size() ||
         (text[colon] == ':' && text.find_first_not_of(" \t", colon + 1) == std::string_view::npos);
}

std::string quotable(const Diagnostic& diagnostic) {
  const std::string_view line = diagnostic.snippet;
  // What is not YAML has no places that could be relied on.
  const bool syntax = diagnostic.code.starts_with('Y') && diagnostic.code != "Y011";
  if (syntax || diagnostic.at.column == 0 || diagnostic.at.column > line.size()) return {};
  const std::size_t start = diagnostic.at.column - 1;
  if (!is_lead(line.substr(0, start))) return {};
  // A URL is a credential as often as not.
  const std::string_view meant = line.substr(start, diagnostic.at.length);
  const bool is_url = meant.find("://") != std::string_view::npos;
  return is_url ? std::string() : std::string(line.substr(0, start)) + std::string(meant);
}

}  // namespace

Document::Document(std::string_view text, std::string file)
    : file_(std::move(file)), report_(text, file_, found_), context_{report_, {}, {}} {}

std::optional<Settings> Document::root() {
  documents_ = sigma::read_yaml(report_);
  const bool valid = std::all_of(documents_.begin(), documents_.end(),
                                 [](const sigma::YamlDocument& found) { return found.valid; });
  if (!valid) return std::nullopt;
  if (documents_.size() > 1) {
    report_.error("C901", documents_[1].root.at(),
                  "a configuration is one YAML document, not more");
    return std::nullopt;
  }
  return Settings(documents_.empty() ? empty_ : documents_.front().root, "", context_);
}

Diagnostics Document::diagnostics() const {
  Diagnostics out;
  for (Diagnostic diagnostic : found_.all()) {
    if (diagnostic.code == "Y004" && diagnostic.snippet.find("${") != std::string::npos) {
      diagnostic.message += "; between { } or [ ] a variable stands in quotes: \"${NAME}\"";
    }
    diagnostic.snippet = quotable(diagnostic);
    out.add(std::move(diagnostic));
  }
  return out;
}

}  // namespace tocsin::config
