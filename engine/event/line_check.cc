#include "event/line_check.h"

#include <cstddef>

#include "event/json_text.h"
#include "event/raw_json.h"

namespace tocsin::event {
bool is_container_key(std::string_view key) {
  return key == "Records" || key == "records" || key == "logEvents";
}

std::string_view key_before(std::string_view text, std::size_t at) {
  const auto skip_blanks = [&] {
    while (at != 0 && is_space(text[at - 1])) --at;
  };
  skip_blanks();
  if (at == 0 || text[at - 1] != ':') return {};
  --at;
  skip_blanks();
  if (at == 0 || text[at - 1] != '"') return {};
  const std::size_t end = at - 1;
  const std::size_t quote = text.substr(0, end).rfind('"');
  return quote == text.npos ? std::string_view() : text.substr(quote + 1, end - quote - 1);
}

bool is_plain_object(std::string_view line) {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  std::size_t depth = 0;
  for (std::size_t pos = 0; pos < line.size(); ++pos) {
    const char c = line[pos];
    if (c == '"') {
      pos = string_end(line, pos + 1);
      if (pos == line.npos) return false;
    } else if (c == '{') {
      ++depth;
    } else if (c == '[') {
      if (++depth == 2 && is_container_key(key_before(line, pos))) return false;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return pos + 1 == line.size();
    }
  }
  return false;
}

}  // namespace tocsin::event
