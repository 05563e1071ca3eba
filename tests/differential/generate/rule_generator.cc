#include "differential/generate/rule_generator.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "differential/generate/vocabulary.h"
#include "sigma/modifier_chain.h"

namespace tocsin::differential {
namespace {

using sigma::Modifier;
using Chain = std::vector<sigma::ModifierUse>;

constexpr std::array kNames = {"selection", "sel_a", "sel_b", "filter_x", "filter_y", "_private"};
constexpr std::array kNumbers = {"0", "1", "-1", "1.0", "1.5", "10", "1.0e+1", "31", "7", "007",
                                 "0x1F", "0.1", "9007199254740993", "9007199254740992",
                                 "1234567890123456789012345", "1.0e+300", "-1.0e-300", "1.0e+21", "123456.789", "18446744073709551616"};
constexpr std::array kParts = {"1", "2", "3", "5", "10", "12"};
// Keys whose fields mostly hold what they ask for, see event_generator.cc.
constexpr std::array kTimeItems = {
    "eventTime|minute: 59", "eventTime|minute: 0", "eventTime|hour: 23", "eventTime|hour: 12",
    "eventTime|day: 31", "eventTime|day: 30", "eventTime|week: 53", "eventTime|week: 5",
    "eventTime|week: 1", "eventTime|month: 2", "eventTime|month: 12", "eventTime|year: 2021",
    "eventTime|year: 2024", "eventTime|hour|gte: 12", "eventTime|day|lt: 30",
    "eventTime|week|gt: 50", "eventTime|week|lte: 9", "eventTime|month|gt: 11"};
constexpr std::array kNumberKeys = {"n|lt", "n|lte", "n|gt", "n|gte", "n"};
constexpr std::array kNetworkKeys = {"sourceIPAddress|cidr", "sourceIPAddress|cidr|neq"};
constexpr std::array kLineKeys = {"lines|re", "lines|re|s", "lines|re|m", "lines|re|i", "lines|re|m|s"};
constexpr std::array kLineRegexes = {"a.b", "^b", "a$", "^a.b$", "A.b", "^$", "(?s)a.b"};
constexpr std::array kRegexes = {"a", "^a", "b$", "a.*b", "^ab$", "[a-c]+", "a|k", "(?i)ab", "\\d+",
                                 "^$", "^b", "s", "a.b", "\\.", "(a|b){2}", "[^a]", "k"};
constexpr std::array kNetworks = {"10.0.0.0/8", "10.0.0.1", "192.168.0.0/16", "0.0.0.0/0", "::/0",
                                  "2001:db8::/32", "::1", "::ffff:0:0/96", "8.8.8.8/32"};

// YAML in single quotes, or in double quotes where control characters need escapes.
std::string quoted(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20;
  });
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

bool has(const Chain& chain, Modifier modifier) {
  return std::any_of(chain.begin(), chain.end(), [&](const auto& use) { return use.kind == modifier; });
}
bool has_any(const Chain& chain, std::initializer_list<Modifier> modifiers) {
  return std::any_of(modifiers.begin(), modifiers.end(), [&](Modifier m) { return has(chain, m); });
}

class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string detections() {
    const std::size_t count = 1 + random_.below(3);
    const std::size_t first = random_.below(kNames.size());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      names.emplace_back(kNames[(first + i) % kNames.size()]);
      out_ += "    " + names.back() + ":";
      selection();
    }
    if (random_.percent(90)) {
      out_ += "    condition: " + condition(names, 0) + "\n";
    } else {
      out_ += "    condition:\n        - " + condition(names, 1) + "\n        - " +
              condition(names, 1) + "\n";
    }
    return std::move(out_);
  }

 private:
  void selection() {
    const std::size_t kind = random_.below(100);
    if (kind < 70) {
      out_ += "\n";
      items("        ", "        ");
    } else if (kind < 85) {  // any of several maps
      out_ += "\n";
      for (std::size_t n = 1 + random_.below(3); n > 0; --n) items("        - ", "          ");
    } else if (kind < 95) {
      out_ += "\n";
      for (std::size_t n = 1 + random_.below(3); n > 0; --n) out_ += "        - " + keyword() + "\n";
    } else {
      out_ += " " + keyword() + "\n";
    }
  }

  std::string keyword() {
    if (random_.percent(15)) return random_.pick(kNumbers);
    return quoted(pattern());
  }

  void items(const std::string& first, const std::string& others) {
    for (std::size_t n = 1 + random_.below(2), i = 0; i < n; ++i) {
      out_ += i == 0 ? first : others;
      item(others);
    }
  }

  void matching_kinds() {
    const auto put = [&](const auto& keys, const auto& values) {
      out_ += quoted(random_.pick(keys)) + ": " + random_.pick(values) + "\n";
    };
    switch (random_.below(4)) {
      case 0: out_ += random_.pick(kTimeItems) + std::string("\n"); return;
      case 1: return put(kNumberKeys, kNumbers);
      case 2: return put(kNetworkKeys, kNetworks);
      default: return put(kLineKeys, kLineRegexes);
    }
  }

  void item(const std::string& indent) {
    if (random_.percent(15)) return matching_kinds();
    const Chain& chain = pick_chain();
    const bool keywords = random_.percent(5) && sigma::accepts(chain) == sigma::Accepts::text &&
                          !has_any(chain, {Modifier::fieldref, Modifier::cidr});
    std::string key = keywords ? "" : random_.pick(field_paths());
    if (has(chain, Modifier::cidr) && random_.percent(50)) key = "sourceIPAddress";
    for (const auto& use : chain) key += "|" + std::string(sigma::to_string(use.kind));
    out_ += quoted(key) + ":";
    const std::size_t count = has(chain, Modifier::exists) ? 1 : random_.below(100) < 60 ? 1 : 2 + random_.below(2);
    if (count == 1 && random_.percent(80)) {
      out_ += " " + value(chain) + "\n";
      return;
    }
    if (!keywords && chain.empty() && random_.percent(3)) {
      out_ += " []\n";
      return;
    }
    out_ += "\n";
    for (std::size_t i = 0; i < count; ++i) out_ += indent + "    - " + value(chain) + "\n";
  }

  const Chain& pick_chain() {
    constexpr std::array<std::size_t, 10> kLengths = {0, 0, 0, 1, 1, 1, 1, 2, 2, 3};
    return random_.pick(legal_chains()[random_.pick(kLengths)]);
  }

  std::string value(const Chain& chain) {
    if (has(chain, Modifier::expand)) return quoted(with_list(chain));
    if (has(chain, Modifier::exists)) return random_.percent(50) ? "true" : "false";
    if (has(chain, Modifier::fieldref)) return quoted(random_.pick(field_paths()));
    if (has(chain, Modifier::cidr)) return quoted(random_.pick(kNetworks));
    if (has(chain, Modifier::re)) return quoted(random_.pick(kRegexes));
    if (has(chain, Modifier::year)) return random_.percent(50) ? "2024" : "2023";
    switch (sigma::accepts(chain)) {
      case sigma::Accepts::number: return timed(chain) ? random_.pick(kParts) : random_.pick(kNumbers);
      case sigma::Accepts::text: return quoted(text(chain));
      default: break;
    }
    const std::size_t kind = random_.below(100);
    if (kind < 12) return random_.pick(kNumbers);
    if (kind < 18) return random_.percent(50) ? "true" : "false";
    if (kind < 23) return "null";
    return quoted(pattern());
  }

  static bool timed(const Chain& chain) {
    return has_any(chain, {Modifier::minute, Modifier::hour, Modifier::day, Modifier::week, Modifier::month});
  }

  // Encodings take no wildcards, and UTF-16 as text takes only ASCII.
  std::string text(const Chain& chain) {
    const bool base64 = has_any(chain, {Modifier::base64, Modifier::base64offset});
    const bool wide = has_any(chain, {Modifier::wide, Modifier::utf16le, Modifier::utf16be, Modifier::utf16});
    if (base64) return escaped(word(random_));
    for (;;) {
      std::string out = pattern();
      if (!wide || std::all_of(out.begin(), out.end(), [](char c) { return static_cast<signed char>(c) >= 0; })) {
        return out;
      }
    }
  }

  std::string with_list(const Chain& chain) {
    if (has(chain, Modifier::cidr)) return "%nets%";
    if (has(chain, Modifier::re)) return random_.percent(50) ? "%plain%" : "^%plain%.*%plain%$";
    const bool base64 = has_any(chain, {Modifier::base64, Modifier::base64offset, Modifier::wide, Modifier::utf16, Modifier::utf16be, Modifier::utf16le});
    const char* list = base64 ? "%plain%" : random_.percent(10) ? "%empty%" : "%patterns%";
    const std::size_t kind = random_.below(100);
    if (kind < 50) return list;
    if (kind < 70) return "a" + std::string(list);
    if (kind < 85) return list + std::string("%plain%");
    return (base64 ? "b" : "*") + std::string(list) + "\\%";
  }

  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == '*' || c == '?' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  // A text, usually with its special characters escaped, and wildcards put into some.
  std::string pattern() {
    const std::string plain = plain_text(random_);
    if (random_.percent(10)) return plain;
    std::string out = escaped(plain);
    if (random_.percent(15)) out.insert(0, random_.percent(80) ? "*" : "?");
    if (random_.percent(15)) out += random_.percent(80) ? "*" : "?";
    if (random_.percent(15) && !out.empty()) {
      const std::size_t at = random_.below(out.size());
      const bool simple = static_cast<signed char>(out[at]) >= 0 && out[at] != '\\';
      if (simple && (at == 0 || out[at - 1] != '\\')) out[at] = random_.percent(60) ? '?' : '*';
    }
    return out;
  }

  std::string condition(const std::vector<std::string>& names, int depth) {
    const std::size_t kind = random_.below(depth < 3 ? 100 : 60);
    if (kind < 45) return random_.pick(names);
    if (kind < 60) {
      constexpr std::array kQuantifiers = {"1 of ", "all of ", "any of "};
      return std::string(random_.pick(kQuantifiers)) + name_pattern(random_.pick(names));
    }
    if (kind < 70) return "not " + condition(names, depth + 1);
    if (kind < 80) return "(" + condition(names, depth + 1) + ")";
    return condition(names, depth + 1) + (random_.percent(50) ? " and " : " or ") +
           condition(names, depth + 1);
  }

  // Usually one that means `name`.
  std::string name_pattern(const std::string& name) {
    if (random_.percent(25)) return name.starts_with('_') ? "_*" : "them";
    if (random_.percent(3)) return "nothing*";
    const std::size_t cut = 1 + random_.below(name.size());
    std::string out = name.substr(0, cut) + "*";
    if (random_.percent(20)) out += name.back();
    return out;
  }

  Random& random_;
  std::string out_;
};

