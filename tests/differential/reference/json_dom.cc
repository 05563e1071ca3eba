#include "differential/reference/json_dom.h"

#include <cctype>
#include <utility>

namespace tocsin::reference {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::size_t depth, bool strict)
      : text_(text), depth_(depth), strict_(strict) {}

  // A value and what follows it.
  std::optional<Json> run_at(std::size_t& at) {
    at_ = at;
    Json json;
    if (!value(json)) return std::nullopt;
    at = at_;
    return json;
  }

  std::optional<Json> run() {
    Json json;
    if (!value(json)) return std::nullopt;
    space();
    return at_ == text_.size() ? std::optional(std::move(json)) : std::nullopt;
  }

 private:
  int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
  bool accept(char c) { return peek() == c ? (++at_, true) : false; }
  bool accept_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  bool value(Json& out) {
    space();
    switch (peek()) {
      case '{':
        return nested([&] { return object(out); });
      case '[':
        return nested([&] { return array(out); });
      case '"':
        out.kind = Json::Kind::string;
        return string(out.text);
      case 't':
        return word("true", Json::Kind::boolean, out);
      case 'f':
        return word("false", Json::Kind::boolean, out);
      case 'n':
        return word("null", Json::Kind::null, out);
      default:
        return number(out);
    }
  }

  template <class Read>
  bool nested(Read read) {
    if (depth_ == 0) return false;
    --depth_;
    ++at_;
    const bool good = read();
    ++depth_;
    return good;
  }

  bool word(std::string_view text, Json::Kind kind, Json& out) {
    out.kind = kind;
    if (kind == Json::Kind::boolean) out.text = text;
    return accept_word(text);
  }

  bool object(Json& out) {
    out.kind = Json::Kind::object;
    space();
    if (accept('}')) return true;
    do {
      Member member;
      space();
      if (peek() != '"' || !string(member.key)) return false;
      space();
      if (!accept(':') || !value(member.value)) return false;
      out.members.push_back(std::move(member));
      space();
    } while (accept(','));
    return accept('}');
  }

  bool array(Json& out) {
    out.kind = Json::Kind::array;
    space();
    if (accept(']')) return true;
    do {
      if (!value(out.elements.emplace_back())) return false;
      space();
    } while (accept(','));
    return accept(']');
  }

  bool digits() {
    const std::size_t start = at_;
    while (std::isdigit(peek())) ++at_;
    return at_ > start;
  }

  bool number(Json& out) {
    const std::size_t start = at_;
    accept('-');
    if (!accept('0') && !digits()) return false;
    if (accept('.') && !digits()) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return false;
    }
    out.kind = Json::Kind::number;
    out.text = text_.substr(start, at_ - start);
    return true;
  }

  bool hex4(char32_t& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int c = peek();
      if (c < 0 || !std::isxdigit(c)) return false;
      unit =
          unit * 16 + static_cast<char32_t>(std::isdigit(c) ? c - '0' : std::tolower(c) - 'a' + 10);
      ++at_;
    }
    return true;
  }

  bool unicode_escape(std::string& bytes) {
    char32_t unit = 0;
    if (!hex4(unit)) return false;
    const std::size_t after = at_;
    char32_t low = 0;
    if (unit >= 0xD800 && unit < 0xDC00 && accept_word("\\u") && hex4(low) && low >= 0xDC00 &&
        low < 0xE000) {
      unit = 0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00);
    } else {
      at_ = after;
      const bool lone = unit >= 0xD800 && unit < 0xE000;
      if (lone && strict_) return false;
      if (lone) unit = 0xFFFD;
    }
    bytes += encode(std::u32string(1, unit));
    return true;
  }

  bool escape(std::string& bytes) {
    const int c = peek();
    if (c >= 0 && c < 0x20 && !strict_) {  // no escape: the backslash and the control byte are text
      bytes.push_back('\\');
      return true;
    }
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        bytes.push_back(static_cast<char>(c));
        return true;
      case 'b':
        bytes.push_back('\b');
        return true;
      case 'f':
        bytes.push_back('\f');
        return true;
      case 'n':
        bytes.push_back('\n');
        return true;
      case 'r':
        bytes.push_back('\r');
        return true;
      case 't':
        bytes.push_back('\t');
        return true;
      case 'u':
        return unicode_escape(bytes);
      default:
        return false;
    }
  }

  bool string(std::string& out) {
    ++at_;
    std::string bytes;
    while (peek() >= 0) {
      const char c = text_[at_++];
      if (c == '"') {
        out = encode(decode(bytes));
        return true;
      }
      if (strict_ && static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        bytes.push_back(c);
      } else if (!escape(bytes)) {
        return false;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t depth_;
  bool strict_;
  std::size_t at_ = 0;
};

void write_string(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void write(const Json& json, std::string& out) {
  switch (json.kind) {
    case Json::Kind::null:
      out += "null";
      return;
    case Json::Kind::boolean:
    case Json::Kind::number:
      out += json.text;
      return;
    case Json::Kind::string:
      return write_string(json.text, out);
    case Json::Kind::array:
      out.push_back('[');
      for (const Json& element : json.elements) {
        if (&element != &json.elements.front()) out.push_back(',');
        write(element, out);
      }
      out.push_back(']');
      return;
    case Json::Kind::object:
      out.push_back('{');
      for (const Member& member : json.members) {
        if (&member != &json.members.front()) out.push_back(',');
        write_string(member.key, out);
        out.push_back(':');
        write(member.value, out);
      }
      out.push_back('}');
  }
}

}  // namespace

const Json* Json::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string_view Json::text_of(std::string_view key) const {
  const Json* found = find(key);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

std::optional<Json> parse_json(std::string_view text, std::size_t depth) {
  return Parser(text, depth, false).run();
}

std::optional<Json> parse_strict_json(std::string_view text, std::size_t depth) {
  return is_valid_utf8(text) ? Parser(text, depth, true).run() : std::nullopt;
}

std::optional<Json> parse_json_at(std::string_view text, std::size_t& at, std::size_t depth) {
  return Parser(text, depth, false).run_at(at);
}

std::string to_text(const Json& json) {
  std::string out;
  write(json, out);
  return out;
}

}  // namespace tocsin::reference
