// The table of sources: one line each. (An object that registered itself would be dropped by the
// linker, as nothing refers to it.)
#include <array>

#include "source/source.h"

// X(name) for every source: its file defines entry_name().
#define TOCSIN_SOURCES(X) \
  X(standard_input)       \
  X(follow)               \
  X(s3_sqs)

#define TOCSIN_DECLARE(name) SourceEntry entry_##name();
#define TOCSIN_CALL(name) entry_##name(),

namespace tocsin::source {

TOCSIN_SOURCES(TOCSIN_DECLARE)

std::span<const SourceEntry> sources() {
  static const std::array kEntries = {TOCSIN_SOURCES(TOCSIN_CALL)};
  return kEntries;
}

const SourceEntry* find_source(std::string_view type) {
  for (const SourceEntry& entry : sources()) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

}  // namespace tocsin::source
