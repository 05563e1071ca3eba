#include "differential/reference/pattern.h"

#include <utility>

#include "differential/reference/json_dom.h"
#include "differential/reference/values.h"

namespace tocsin::reference {
namespace {

using sigma::Modifier;
using Kind = Symbol::Kind;

constexpr Symbol kStar{Kind::any_string, 0};

bool is_literal(const Symbol& symbol, char32_t c) {
  return symbol.kind == Kind::literal && symbol.character == c;
}

bool is_word(const Symbol& symbol) {
  const char32_t c = symbol.character;
  return symbol.kind == Kind::literal && ((c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') ||
                                          (c >= U'0' && c <= U'9') || c == U'_' || c >= 0x80);
}

std::u32string characters(const Symbols& symbols) {
  std::u32string out;
  for (const Symbol& symbol : symbols) out.push_back(symbol.character);
  return out;
}

Symbols operator+(Symbols a, const Symbols& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A pattern on its way through the chain. After a UTF-16 modifier each literal is one byte.
struct Stage {
  Symbols symbols;
  bool bytes = false;

  std::string encoded() const {
    const std::u32string text = characters(symbols);
    if (!bytes) return encode(text);
    return std::string(text.begin(), text.end());
  }
};
using Stages = std::vector<Stage>;

Stages windash(const Stage& stage) {
  Stages out = {{{}, stage.bytes}};
  const Symbols& s = stage.symbols;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool dash = (is_literal(s[i], U'-') || is_literal(s[i], U'/')) &&
                      (i == 0 || !is_word(s[i - 1])) && i + 1 < s.size() && is_word(s[i + 1]);
    Stages longer;
    for (const char32_t c :
         dash ? std::u32string(U"-/\u2013\u2014\u2015") : std::u32string(1, U'\0')) {
      for (const Stage& known : out) {
        longer.push_back(known);
        longer.back().symbols.push_back(dash ? Symbol{Kind::literal, c} : s[i]);
      }
    }
    out = std::move(longer);
  }
  return out;
}

// Where a run of literals reads `%name%`, not after a backslash: one past its end, else `begin`.
std::size_t placeholder_end(const Symbols& s, std::size_t begin) {
  if (!is_literal(s[begin], U'%') || (begin > 0 && is_literal(s[begin - 1], U'\\'))) return begin;
  for (std::size_t i = begin + 1; i < s.size() && s[i].kind == Kind::literal; ++i) {
    if (s[i].character == U'%') return i > begin + 1 ? i + 1 : begin;
  }
  return begin;
}

// `read` gives a list's value its meaning.
template <class Read>
Stages expand(const Stage& stage, const sigma::Lists& lists, Read read) {
  Stages out = {{{}, stage.bytes}};
  const Symbols& s = stage.symbols;
  for (std::size_t i = 0; i < s.size();) {
    std::vector<Symbols> choices;
    const std::size_t end = placeholder_end(s, i);
    if (end > i) {
      const Symbols name(s.begin() + static_cast<std::ptrdiff_t>(i + 1),
                         s.begin() + static_cast<std::ptrdiff_t>(end - 1));
      for (const std::string& value : *lists.find(encode(characters(name)))) {
        choices.push_back(read(value));
      }
      i = end;
    } else {
      const bool escape = is_literal(s[i], U'\\') && i + 1 < s.size() && is_literal(s[i + 1], U'%');
      if (escape) ++i;  // `\%` is a percent sign
      choices.push_back({s[i++]});
    }
    Stages longer;
    for (const Stage& known : out) {
      for (const Symbols& choice : choices) longer.push_back({known.symbols + choice, known.bytes});
    }
    out = std::move(longer);
  }
  return out;
}

Stage utf16(const Stage& stage, Modifier form) {
  Stage out{{}, true};
  for (std::size_t i = 0; i < stage.symbols.size();) {
    std::u32string run;
    while (i < stage.symbols.size() && stage.symbols[i].kind == Kind::literal) {
      run.push_back(stage.symbols[i++].character);
    }
    if (!run.empty()) out.symbols = out.symbols + literals(utf16_bytes(run, form));
    if (!run.empty() && form == Modifier::utf16) form = Modifier::utf16le;  // one mark is enough
    if (i < stage.symbols.size()) out.symbols.push_back(stage.symbols[i++]);
  }
  return out;
}

// pySigma's and the specification's three shifts: what does not depend on the neighbours.
Stages offsets(const Stage& stage) {
  const std::string bytes = stage.encoded();
  Stages out;
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::size_t first_bit = shift * 8, end_bit = first_bit + bytes.size() * 8;
    const std::size_t first = (first_bit + 5) / 6, end = end_bit / 6;
    const std::string text = base64(std::string(shift, '\0') + bytes);
    out.push_back({read_pattern(end > first ? text.substr(first, end - first) : ""), false});
  }
  return out;
}

Stages apply(Modifier modifier, const Stage& stage, const sigma::Lists& lists) {
  switch (modifier) {
    case Modifier::contains:
      return {{Symbols{kStar} + stage.symbols + Symbols{kStar}, stage.bytes}};
    case Modifier::startswith:
      return {{stage.symbols + Symbols{kStar}, stage.bytes}};
    case Modifier::endswith:
      return {{Symbols{kStar} + stage.symbols, stage.bytes}};
    case Modifier::windash:
      return windash(stage);
    case Modifier::expand:
      return expand(stage, lists, read_pattern);
    case Modifier::wide:
    case Modifier::utf16le:
    case Modifier::utf16be:
    case Modifier::utf16:
      return {utf16(stage, modifier)};
    case Modifier::base64:
      return {{read_pattern(base64(stage.encoded())), false}};
    case Modifier::base64offset:
      return offsets(stage);
    default:
      return {stage};
  }
}

}  // namespace

Symbols literals(std::u32string_view text) {
  Symbols out;
  for (const char32_t c : text) out.push_back({Kind::literal, c});
  return out;
}

Symbols read_pattern(std::string_view text) {
  const std::u32string characters = decode(text);
  Symbols out;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = characters[i];
    const char32_t next = i + 1 < characters.size() ? characters[i + 1] : U'\0';
    if (c == U'\\' && (next == U'*' || next == U'?' || next == U'\\')) {
      out.push_back({Kind::literal, next});
      ++i;
    } else if (c == U'*' || c == U'?') {
      out.push_back({c == U'*' ? Kind::any_string : Kind::any_char, 0});
    } else {
      out.push_back({Kind::literal, c});
    }
  }
  return out;
}

