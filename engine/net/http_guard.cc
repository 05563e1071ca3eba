#include "net/http_guard.h"

#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "net/http_target.h"

namespace tocsin::net {
namespace {

constexpr std::array<bool, 256> set_of(std::string_view more) {
  std::array<bool, 256> set{};
  for (unsigned char c = '0'; c <= '9'; ++c) set[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) set[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) set[c] = true;
  for (const char c : more) set[static_cast<unsigned char>(c)] = true;
  return set;
}
constexpr auto kToken = set_of("!#$%&'*+-.^_`|~");
// Names, addresses and ports; of the sub-delimiters that RFC 3986 allows no real host has any.
constexpr auto kHost = set_of("-._~%:[]");

bool all_in(std::string_view text, const std::array<bool, 256>& set) {
  for (const char c : text) {
    if (!set[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool is_field_text(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
  }
  return true;
}

std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<std::uint64_t> digits_only(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (kMost - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

tl::unexpected<Refusal> bad(std::string_view reason) {
  return tl::unexpected<Refusal>(Refusal{400, reason});
}

using Checked = tl::expected<void, Refusal>;

// What the fields say about framing and connection, gathered over all of them.
struct Seen {
  bool host = false;
  bool length = false;
  bool coding = false;
  bool close = false;
  bool keep_alive = false;
};

Checked read_request_line(std::string_view line, RequestHead& out) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos)
    return bad("the request line is not \"METHOD target HTTP/1.1\"");
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return bad("the method is not a token");
  const std::string_view rest = line.substr(first + 1);
  const std::size_t second = rest.find(' ');
  if (second == std::string_view::npos) return bad("the request line names no HTTP version");
  const std::string_view version = rest.substr(second + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return bad("only HTTP/1.1 and 1.0 are spoken");
  if (auto problem = read_target(rest.substr(0, second), out.head)) return bad(*problem);
  out.head.method.assign(method);
  out.http_1_0 = version == "HTTP/1.0";
  return {};
}

// Connection = #connection-option: tokens with commas, empty elements allowed.
Checked read_connection(std::string_view value, Seen& seen) {
  for (bool any = false;; any = true) {
    const std::size_t comma = value.find(',');
    const std::string_view option = without_blanks(value.substr(0, comma));
    if (option.empty() ? (!any && comma == std::string_view::npos) : !is_token(option)) {
      return bad("Connection is not a list of tokens");
    }
    const std::string name = lowered(option);
    seen.close |= name == "close";
    seen.keep_alive |= name == "keep-alive";
    if (comma == std::string_view::npos) return {};
    value.remove_prefix(comma + 1);
  }
}

Checked read_framing_field(std::string_view name, std::string_view value, RequestHead& out,
                           Seen& seen) {
  if (name == "content-length") {
    if (std::exchange(seen.length, true)) return bad("more than one Content-Length");
    const auto length = digits_only(value);
    if (!length) return bad("Content-Length is not a number of bytes");
    out.framing = Framing::length;
    out.content_length = *length;
  } else if (name == "transfer-encoding") {
    if (std::exchange(seen.coding, true)) return bad("more than one Transfer-Encoding");
    if (out.http_1_0) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (lowered(value) != "chunked") return bad("the only Transfer-Encoding spoken is \"chunked\"");
    out.framing = Framing::chunked;
  } else if (name == "host") {
    if (std::exchange(seen.host, true)) return bad("more than one Host");
    if (value.empty() || !all_in(value, kHost)) return bad("Host is not a host");
  } else if (name == "connection" || name == "proxy-connection") {
    return read_connection(value, seen);
  } else if (name == "expect" && !out.http_1_0) {
    if (lowered(value) != "100-continue") {
      return tl::unexpected<Refusal>(Refusal{417, "the only expectation met is 100-continue"});
    }
    out.expects_continue = true;
  }
  return {};
}

Checked read_field(std::string_view line, RequestHead& out, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') return bad("a header goes on in the next line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a header without a colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return bad("the name of a header is not a token");
  const std::string_view value = without_blanks(line.substr(colon + 1));
  if (!is_field_text(value)) return bad("a control character in a header");
  auto& [kept_name, kept_value] = out.head.headers.emplace_back(lowered(name), value);
  return read_framing_field(kept_name, kept_value, out, seen);
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_in(text, kToken);
}

HeadScanner::State HeadScanner::scan(std::string_view unread) {
  if (scanned_ == 0 && !unread.empty() && !kToken[static_cast<unsigned char>(unread.front())]) {
    return State::bad;  // an empty line, TLS, another protocol: known by its first byte
  }
  while (scanned_ < unread.size()) {
    const void* found = std::memchr(unread.data() + scanned_, '\n', unread.size() - scanned_);
    if (found == nullptr) {
      scanned_ = unread.size();
      return State::more;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - unread.data());
    if (at == line_ || unread[at - 1] != '\r') return State::bad;
    const bool empty = at == line_ + 1;
    scanned_ = line_ = at + 1;
    if (empty) {
      size_ = at + 1;
      return State::complete;
    }
  }
  return State::more;
}

tl::expected<RequestHead, Refusal> guard_head(std::string_view raw, const GuardLimits& limits) {
  if (raw.size() > limits.bytes) {
    return tl::unexpected<Refusal>(Refusal{431, "the head of the request is too large"});
  }
  RequestHead out;
  Seen seen;
  out.head.headers.reserve(16);
  bool first = true;
  for (;;) {
    const std::size_t end = raw.find('\n');
    if (end == std::string_view::npos || end == 0 || raw[end - 1] != '\r') {
      return bad("a line does not end with CR LF");
    }
    const std::string_view line = raw.substr(0, end - 1);
    raw.remove_prefix(end + 1);
    if (first) {
      if (auto read = read_request_line(line, out); !read) return tl::unexpected(read.error());
      first = false;
    } else if (line.empty()) {
      if (!raw.empty()) return bad("bytes after the head");
      break;
    } else {
      if (out.head.headers.size() == limits.fields) {
        return tl::unexpected<Refusal>(Refusal{431, "too many headers"});
      }
      if (auto read = read_field(line, out, seen); !read) return tl::unexpected(read.error());
    }
  }
  if (seen.length && seen.coding) return bad("both Content-Length and Transfer-Encoding");
  if (!out.http_1_0 && !seen.host) return bad("HTTP/1.1 needs a Host");
  out.keep_alive = !seen.close && (!out.http_1_0 || seen.keep_alive);
  if (out.framing == Framing::none || (out.framing == Framing::length && out.content_length == 0)) {
    out.expects_continue = false;
  }
  return out;
}

}  // namespace tocsin::net
