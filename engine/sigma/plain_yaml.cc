#include "sigma/plain_yaml.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace tocsin::sigma {
namespace {

constexpr std::size_t npos = std::string_view::npos;
// yaml-cpp takes nothing longer than 1,024 bytes for a key.
constexpr std::size_t kKeyBytes = 1000;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// No YAML syntax begins with it, whatever follows.
bool begins_plain(char c) {
  return is_word(c) || std::string_view("/\\.($+=^~;<").find(c) != npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Every function that reads something starts at the current line and leaves the next line with
// content behind it; false: not plain.
class PlainReader {
 public:
  PlainReader(std::string_view text, YamlBuilder& builder) : text_(text), builder_(builder) {}

  bool read() {
    if (text_.find_first_of("\t\r") != npos) return false;
    if (!text_.empty() && static_cast<unsigned char>(text_[0]) >= 0x80) return false;
    move_to(0);
    while (!done_) {
      builder_.document_start(mark(begin_));
      if (at_document()) {
        if (!is_blank(begin_ + 3)) return false;
        next_line();
      }
      if (done_ || column() != 0 || is_dash(begin_)) return false;
      if (!block_map(0)) return false;
      if (!done_ && !at_document()) return false;
    }
    return true;
  }

 private:
  // --- lines
  // -------------------------------------------------------------------------------------- The
  // first line from the one at `start` on that is neither blank nor a comment.
  void move_to(std::size_t start) {
    for (;; ++number_) {
      if (start >= text_.size()) {
        done_ = true;
        return;
      }
      line_ = start;
      end_ = std::min(text_.find('\n', start), text_.size());
      begin_ = skip_spaces(start);
      if (begin_ != end_ && text_[begin_] != '#') return;
      start = end_ + 1;
    }
  }
  void next_line() {
    const std::size_t start = end_ + 1;
    ++number_;
    move_to(start);
  }

  std::size_t column() const { return begin_ - line_; }
  YamlBuilder::Mark mark(std::size_t at) const {
    return {at, number_, static_cast<std::uint32_t>(at - line_ + 1)};
  }
  std::size_t skip_spaces(std::size_t at) const {
    while (at < end_ && text_[at] == ' ') ++at;
    return at;
  }
  bool ends_word(std::size_t at) const { return at >= end_ || text_[at] == ' '; }
  // Nothing but a comment from `at` on, the end of something.
  bool is_blank(std::size_t at) const {
    const std::size_t next = skip_spaces(at);
    return next >= end_ || (text_[next] == '#' && next > at);
  }
  bool is_dash(std::size_t at) const { return text_[at] == '-' && ends_word(at + 1); }
  bool at_document() const { return begin_ == line_ && text_.substr(begin_, 3) == "---"; }
  // Where the plain text that begins at `at` ends in this line.
  std::size_t plain_end(std::size_t at) const {
    std::size_t end = at;
    while (end < end_ && !(text_[end] == ' ' && end + 1 < end_ && text_[end + 1] == '#')) ++end;
    while (end > at && text_[end - 1] == ' ') --end;
    return end;
  }

  // --- collections
  // --------------------------------------------------------------------------------
  bool block_map(std::size_t indent) {
    builder_.collection_start(mark(begin_), YamlNode::Kind::map);
    do {
      if (!entry(indent)) return false;
    } while (!done_ && column() == indent && !at_document());
    if (!done_ && column() > indent) return false;
    builder_.collection_end();
    return true;
  }

  bool entry(std::size_t indent) {
    const std::size_t colon = key_end(begin_);
    if (colon == npos || colon - begin_ > kKeyBytes || !scalar(begin_, colon)) return false;
    const std::size_t value = skip_spaces(colon + 1);
    if (!is_blank(colon + 1)) return inline_value(value, indent);
    const YamlBuilder::Mark absent = mark(colon + 1);
    next_line();
    const bool dash = !done_ && is_dash(begin_);
    if (dash && column() >= indent) return block_sequence(column());
    if (!dash && !done_ && column() > indent) return block_map(column());
    builder_.null(absent);
    return true;
  }

  bool block_sequence(std::size_t indent) {
    builder_.collection_start(mark(begin_), YamlNode::Kind::sequence);
    do {
      const std::size_t item = skip_spaces(begin_ + 1);
      if (is_blank(begin_ + 1) || is_dash(item)) return false;
      if (key_end(item) == npos) {
        if (!inline_value(item, indent)) return false;
      } else {
        begin_ = item;
        if (!block_map(column())) return false;
      }
    } while (!done_ && column() == indent && is_dash(begin_));
    if (!done_ && column() > indent) return false;
    builder_.collection_end();
    return true;
  }

  // The colon of the key that begins at `at`, npos when there is none.
  std::size_t key_end(std::size_t at) const {
    if (text_[at] == '\'' || text_[at] == '"') {
      const std::size_t end = quoted_end(at);
      return end != npos && end < end_ && text_[end] == ':' && ends_word(end + 1) ? end : npos;
    }
    const std::size_t end = plain_end(at);
    for (std::size_t i = at; i < end; ++i) {
      if (text_[i] == ':' && ends_word(i + 1)) return i;
    }
    return npos;
  }

  // --- values
  // ------------------------------------------------------------------------------------- What
  // begins at `at` behind a key or a dash in a collection at column `indent`.
  bool inline_value(std::size_t at, std::size_t indent) {
    if (text_[at] == '|') return literal(at, indent);
    if (text_[at] == '[' || text_[at] == '{') return flow(at);
    if (text_[at] != '\'' && text_[at] != '"') return plain(at, indent);
    const std::size_t end = quoted_end(at);
    if (end == npos || !is_blank(end) || !scalar(at, end)) return false;
    next_line();
    return true;
  }

  // A plain scalar and the lines that continue it, which are indented deeper than its collection.
  bool plain(std::size_t at, std::size_t indent) {
    const YamlBuilder::Mark start = mark(at);
    if (!begins_scalar(at)) return false;
    for (value_.clear();; value_ += ' ') {
      if (key_end(at) != npos) return false;
      const std::size_t end = plain_end(at);
      value_.append(text_, at, end - at);
      const std::size_t line_end = end_;
      const bool comment = skip_spaces(end) != end_;
      next_line();
      if (done_ || column() <= indent) break;
      // After a comment or a blank line it is something else.
      if (comment || line_ != line_end + 1 || !begins_plain(text_[begin_])) return false;
      at = begin_;
    }
    send(start, false);
    return true;
  }

  bool begins_scalar(std::size_t at) const {
    return begins_plain(text_[at]) || (text_[at] == '-' && at + 1 < end_ && is_word(text_[at + 1]));
  }

  // Behind the closing quote, npos when it is not in this line or there are escapes.
  std::size_t quoted_end(std::size_t at) const {
    const char quote = text_[at];
    for (std::size_t i = at + 1; i < end_; ++i) {
      if (quote == '"' && text_[i] == '\\') return npos;
      if (text_[i] != quote) continue;
      if (quote == '"' || i + 1 >= end_ || text_[i + 1] != '\'') return i + 1;
      ++i;
    }
    return npos;
  }

  // Sends text_[at, end), which stands in this line.
  bool scalar(std::size_t at, std::size_t end) {
    const std::string_view written = text_.substr(at, end - at);
    if (written.empty()) return false;
    const bool quoted = written.front() == '\'' || written.front() == '"';
    if (quoted) {
      value_.clear();
      for (std::size_t i = 1; i + 1 < written.size(); ++i) {
        value_ += written[i];
        if (written[i] == '\'' && written[0] == '\'') ++i;
      }
    } else {
      if (!begins_scalar(at) || written.back() == ' ') return false;
      value_ = written;
    }
    send(mark(at), quoted);
    return true;
  }

  void send(YamlBuilder::Mark at, bool quoted) {
    const bool null = value_ == "null" || value_ == "~" || value_ == "Null" || value_ == "NULL";
    if (null && !quoted) return builder_.null(at);
    builder_.scalar(at, value_);
  }

  // One line of words: `[a, b]` or `{a: b, c: d}`.
  bool flow(std::size_t at) {
    const bool map = text_[at] == '{';
    const char close = map ? '}' : ']';
    builder_.collection_start(mark(at), map ? YamlNode::Kind::map : YamlNode::Kind::sequence);
    at = skip_spaces(at + 1);
    const bool empty = at < end_ && text_[at] == close;
    while (!empty) {
      if (map && (!word(at) || at >= end_ || text_[at++] != ':' || !ends_word(at))) return false;
      at = skip_spaces(at);
      if (!word(at)) return false;
      at = skip_spaces(at);
      if (at >= end_ || (text_[at] != ',' && text_[at] != close)) return false;
      if (text_[at] == close) break;
      at = skip_spaces(at + 1);
    }
    if (!is_blank(at + 1)) return false;
    builder_.collection_end();
    next_line();
    return true;
  }

  // Sends the word at `at` and moves behind it.
  bool word(std::size_t& at) {
    const std::size_t start = at;
    while (at < end_ && is_word(text_[at])) ++at;
    return at != start && scalar(start, at);
  }

  // `|` and `|-`: the lines indented as the first one, or deeper.
  bool literal(std::size_t at, std::size_t indent) {
    const bool strip = text_.substr(at, 2) == "|-";
    if (skip_spaces(at + (strip ? 2 : 1)) != end_) return false;
    std::string value;
    std::size_t width = 0, blank_lines = 0, lines = 0;
    std::size_t start = end_ + 1;
    for (; start < text_.size(); ++lines) {
      const std::size_t end = text_.find('\n', start);
      if (end == npos) return false;
      const std::size_t first = text_.find_first_not_of(' ', start);
      if (first == end) {
        if (width == 0 || end - start > width) return false;
        ++blank_lines;
      } else {
        if (width == 0) width = first - start;
        if (width <= indent) return false;
        if (first - start < width) break;
        value.append(blank_lines, '\n').append(text_, start + width, end - start - width) += '\n';
        blank_lines = 0;
      }
      start = end + 1;
    }
    if (value.empty()) return false;
    if (strip) value.pop_back();
    builder_.scalar(mark(at), value);
    number_ += static_cast<std::uint32_t>(lines) + 1;
    move_to(start);
    return true;
  }

  const std::string_view text_;
  YamlBuilder& builder_;
  std::string value_;  // of the scalar in hand
  // The current line: where it starts, where its content begins and ends, and its number.
  std::size_t line_ = 0, begin_ = 0, end_ = 0;
  std::uint32_t number_ = 1;
  bool done_ = false;
};

}  // namespace

bool read_plain_yaml(std::string_view text, YamlBuilder& builder) {
  return PlainReader(text, builder).read();
}

}  // namespace tocsin::sigma
