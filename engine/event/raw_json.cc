#include "event/raw_json.h"

#include <string>

#include "event/json_text.h"

namespace tocsin::event {

std::size_t string_end(std::string_view text, std::size_t pos) {
  for (;; ++pos) {
    pos = text.find('"', pos);
    if (pos == text.npos) return pos;
    std::size_t first = pos;
    while (first != 0 && text[first - 1] == '\\') --first;
    if ((pos - first) % 2 == 0) return pos;
  }
}

std::size_t value_end(std::string_view text, std::size_t pos) {
  std::size_t depth = 0;
  for (; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (c == '"') {
      pos = string_end(text, pos + 1);
      if (pos == text.npos) return text.size();
      if (depth == 0) return pos + 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return pos;
      if (--depth == 0) return pos + 1;
    } else if (depth == 0 && (c == ',' || is_space(c))) {
      return pos;
    }
  }
  return text.size();
}

bool begins_with_string(std::string_view text, std::string_view wanted) {
  text = text.substr(0, 6 * wanted.size() + 2);
  if (!text.starts_with('"')) return false;
  const std::size_t end = string_end(text, 1);
  if (end == text.npos) return false;
  std::string said(end - 1, '\0');
  const Unescaped unescaped = unescape(text.substr(1, end - 1), said.data());
  said.resize(unescaped.size);
  return unescaped.ok && said == wanted;
}

std::size_t Members::skip_blanks() {
  while (pos_ < json_.size() && is_space(json_[pos_])) ++pos_;
  return pos_;
}

std::optional<Member> Members::next() {
  if (skip_blanks() < json_.size() && json_[pos_] == ',') ++pos_;
  if (skip_blanks() == json_.size() || json_[pos_] != '"') return std::nullopt;
  const std::size_t key = pos_ + 1;
  const std::size_t quote = string_end(json_, key);
  if (quote == json_.npos) return std::nullopt;
  pos_ = quote + 1;
  if (skip_blanks() == json_.size() || json_[pos_] != ':') return std::nullopt;
  ++pos_;
  const std::size_t value = skip_blanks();
  pos_ = value_end(json_, value);
  if (pos_ == value) return std::nullopt;
  return Member{json_.substr(key, quote - key), json_.substr(value, pos_ - value)};
}

}  // namespace tocsin::event
