// Secrets of Settings. No message here contains what a secret is, nor an excerpt of it: problems
// are placed at the key.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/settings.h"

namespace tocsin::config {
namespace {

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  const std::size_t end = line.find_last_not_of(" \t\r");
  return line.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// Why `text` cannot be a secret; "" when it can.
std::string_view unusable(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text::find_invalid_utf8(text) != std::string_view::npos) return "is not valid UTF-8";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return "has a control character in it";
  }
  return {};
}

}  // namespace

std::optional<std::string> Settings::secret_of_environment(std::string_view key) {
  const sigma::YamlNode& value = *find(key);
  const Span place = place_of_key(key);
  const std::string what = name_of(key);
  if (!value.is_scalar()) {
    report(Severity::error, "C902", place, fmt::format("{} is a single value", what));
    return std::nullopt;
  }
  const std::optional<std::string> variable = only_variable(value.scalar.text);
  if (!variable) {
    report(Severity::error, "C909", place,
           fmt::format("{} is a secret, which must not stand here; write `{}: ${{NAME}}` for an "
                       "environment variable and nothing else, or `{}_file: PATH`",
                       what, key, key));
    return std::nullopt;
  }
  const std::optional<std::string> found = context_->environment(*variable);
  if (!found) {
    report(Severity::error, "C908", place,
           fmt::format("{}: the environment variable {} is not set", what, *variable));
    return std::nullopt;
  }
  std::string text(first_line(*found));
  if (const std::string_view problem = unusable(text); !problem.empty()) {
    report(Severity::error, "C910", place,
           fmt::format("{}: the environment variable {} {}", what, *variable, problem));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> Settings::secret_of_file(std::string_view key) {
  const std::string what = name_of(key);
  const std::string file = path(key);
  if (file.empty()) return std::nullopt;  // reported
  const Span place = place_of_key(key);
  context_->files_read.push_back(file);
  const auto problem = [&](std::string_view text) {
    report(Severity::error, "C910", place, fmt::format("{}: {} {}", what, file, text));
    return std::nullopt;
  };
  const Result<Files::Content> content = context_->files->read(file, kSecretFileBytes);
  if (!content) return problem(fmt::format("cannot be read: {}", content.error().message));
  std::string text(first_line(content->text));
  if (const std::string_view why = unusable(text); !why.empty()) return problem(why);
  if (content->others_may_read) {
    report(
        Severity::warning, "C911", place,
        fmt::format("{}: every user of this machine can read {}; give it mode 0600", what, file));
  }
  return text;
}

Secret Settings::secret(std::string_view key) {
  const std::string file_key = fmt::format("{}_file", key);
  const bool from_environment = find(key) != nullptr;
  const bool from_file = find(file_key) != nullptr;
  if (from_environment && from_file) {
    report(Severity::error, "C917", place_of_key(file_key),
           fmt::format("{} has both `{}` and `{}`; keep one", own_name(), key, file_key));
    return Secret();
  }
  std::optional<std::string> found;
  if (from_environment) found = secret_of_environment(key);
  if (from_file) found = secret_of_file(file_key);
  return found ? Secret(*std::move(found)) : Secret();
}

Secret Settings::required_secret(std::string_view key) {
  Secret found = secret(key);
  const std::string file_key = fmt::format("{}_file", key);
  if (!has(key) && !has(file_key)) {
    report(Severity::error, "C904", at(key),
           fmt::format("{} needs `{}: ${{NAME}}` (an environment variable) or `{}: PATH`",
                       own_name(), key, file_key));
  }
  return found;
}

}  // namespace tocsin::config
