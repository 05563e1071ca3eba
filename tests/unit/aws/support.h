// An environment that a test makes up, and a clock that it sets.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/environment.h"
#include "base/clock.h"

namespace tocsin::aws {

using Texts = std::map<std::string, std::string>;

inline Environment made_up(const Texts& variables, const Texts& files = {}) {
  Environment environment;
  environment.variable = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  environment.read_file = [files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return fail(Code::not_found, "there is no file " + path);
    return found->second;
  };
  return environment;
}

class SetClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return now_ms; }
  std::int64_t steady_ms() const override { return now_ms; }
  std::int64_t now_ms = 1'800'000'000'000;
};

}  // namespace tocsin::aws
