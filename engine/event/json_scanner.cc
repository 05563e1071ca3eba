#include "event/json_scanner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/limits.h"
#include "event/json_text.h"

namespace tocsin::event {
namespace {

static_assert(limits::kRecordDepth <= 64, "the bit stack is one word");

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// First '"', '\\' or '\n' at or after `pos`, else text.size(). Eight bytes at a time: a byte of
// `word ^ pattern` is zero exactly where the pattern's byte stands.
std::size_t find_string_stop(std::string_view text, std::size_t pos) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighs = 0x8080808080808080u;
  const auto zero_bytes = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  if constexpr (std::endian::native == std::endian::little) {
    for (; pos + 8 <= text.size(); pos += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + pos, 8);
      const std::uint64_t hits = zero_bytes(word ^ (kOnes * '"')) |
                                 zero_bytes(word ^ (kOnes * '\\')) |
                                 zero_bytes(word ^ (kOnes * '\n'));
      if (hits != 0) return pos + static_cast<std::size_t>(std::countr_zero(hits)) / 8;
    }
  }
  while (pos < text.size() && text[pos] != '"' && text[pos] != '\\' && text[pos] != '\n') ++pos;
  return pos;
}

}  // namespace

void JsonScanner::start() {
  *this = JsonScanner();
}

void JsonScanner::start_after_member() {
  start();
  open(true);
  state_ = State::after_value;
}

bool JsonScanner::open(bool object) {
  if (depth_ == limits::kRecordDepth) return false;
  const std::uint64_t bit = std::uint64_t{1} << depth_++;
  objects_ = object ? objects_ | bit : objects_ & ~bit;
  state_ = object ? State::first_key : State::first_element;
  return true;
}

JsonScanner::Status JsonScanner::end_value() {
  state_ = State::after_value;
  return depth_ == 0 ? Status::complete : Status::more;
}

JsonScanner::Status JsonScanner::begin_value(char c) {
  switch (c) {
    case '{':
    case '[':
      return open(c == '{') ? Status::more : Status::too_deep;
    case '"':
      string_is_key_ = false;
      state_ = State::string;
      return Status::more;
    case '-':
      state_ = State::minus;
      return Status::more;
    case '0':
      state_ = State::zero;
      return Status::more;
    case 't':
      literal_ = "rue";
      break;
    case 'f':
      literal_ = "alse";
      break;
    case 'n':
      literal_ = "ull";
      break;
    default:
      if (!is_digit(c)) return Status::unexpected;
      state_ = State::integer;
      return Status::more;
  }
  state_ = State::literal;
  return Status::more;
}

// A byte that is not blank, between tokens.
JsonScanner::Status JsonScanner::structure(char c) {
  const bool closes = c == '}' || c == ']';
  switch (state_) {
    case State::value:
      if (depth_ == 1 && (objects_ & 1) != 0 && !passed_) return Status::member;
      return begin_value(c);
    case State::first_element:
      if (c != ']') return begin_value(c);
      --depth_;
      return end_value();
    case State::first_key:
    case State::key:
      if (c == '"') {
        string_is_key_ = true;
        key_size_ = 0;
        state_ = State::string;
        return Status::more;
      }
      if (c != '}' || state_ == State::key) return Status::unexpected;
      --depth_;
      return end_value();
    case State::colon:
      if (c != ':') return Status::unexpected;
      state_ = State::value;
      passed_ = false;
      return Status::more;
    default:  // after_value; depth_ > 0
      if (c == ',') {
        state_ = inside_object() ? State::key : State::value;
        return Status::more;
      }
      if (!closes || (c == '}') != inside_object()) return Status::unexpected;
      --depth_;
      return end_value();
  }
}

JsonScanner::Status JsonScanner::string_byte(char c) {
  if (c == '\n') return Status::line_break;
  if (state_ == State::string) {
    if (c == '\\') {
      state_ = State::escape;
    } else if (string_is_key_) {
      state_ = State::colon;
    } else {
      return end_value();
    }
    return Status::more;
  }
  if (state_ == State::escape) {
    if (c == 'u') {
      state_ = State::hex;
      hex_left_ = 4;
      return Status::more;
    }
    if (std::strchr("\"\\/bfnrt", c) == nullptr || c == 0) return Status::unexpected;
    state_ = State::string;
    return Status::more;
  }
  if (!is_hex(c)) return Status::unexpected;
  if (--hex_left_ == 0) state_ = State::string;
  return Status::more;
}

// What is left of a string, or its next byte.
JsonScanner::Status JsonScanner::string_part(std::string_view text, std::size_t& pos) {
  const std::size_t from = pos;
  if (state_ == State::string) pos = find_string_stop(text, pos);
  const bool is_key = string_is_key_ && depth_ == 1;
  if (pos == text.size()) {
    if (is_key) keep_key(text.substr(from, pos - from));
    return Status::more;
  }
  const bool closes = state_ == State::string && text[pos] == '"';
  if (is_key) keep_key(text.substr(from, pos - from + (closes ? 0 : 1)));
  const Status status = string_byte(text[pos]);
  if (status <= Status::complete) ++pos;
  return status;
}

