#include "aws/environment.h"

#include <cstdlib>
#include <memory>
#include <utility>

#include "event/byte_source.h"

namespace tocsin::aws {
namespace {

Result<std::string> read_whole_file(const std::string& path) {
  Result<std::unique_ptr<event::ByteSource>> source = event::open_file(path);
  if (!source) return tl::unexpected(std::move(source.error()));
  std::string text;
  if (Status status = event::read_all(**source, kEnvironmentFileBytes, text); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  return text;
}

}  // namespace

Environment process_environment() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  environment.read_file = read_whole_file;
  return environment;
}

}  // namespace tocsin::aws
