// The guard: reads the head of a request from its raw bytes, and refuses whatever two readers could
// understand in two ways (RFC 9112 §11.2, request smuggling). It is stricter than Beast's parser,
// which accepts a good part of this list (reliability notes §3, items 12–14).
//
// Refused with 400, connection closed:
//   lines      a bare LF or CR, NUL and other control characters, empty lines before the request
//   request    anything but "METHOD SP target SP HTTP/1.0|1.1": other versions, HTTP/0.9, more or
//   line       other blanks, a method that is not a token
//   target     not in origin form (absolute-form, authority-form, "*"), not printable ASCII, a
//              fragment or a backslash; in its path: a broken escape, an escaped "/", "\" or
//              control character, ill-formed UTF-8, a "." or ".." segment, escaped or not
//   fields     a name that is not a token or is followed by a blank, no colon, obs-fold, control
//              characters in a value
//   Host       missing or empty in 1.1, more than one, characters that no host has
//   Content-   more than one even when they agree, lists, signs, anything but digits, more than 64
//   Length     bits; together with Transfer-Encoding
//   Transfer-  more than one, anything but exactly "chunked"; in HTTP/1.0
//   Encoding
//   Connection a value that is not a list of tokens
// Refused with 431: a head that is too large or has too many fields. With 417: an expectation other
// than 100-continue. Chunked bodies have a guard of their own (net/http_chunked.h).
//
// Pure functions over bytes; tests/fuzz/http_request_fuzz.cc compares them with Beast's parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "net/http_server.h"

namespace tocsin::net {

enum class Framing : std::uint8_t { none, length, chunked };

struct RequestHead {
  HttpHead head;  // without peer and client
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // with Framing::length
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct GuardLimits {
  std::size_t bytes = std::size_t{8} << 10;
  std::size_t fields = 100;
};

struct Refusal {
  int status = 400;
  std::string_view reason;  // a literal; nothing of the request
};

// Finds the end of a head in bytes that arrive piece by piece. Looks at no byte twice.
class HeadScanner {
 public:
  enum class State : std::uint8_t { more, complete, bad };

  // `unread` begins with the head, and holds what it held the last time and more.
  State scan(std::string_view unread);
  // Of the head, its empty line included; after `complete`.
  std::size_t size() const { return size_; }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_ = 0;  // where the current line begins
  std::size_t size_ = 0;
};

// `raw` is a whole head: request line, fields and the empty line.
tl::expected<RequestHead, Refusal> guard_head(std::string_view raw, const GuardLimits& limits);

// Whether a text is a token of RFC 9110 §5.6.2: a method, or the name of a field.
bool is_token(std::string_view text);

}  // namespace tocsin::net
