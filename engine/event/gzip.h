// gzip as a ByteSource: any number of members, inflated as a stream in constant memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/byte_source.h"

namespace tocsin::event {

// The plain text of `source`: itself when it is not compressed, else through as many gzip layers as
// its first bytes announce, up to limits::kEnvelopeDepth. Zeros after the last member are padding.
// A truncated or damaged member, other bytes after a member, and formats that are recognised but
// not supported (zstd, bzip2, xz, zip) are errors of the returned source's read().
std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> source);

bool is_gzip(std::string_view bytes);

// One gzip member, quick rather than small. Precondition: less than 4 GiB. "" when memory is short.
std::string compress(std::string_view bytes);

}  // namespace tocsin::event
