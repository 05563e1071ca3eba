#include "differential/generate/value_generator.h"

#include <array>
#include <cstdio>

#include "differential/generate/vocabulary.h"
#include "sigma/modifier_chain.h"

namespace tocsin::differential {
namespace {

using sigma::Modifier;

constexpr std::array kNumbers = {"0",
                                 "1",
                                 "-1",
                                 "1.0",
                                 "1.5",
                                 "10",
                                 "1.0e+1",
                                 "31",
                                 "7",
                                 "007",
                                 "0x1F",
                                 "0.1",
                                 "9007199254740993",
                                 "9007199254740992",
                                 "1234567890123456789012345",
                                 "1.0e+300",
                                 "-1.0e-300",
                                 "1.0e+21",
                                 "123456.789",
                                 "18446744073709551616"};
constexpr std::array kParts = {"1", "2", "3", "5", "10", "12"};
constexpr std::array kRegexes = {"a",   "^a",     "b$",       "a.*b", "^ab$", "[a-c]+",
                                 "a|k", "(?i)ab", "\\d+",     "^$",   "^b",   "s",
                                 "a.b", "\\.",    "(a|b){2}", "[^a]", "k"};
constexpr std::array kNetworks = {"10.0.0.0/8", "10.0.0.1",      "192.168.0.0/16",
                                  "0.0.0.0/0",  "::/0",          "2001:db8::/32",
                                  "::1",        "::ffff:0:0/96", "8.8.8.8/32"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// A text, usually with its special characters escaped, and wildcards put into some.
std::string pattern(Random& random) {
  const std::string plain = plain_text(random);
  if (random.percent(10)) return plain;
  std::string out = escaped(plain);
  if (random.percent(15)) out.insert(0, random.percent(80) ? "*" : "?");
  if (random.percent(15)) out += random.percent(80) ? "*" : "?";
  if (random.percent(15) && !out.empty()) {
    const std::size_t at = random.below(out.size());
    const bool simple = static_cast<signed char>(out[at]) >= 0 && out[at] != '\\';
    if (simple && (at == 0 || out[at - 1] != '\\')) out[at] = random.percent(60) ? '?' : '*';
  }
  return out;
}

bool timed(const Chain& chain) {
  return has_any(
      chain, {Modifier::minute, Modifier::hour, Modifier::day, Modifier::week, Modifier::month});
}

// Encodings take no wildcards, and UTF-16 as text takes only ASCII.
std::string text_for(Random& random, const Chain& chain) {
  const bool base64 = has_any(chain, {Modifier::base64, Modifier::base64offset});
  const bool wide =
      has_any(chain, {Modifier::wide, Modifier::utf16le, Modifier::utf16be, Modifier::utf16});
  if (base64) return escaped(word(random));
  for (;;) {
    std::string out = pattern(random);
    if (!wide || std::all_of(out.begin(), out.end(),
                             [](char c) { return static_cast<signed char>(c) >= 0; })) {
      return out;
    }
  }
}

std::string with_list(Random& random, const Chain& chain) {
  if (has(chain, Modifier::cidr)) return "%nets%";
  if (has(chain, Modifier::re)) return random.percent(50) ? "%plain%" : "^%plain%.*%plain%$";
  const bool base64 = has_any(chain, {Modifier::base64, Modifier::base64offset, Modifier::wide,
                                      Modifier::utf16, Modifier::utf16be, Modifier::utf16le});
  const char* list = base64 ? "%plain%" : random.percent(10) ? "%empty%" : "%patterns%";
  const std::size_t kind = random.below(100);
  if (kind < 50) return list;
  if (kind < 70) return "a" + std::string(list);
  if (kind < 85) return list + std::string("%plain%");
  return (base64 ? "b" : "*") + std::string(list) + "\\%";
}

}  // namespace

std::string make_value(Random& random, const Chain& chain) {
  if (has(chain, Modifier::expand)) return quoted(with_list(random, chain));
  if (has(chain, Modifier::exists)) return random.percent(50) ? "true" : "false";
  if (has(chain, Modifier::fieldref)) return quoted(random.pick(field_paths()));
  if (has(chain, Modifier::cidr)) return quoted(random.pick(kNetworks));
  if (has(chain, Modifier::re)) return quoted(random.pick(kRegexes));
  if (has(chain, Modifier::year)) return random.percent(50) ? "2024" : "2023";
  switch (sigma::accepts(chain)) {
    case sigma::Accepts::number:
      return timed(chain) ? random.pick(kParts) : random.pick(kNumbers);
    case sigma::Accepts::text:
      return quoted(text_for(random, chain));
    default:
      break;
  }
  const std::size_t kind = random.below(100);
  if (kind < 12) return random.pick(kNumbers);
  if (kind < 18) return random.percent(50) ? "true" : "false";
  if (kind < 23) return "null";
  return quoted(pattern(random));
}

std::string make_keyword(Random& random) {
  return random.percent(15) ? make_number(random) : quoted(pattern(random));
}
std::string make_number(Random& random) {
  return random.pick(kNumbers);
}
std::string make_network(Random& random) {
  return random.pick(kNetworks);
}

std::string quoted(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  std::string out = plain ? "'" : "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c == '\'' ? "''" : std::string(1, c);
    } else if (byte < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      out += escape.data();
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + (plain ? "'" : "\"");
}

sigma::Lists make_lists() {
  sigma::Lists lists;
  lists.set("plain", {"a", "ab", "\u212a", "b"});
  lists.set("patterns", {"a", "s*", "*B", "?", "a\\*b", "-a"});
  lists.set("nets", {"10.0.0.0/8", "::1", "2001:db8::/32"});
  lists.set("empty", {});
  return lists;
}

}  // namespace tocsin::differential
