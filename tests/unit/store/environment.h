// Long runs of the seeded tests are asked for by environment variables.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace tocsin::store {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace tocsin::store
