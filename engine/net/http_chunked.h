// ChunkedBody: a body in chunks, decoded by Beast's parser with a guard around it. Beast reads the
// head again, and has to come to the same conclusion about it as net/http_guard.h.
//
// Refused as malformed: a chunk line that is not "HEX [extensions] CR LF", control characters in an
// extension, trailers, a line longer than kChunkLineBytes, and framing that outweighs what it
// frames (64 MiB of chunk extensions around one byte).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tocsin::net {

// Unread bytes that the decoder may ask to be kept: a chunk line, or the end with its empty line.
inline constexpr std::size_t kChunkLineBytes = std::size_t{4} << 10;

class ChunkedBody {
 public:
  enum class State : std::uint8_t { more, complete, malformed, too_large };

  // `limit`: of the decoded body.
  explicit ChunkedBody(std::uint64_t limit);
  ~ChunkedBody();

  // `raw_head`: as given to guard_head(). False: Beast reads it in another way.
  bool begin(std::string_view raw_head);

  struct Fed {
    State state = State::more;
    std::size_t used = 0;  // the rest is to be fed again, with what comes after it
  };
  Fed feed(std::string_view bytes);

  // Decoded so far. May be moved out after `complete`; its capacity may be raised before.
  std::string& body();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace tocsin::net
