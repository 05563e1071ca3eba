// Variables in texts: `${NAME}`, `${NAME:-text}`, and `$$` for a `$`. Any other `$` is an error, so
// that nobody takes `$NAME` for a variable that is replaced.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace tocsin::config {

// Looks up an environment variable; nullopt: not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct VariableError {
  std::size_t offset = 0, length = 0;  // in the text
  std::string message;                 // never says what a variable holds
};

// The text after `:-` stands for a variable that is not set or empty, and is taken as it is.
tl::expected<std::string, VariableError> replace_variables(std::string_view text,
                                                           const Environment& environment);
// NAME, when `text` is `${NAME}` and nothing else.
std::optional<std::string> only_variable(std::string_view text);

}  // namespace tocsin::config