void JsonScanner::keep_key(std::string_view part) {
  const std::size_t room = kKeyBytes - std::min(key_size_, kKeyBytes);
  std::copy_n(part.begin(), std::min(room, part.size()), key_.data() + kKeyBytes - room);
  key_size_ += part.size();
}

std::string_view JsonScanner::key() {
  if (key_size_ > kKeyBytes) return {};
  const std::string_view key(key_.data(), key_size_);
  if (key.find('\\') == key.npos) return key;
  const Unescaped unescaped = unescape(key, key_.data());
  key_size_ = unescaped.ok && !unescaped.lone_surrogate ? unescaped.size : 0;
  return {key_.data(), key_size_};
}

// False when `c` does not belong to the number.
bool JsonScanner::number_byte(char c) {
  switch (state_) {
    case State::minus:
      if (!is_digit(c)) return false;
      state_ = c == '0' ? State::zero : State::integer;
      return true;
    case State::zero:
    case State::integer:
      if (c == '.')
        state_ = State::point;
      else if (c == 'e' || c == 'E')
        state_ = State::exponent;
      else
        return state_ == State::integer && is_digit(c);
      return true;
    case State::point:
    case State::fraction:
      if (is_digit(c))
        state_ = State::fraction;
      else if (state_ == State::fraction && (c == 'e' || c == 'E'))
        state_ = State::exponent;
      else
        return false;
      return true;
    case State::exponent:
      if (c == '+' || c == '-') {
        state_ = State::exponent_sign;
        return true;
      }
      [[fallthrough]];
    default:
      if (!is_digit(c)) return false;
      state_ = State::exponent_digits;
      return true;
  }
}

JsonScanner::Status JsonScanner::scan(std::string_view text, std::size_t& pos) {
  while (pos < text.size()) {
    Status status = Status::more;
    if (state_ <= State::after_value) {
      if (is_space(text[pos])) {
        ++pos;
        continue;
      }
      status = structure(text[pos]);
      if (status == Status::member) return status;
    } else if (in_string()) {
      status = string_part(text, pos);
      if (status != Status::more) return status;
      continue;
    } else if (state_ == State::literal) {
      if (text[pos] != literal_.front()) return Status::unexpected;
      literal_.remove_prefix(1);
      if (literal_.empty()) status = end_value();
    } else if (!number_byte(text[pos])) {
      const bool whole = state_ == State::zero || state_ == State::integer ||
                         state_ == State::fraction || state_ == State::exponent_digits;
      if (!whole) return Status::unexpected;
      if (end_value() == Status::complete) return Status::complete;
      continue;  // the byte belongs to what follows
    }
    if (status > Status::member) return status;
    ++pos;
    if (status == Status::complete) return status;
  }
  return Status::more;
}

JsonScanner::Status JsonScanner::scan_through(std::string_view text, std::size_t& pos) {
  for (;;) {
    const Status status = scan(text, pos);
    if (status != Status::member) return status;
    pass_member();
  }
}

void BracketScanner::start(const JsonScanner& scanner, std::size_t indent) {
  *this = BracketScanner();
  objects_ = scanner.objects();
  depth_ = scanner.depth();
  indent_ = indent;
  in_string_ = scanner.in_string();
}

// Types are known for the lowest 64 levels; deeper brackets are only counted.
bool BracketScanner::close(bool object) {
  if (depth_ <= 64 && (objects_ >> (depth_ - 1) & 1) != (object ? 1u : 0u)) return false;
  --depth_;
  return true;
}

BracketScanner::Status BracketScanner::scan(std::string_view text, std::size_t& pos, bool at_end) {
  for (; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (c == '\n') {  // also ends a string: no writer leaves a line break in one
      in_string_ = escaped_ = false;
      column_ = 0;
      previous_ = 0;
      continue;
    }
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
        previous_ = '"';
      } else {
        pos = find_string_stop(text, pos) - 1;
      }
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
      if (column_ != kNotBlank) ++column_;
      continue;
    }
    if ((c == '{' || c == '[') && column_ != kNotBlank) {
      if (column_ <= indent_) return Status::line_start;
      if (c == '{' && pos + 1 == text.size() && !at_end) return Status::more;
      if (c == '{' && pos + 1 < text.size() && text[pos + 1] == '"') return Status::line_start;
    }
    column_ = kNotBlank;
    if (c == '"') {
      if (previous_ != 0 && std::strchr(",:[{", previous_) == nullptr) return Status::lost;
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      const std::uint64_t bit = depth_ < 64 ? std::uint64_t{1} << depth_ : 0;
      objects_ = c == '{' ? objects_ | bit : objects_ & ~bit;
      ++depth_;
    } else if (c == '}' || c == ']') {
      if (!close(c == '}')) return Status::lost;
      if (depth_ == 0) {
        ++pos;
        return Status::balanced;
      }
    }
    previous_ = c;
  }
  return Status::more;
}

}  // namespace tocsin::event
