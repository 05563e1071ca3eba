#include "program/pattern.h"

#include <utility>

#include "base/text.h"

namespace tocsin::program {
namespace {

std::size_t code_point_size(std::string_view text, std::size_t pos) {
  std::size_t end = pos;
  text::next_code_point(text, end);
  return end - pos;
}

}  // namespace

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

// Matches `segment` at `pos` and moves `pos` behind it.
bool Glob::match_at(const Segment& segment, std::string_view text, std::size_t& pos) {
  if (segment.plain) {
    if (text.compare(pos, segment.text.size(), segment.text) != 0) return false;
    pos += segment.text.size();
    return true;
  }
  std::size_t at = pos;
  for (const char c : segment.text) {
    if (at >= text.size()) return false;
    if (c == kAnyChar) {
      at += code_point_size(text, at);
    } else if (text[at++] != c) {
      return false;
    }
  }
  pos = at;
  return true;
}

// Finds the leftmost match at or after `pos` and moves `pos` behind it. Leftmost is enough between
// two `*`: a later match leaves less text for the segments that follow.
bool Glob::find_from(const Segment& segment, std::string_view text, std::size_t& pos) {
  if (segment.plain) {
    const std::size_t found = text.find(segment.text, pos);
    if (found == std::string_view::npos) return false;
    pos = found + segment.text.size();
    return true;
  }
  for (std::size_t start = pos; start < text.size(); start += code_point_size(text, start)) {
    std::size_t end = start;
    if (match_at(segment, text, end)) {
      pos = end;
      return true;
    }
  }
  return false;
}

// True when `segment` matches exactly up to the end, starting at or after `from`.
bool Glob::match_end(const Segment& segment, std::string_view text, std::size_t from) {
  if (segment.plain) {
    return text.size() - from >= segment.text.size() && text.ends_with(segment.text);
  }
  for (std::size_t start = from; start < text.size(); start += code_point_size(text, start)) {
    std::size_t end = start;
    if (match_at(segment, text, end) && end == text.size()) return true;
  }
  return false;
}

bool Glob::matches(std::string_view text) const {
  if (segments_.empty()) return open_start_ || text.empty();
  std::size_t pos = 0;
  std::size_t first = 0;
  std::size_t last = segments_.size();
  if (!open_start_) {
    if (!match_at(segments_[0], text, pos)) return false;
    if (last == 1) return open_end_ || pos == text.size();
    first = 1;
  }
  if (!open_end_) --last;
  for (std::size_t i = first; i < last; ++i) {
    if (!find_from(segments_[i], text, pos)) return false;
  }
  return open_end_ || match_end(segments_.back(), text, pos);
}

}  // namespace tocsin::program
