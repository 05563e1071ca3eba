#include "differential/generate/rule_generator.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "differential/generate/value_generator.h"
#include "differential/generate/vocabulary.h"
#include "sigma/modifier_chain.h"

namespace tocsin::differential {
namespace {

using sigma::Modifier;

constexpr std::array kNames = {"selection", "sel_a", "sel_b", "filter_x", "filter_y", "_private"};

// Keys whose fields mostly hold what they ask for, see event_generator.cc.
constexpr std::array kTimeItems = {
    "eventTime|minute: 59",  "eventTime|minute: 0",    "eventTime|hour: 23",
    "eventTime|hour: 12",    "eventTime|day: 31",      "eventTime|day: 30",
    "eventTime|week: 53",    "eventTime|week: 5",      "eventTime|week: 1",
    "eventTime|month: 2",    "eventTime|month: 12",    "eventTime|year: 2021",
    "eventTime|year: 2024",  "eventTime|hour|gte: 12", "eventTime|day|lt: 30",
    "eventTime|week|gt: 50", "eventTime|week|lte: 9",  "eventTime|month|gt: 11"};
constexpr std::array kNumberKeys = {"n|lt", "n|lte", "n|gt", "n|gte", "n"};
constexpr std::array kNetworkKeys = {"sourceIPAddress|cidr", "sourceIPAddress|cidr|neq"};
constexpr std::array kLineKeys = {"lines|re", "lines|re|s", "lines|re|m", "lines|re|i",
                                  "lines|re|m|s"};
constexpr std::array kLineRegexes = {"a.b", "^b", "a$", "^a.b$", "A.b", "^$", "(?s)a.b"};

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
      for (std::size_t n = 1 + random_.below(3); n > 0; --n)
        out_ += "        - " + make_keyword(random_) + "\n";
    } else {
      out_ += " " + make_keyword(random_) + "\n";
    }
  }

  void items(const std::string& first, const std::string& others) {
    for (std::size_t n = 1 + random_.below(2), i = 0; i < n; ++i) {
      out_ += i == 0 ? first : others;
      item(others);
    }
  }

  void matching_kinds() {
    const auto put = [&](const auto& keys, const std::string& value) {
      out_ += quoted(random_.pick(keys)) + ": " + value + "\n";
    };
    switch (random_.below(4)) {
      case 0:
        out_ += random_.pick(kTimeItems) + std::string("\n");
        return;
      case 1:
        return put(kNumberKeys, make_number(random_));
      case 2:
        return put(kNetworkKeys, make_network(random_));
      default:
        return put(kLineKeys, random_.pick(kLineRegexes));
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
    const bool one =
        has(chain, Modifier::exists) || (random_.below(100) < 60 && !has(chain, Modifier::all));
    const std::size_t count = one ? 1 : 2 + random_.below(2);
    if (count == 1 && random_.percent(80)) {
      out_ += " " + make_value(random_, chain) + "\n";
      return;
    }
    if (!keywords && chain.empty() && random_.percent(3)) {
      out_ += " []\n";
      return;
    }
    out_ += "\n";
    for (std::size_t i = 0; i < count; ++i)
      out_ += indent + "    - " + make_value(random_, chain) + "\n";
  }

  const Chain& pick_chain() {
    constexpr std::array<std::size_t, 10> kLengths = {0, 0, 0, 1, 1, 1, 1, 2, 2, 3};
    return random_.pick(legal_chains()[random_.pick(kLengths)]);
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
