// Environment: the seam to what the process was given, its variables and files, so that tests can
// give it others.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::aws {

struct Environment {
  // Nothing when it is not set; "" is a value.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // Code::not_found when there is no such file. At most kEnvironmentFileBytes.
  std::function<Result<std::string>(const std::string& path)> read_file;

  // The variable; "" when it is not set.
  std::string text(const std::string& name) const { return variable(name).value_or(""); }
};

inline constexpr std::size_t kEnvironmentFileBytes = std::size_t{1} << 20;

Environment process_environment();

}  // namespace tocsin::aws
