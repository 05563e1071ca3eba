#include "net/http_target.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace tocsin::net {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_dot_segment(std::string_view path) {
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "." || segment == "..") return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

std::optional<std::string_view> read_target(std::string_view target, HttpHead& head) {
  if (!target.starts_with('/')) return "the target is not a path";
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#' || c == '\\') {
      return "the target has a character that must be escaped";
    }
  }
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  if (mark != std::string_view::npos) head.query.assign(target.substr(mark + 1));

  head.path.clear();
  head.path.reserve(path.size());
  bool ascii = true;
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '%') {
      head.path += path[at];
      continue;
    }
    if (path.size() - at < 3) return "an escape in the path is cut off";
    const int high = hex_value(path[at + 1]);
    const int low = hex_value(path[at + 2]);
    if (high < 0 || low < 0) return "an escape in the path is not hexadecimal";
    const int byte = high * 16 + low;
    if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\') {
      return "the path has an escaped control character or separator";
    }
    ascii &= byte < 0x80;
    head.path += static_cast<char>(byte);
    at += 2;
  }
  if (!ascii && text::find_invalid_utf8(head.path) != std::string_view::npos) {
    return "the path is not UTF-8";
  }
  if (has_dot_segment(head.path)) return "the path has a \".\" or \"..\" segment";
  return std::nullopt;
}

}  // namespace tocsin::net
