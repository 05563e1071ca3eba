// ByteSource: bytes on demand, from a file descriptor, from memory, or through a decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::event {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Writes 1 to `size` bytes to `out` and returns their number; 0 at the end. Precondition:
  // size > 0. An error is final; what came before it has been delivered by earlier calls.
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;

  // Bytes taken from the outermost source so far, before any decoding.
  virtual std::uint64_t consumed() const = 0;

  // True when nothing can be read now and nothing arrives within `milliseconds`.
  virtual bool would_block([[maybe_unused]] int milliseconds) const { return false; }
};

// Opens a file; "-" is standard input. Directories are refused.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path);

// `bytes` must outlive the source.
std::unique_ptr<ByteSource> memory_source(std::string_view bytes);

// Appends what is left of the source to `out`, which may grow to `limit` bytes. On failure `out`
// holds what came before it.
Status read_all(ByteSource& source, std::size_t limit, std::string& out);

}  // namespace tocsin::event
