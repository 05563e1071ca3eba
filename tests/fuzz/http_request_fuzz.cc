// Any bytes as a request: the guard gives the same verdict however they are cut; Beast's parser
// accepts every head that the guard accepts, and reads the same in it; a chunked body is what a
// slow, obvious decoder makes of it.
#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_chunked.h"
#include "net/http_guard.h"

namespace {

using tocsin::net::ChunkedBody;
using tocsin::net::Framing;
using tocsin::net::HeadScanner;
using tocsin::net::RequestHead;

void require(bool holds) {
  if (!holds) std::abort();
}

// Where the head ends; 0 without an end, npos for bytes that are no head.
std::size_t end_of_head(std::string_view bytes, std::size_t piece) {
  HeadScanner scanner;
  for (std::size_t have = std::min(piece, bytes.size());;
       have = std::min(have + piece, bytes.size())) {
    switch (scanner.scan(bytes.substr(0, have))) {
      case HeadScanner::State::complete:
        return scanner.size();
      case HeadScanner::State::bad:
        return std::string_view::npos;
      case HeadScanner::State::more:
        if (have == bytes.size()) return 0;
    }
  }
}

void check_with_beast(std::string_view raw, const RequestHead& guarded) {
  namespace http = boost::beast::http;
  http::request_parser<http::empty_body> beast;
  beast.eager(false);
  beast.body_limit(boost::none);
  beast.header_limit(1 << 20);
  boost::system::error_code problem;
  const std::size_t used = beast.put({raw.data(), raw.size()}, problem);
  require(!problem && used == raw.size() && beast.is_header_done());
  const auto& head = beast.get();
  require(head.method_string() == guarded.head.method);
  require(head.version() == (guarded.http_1_0 ? 10u : 11u));
  require(beast.chunked() == (guarded.framing == Framing::chunked));
  require(beast.content_length().has_value() == (guarded.framing == Framing::length));
  if (guarded.framing == Framing::length) {
    require(*beast.content_length() == guarded.content_length);
  }
  require(beast.keep_alive() == guarded.keep_alive);
  // Beast keeps fields of one name together.
  std::multimap<std::string, std::string> theirs;
  for (const auto& field : head.base()) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    theirs.emplace(std::move(name), std::string(field.value()));
  }
  std::multimap<std::string, std::string> mine;
  for (const auto& [name, value] : guarded.head.headers) mine.emplace(name, value);
  require(mine == theirs);
}

void check_path(const RequestHead& guarded) {
  const std::string& path = guarded.head.path;
  require(path.starts_with('/'));
  require(path.find("/../") == std::string::npos && !path.ends_with("/.."));
  require(path.find("/./") == std::string::npos && !path.ends_with("/."));
  require(std::none_of(path.begin(), path.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\\'; }));
}

struct Decoded {
  ChunkedBody::State state = ChunkedBody::State::more;
  std::string body;
  std::size_t used = 0;
};

Decoded decode(std::string_view raw, std::string_view bytes, std::size_t piece) {
  ChunkedBody chunks(1 << 16);
  require(chunks.begin(raw));
  Decoded result;
  std::size_t have = 0;
  while (result.state == ChunkedBody::State::more && have < bytes.size()) {
    have = std::min(have + piece, bytes.size());
    const auto fed = chunks.feed(bytes.substr(result.used, have - result.used));
    result.state = fed.state;
    result.used += fed.used;
    require(result.used <= have);
  }
  if (result.state == ChunkedBody::State::complete) result.body = chunks.body();
  return result;
}

// What the body is, and how long its encoding; nothing when it is not exactly one.
std::optional<Decoded> decode_slowly(std::string_view bytes) {
  Decoded result;
  for (;;) {
    const std::size_t end = bytes.find("\r\n", result.used);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(result.used, end - result.used);
    const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
    if (digits.empty()) return std::nullopt;
    std::size_t size = 0;
    for (const char c : digits) {
      const std::size_t value =
          std::string_view("0123456789abcdef")
              .find(static_cast<char>(c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c));
      if (value == std::string_view::npos || size > bytes.size()) return std::nullopt;
      size = size * 16 + value;
    }
    for (const char c : line) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return std::nullopt;
    }
    result.used = end + 2;
    if (size > bytes.size() - result.used) return std::nullopt;
    result.body += bytes.substr(result.used, size);
    result.used += size;
    if (bytes.substr(result.used, 2) != "\r\n") return std::nullopt;
    result.used += 2;
    if (size == 0) return result;
  }
}

void check_chunks(std::string_view raw, std::string_view bytes, std::size_t piece) {
  const Decoded cut = decode(raw, bytes, piece);
  if (bytes.size() < tocsin::net::kChunkLineBytes) {  // longer lines depend on how they arrive
    const Decoded whole = decode(raw, bytes, std::max<std::size_t>(bytes.size(), 1));
    const bool complete = whole.state == ChunkedBody::State::complete;
    require(complete == (cut.state == ChunkedBody::State::complete) && whole.body == cut.body);
    require(!complete || whole.used == cut.used);
  }
  if (cut.state != ChunkedBody::State::complete) return;
  const auto slow = decode_slowly(bytes);
  require(slow.has_value() && slow->body == cut.body && slow->used == cut.used);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 31 + 1u;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = end_of_head(bytes, bytes.size() + 1);
  require(end == end_of_head(bytes, piece));
  if (end == 0 || end == std::string::npos) return 0;
  const std::string_view raw = std::string_view(bytes).substr(0, end);
  const auto guarded = tocsin::net::guard_head(raw, {});
  if (!guarded) {
    require(guarded.error().status >= 400 && !guarded.error().reason.empty());
    return 0;
  }
  check_with_beast(raw, *guarded);
  check_path(*guarded);
  if (guarded->framing == Framing::chunked) {
    check_chunks(raw, std::string_view(bytes).substr(end), piece);
  }
  return 0;
}