// On a mismatch the last star takes one character more.
bool glob(const Symbols& pattern, std::u32string_view text) {
  std::size_t p = 0, t = 0, after_star = 0, resume = 0;
  bool star = false;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p].kind == Kind::any_string) {
      star = true;
      after_star = ++p;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p].kind == Kind::any_char || is_literal(pattern[p], text[t]))) {
      ++p, ++t;
    } else if (star) {
      p = after_star;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p].kind == Kind::any_string) ++p;
  return p == pattern.size();
}

std::vector<Symbols> patterns_of(const sigma::DetectionItem& item, const std::string& value,
                                 const sigma::Lists& lists) {
  Stages stages = {{read_pattern(value), false}};
  for (const sigma::ModifierUse& use : item.modifiers) {
    Stages next;
    for (const Stage& stage : stages) {
      for (Stage& applied : apply(use.kind, stage, lists)) next.push_back(std::move(applied));
    }
    stages = std::move(next);
  }
  std::vector<Symbols> out;
  for (Stage& stage : stages) out.push_back(std::move(stage.symbols));
  return out;
}

std::vector<std::string> expanded_text(const std::string& text, const sigma::Lists& lists) {
  const auto as_written = [](const std::string& value) { return literals(decode(value)); };
  std::vector<std::string> out;
  for (const Stage& stage : expand({literals(decode(text)), false}, lists, as_written)) {
    out.push_back(stage.encoded());
  }
  return out;
}

}  // namespace tocsin::reference
