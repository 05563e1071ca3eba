// gzip as a ByteSource: any number of members, inflated as a stream in constant memory.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/byte_source.h"

namespace tocsin::event {

// The plain text of `source`: itself when it is not compressed, else through as many gzip layers as
// its first bytes announce, up to limits::kEnvelopeDepth. Zeros after the last member are padding.
// A truncated or damaged member, other bytes after a member, and formats that are recognised but
// not supported (zstd, bzip2, xz, zip) are errors of the returned source's read(); so is a layer
// that inflates to more than `limit` bytes, where each gzip member counts for at least
// kMemberBytes: millions of empty ones are not read for nothing.
inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::uint64_t kMemberBytes = 1024;
std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> source,
                                       std::uint64_t limit = kNoLimit);

// The error about a submission that inflates to more than limits.max_inflated.
Error inflates_too_much(std::uint64_t limit);

bool is_gzip(std::string_view bytes);

// One gzip member, quick rather than small. Precondition: less than 4 GiB. "" when memory is short.
std::string compress(std::string_view bytes);

}  // namespace tocsin::event
