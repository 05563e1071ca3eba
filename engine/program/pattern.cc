#include "program/pattern.h"

#include <utility>

namespace tocsin::program {

void Pattern::append(Part part) {
  if (part.kind == Part::Kind::literal) {
    if (part.text.empty()) return;
    if (!parts.empty() && parts.back().kind == Part::Kind::literal) {
      parts.back().text += part.text;
      return;
    }
  }
  parts.push_back(std::move(part));
}

void Pattern::append(const Pattern& other) {
  for (const Part& part : other.parts) append(part);
}

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.append(Part{Part::Kind::literal, std::move(text)});
  return pattern;
}

Pattern Pattern::parse(std::string_view text) {
  Pattern pattern;
  std::string literal;
  const auto flush = [&] { pattern.append(Part{Part::Kind::literal, std::exchange(literal, {})}); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() &&
        (text[i + 1] == '*' || text[i + 1] == '?' || text[i + 1] == '\\')) {
      literal.push_back(text[++i]);
    } else if (c == '*' || c == '?') {
      flush();
      pattern.append(Part{c == '*' ? Part::Kind::any_string : Part::Kind::any_char, {}});
    } else {
      literal.push_back(c);
    }
  }
  flush();
  return pattern;
}

bool Pattern::has_wildcards() const {
  for (const Part& part : parts) {
    if (part.kind == Part::Kind::any_string || part.kind == Part::Kind::any_char) return true;
  }
  return false;
}

bool Pattern::has_placeholders() const {
  for (const Part& part : parts) {
    if (part.kind == Part::Kind::placeholder) return true;
  }
  return false;
}

std::string Pattern::plain() const {
  return parts.empty() ? std::string() : parts.front().text;
}

std::string Pattern::to_string() const {
  std::string out;
  for (const Part& part : parts) {
    switch (part.kind) {
      case Part::Kind::any_string:
        out += '*';
        break;
      case Part::Kind::any_char:
        out += '?';
        break;
      case Part::Kind::placeholder:
        out += '%' + part.text + '%';
        break;
      case Part::Kind::literal:
        for (std::size_t i = 0; i < part.text.size(); ++i) {
          const char c = part.text[i];
          const char next = i + 1 < part.text.size() ? part.text[i + 1] : '*';
          const bool ambiguous = c == '\\' && (next == '\\' || next == '*' || next == '?');
          if (c == '*' || c == '?' || ambiguous) out += '\\';
          out += c;
        }
        break;
    }
  }
  return out;
}

Glob::Glob(const Pattern& pattern) {
  Segment segment;
  bool after_star = false;
  for (const Pattern::Part& part : pattern.parts) {
    if (part.kind == Pattern::Part::Kind::any_string) {
      if (segments_.empty() && segment.text.empty()) open_start_ = true;
      if (!segment.text.empty()) segments_.push_back(std::exchange(segment, Segment{}));
      after_star = true;
      continue;
    }
    after_star = false;
    if (part.kind == Pattern::Part::Kind::any_char) {
      segment.text.push_back(kAnyChar);
      segment.plain = false;
    } else {
      segment.text += part.text;
    }
  }
  open_end_ = after_star;
  if (!segment.text.empty()) segments_.push_back(std::move(segment));
}

}  // namespace tocsin::program
