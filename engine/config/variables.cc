#include "config/variables.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/text.h"

namespace tocsin::config {
namespace {

bool is_name(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  constexpr std::string_view kDigits = "0123456789";
  if (text.empty() || kLetters.find(text.front()) == std::string_view::npos) return false;
  for (const char c : text) {
    if (kLetters.find(c) == std::string_view::npos && kDigits.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// What stands between `${` and `}`.
struct Reference {
  std::string name;
  std::optional<std::string> otherwise;
};

std::optional<Reference> parse_reference(std::string_view inside) {
  Reference out;
  const std::size_t colon = inside.find(":-");
  if (colon != std::string_view::npos) out.otherwise = inside.substr(colon + 2);
  out.name = inside.substr(0, colon);
  if (!is_name(out.name)) return std::nullopt;
  return out;
}

tl::expected<std::string, std::string> value_of(const Reference& reference,
                                                const Environment& environment) {
  std::optional<std::string> value = environment(reference.name);
  if (reference.otherwise && (!value || value->empty())) return *reference.otherwise;
  if (!value) {
    return tl::unexpected(fmt::format(
        "the environment variable {} is not set; set it, or write ${{{}:-text}} to give a text for "
        "that case",
        reference.name, reference.name));
  }
  if (text::find_invalid_utf8(*value) != std::string_view::npos) {
    return tl::unexpected(
        fmt::format("the environment variable {} is not valid UTF-8", reference.name));
  }
  return *std::move(value);
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

tl::expected<std::string, VariableError> replace_variables(std::string_view text,
                                                           const Environment& environment) {
  const auto error = [](std::size_t offset, std::size_t length, std::string message) {
    return tl::unexpected(VariableError{offset, length, std::move(message)});
  };
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = text.find('$', at);
    out += text.substr(at, dollar - at);
    if (dollar == std::string_view::npos) break;
    const std::string_view rest = text.substr(dollar);
    if (rest.starts_with("$$")) {
      out += '$';
      at = dollar + 2;
      continue;
    }
    if (!rest.starts_with("${")) {
      return error(dollar, 1, "a `$` is written `$$`; an environment variable is written ${NAME}");
    }
    const std::size_t end = rest.find('}');
    if (end == std::string_view::npos) return error(dollar, 2, "`${` is never closed by `}`");
    const std::optional<Reference> reference = parse_reference(rest.substr(2, end - 2));
    if (!reference) {
      return error(dollar, end + 1,
                   "an environment variable is written ${NAME} or ${NAME:-text}; a name has "
                   "letters, digits and `_`");
    }
    auto value = value_of(*reference, environment);
    if (!value) return error(dollar, end + 1, std::move(value.error()));
    out += *value;
    at = dollar + end + 1;
  }
  return out;
}

std::optional<std::string> only_variable(std::string_view text) {
  if (!text.starts_with("${") || !text.ends_with("}")) return std::nullopt;
  const std::string_view name = text.substr(2, text.size() - 3);
  if (!is_name(name)) return std::nullopt;
  return std::string(name);
}

}  // namespace tocsin::config