std::string id_of(std::size_t number) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "00000000-0000-4000-8000-%012zu", number);
  return text.data();
}

ChainsByLength make_chains() {
  constexpr int kModifiers = static_cast<int>(Modifier::fieldref) + 1;
  ChainsByLength chains;
  chains[0] = {{}};
  for (std::size_t length = 1; length < chains.size(); ++length) {
    for (const Chain& shorter : chains[length - 1]) {
      for (int m = 0; m < kModifiers; ++m) {
        Chain chain = shorter;
        chain.push_back({static_cast<Modifier>(m), {}});
        if (!sigma::check_chain(chain)) chains[length].push_back(std::move(chain));
      }
    }
  }
  // A byte order mark is no text: without base64 behind it nothing can match.
  for (std::vector<Chain>& some : chains) {
    std::erase_if(some, [](const Chain& chain) {
      return has(chain, Modifier::utf16) &&
             !has_any(chain, {Modifier::base64, Modifier::base64offset});
    });
  }
  return chains;
}

}  // namespace

const ChainsByLength& legal_chains() {
  static const ChainsByLength kChains = make_chains();
  return kChains;
}

sigma::Lists make_lists() {
  sigma::Lists lists;
  lists.set("plain", {"a", "ab", "\u212a", "b"});
  lists.set("patterns", {"a", "s*", "*B", "?", "a\\*b", "-a"});
  lists.set("nets", {"10.0.0.0/8", "::1", "2001:db8::/32"});
  lists.set("empty", {});
  return lists;
}

std::string make_rule(Random& random, std::size_t number) {
  return "title: Rule " + std::to_string(number) + "\nid: " + id_of(number) +
         "\nlogsource:\n    product: aws\n    service: cloudtrail\ndetection:\n" +
         Writer(random).detections();
}

std::string make_filter(Random& random, std::size_t number) {
  return "title: Filter " + std::to_string(number) +
         "\nlogsource:\n    product: aws\nfilter:\n    rules:\n        - Rule " +
         std::to_string(number) + "\n" + Writer(random).detections();
}

}  // namespace tocsin::differential
