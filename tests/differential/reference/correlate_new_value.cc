// New values, and silence.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "differential/reference/correlate_group.h"

namespace tocsin::reference {
namespace {

constexpr Time kSteps = 256;
constexpr Time kShortestStep = 1'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Without its version numbers: digits and dots that begin with a digit, not within a word.
std::string without_versions(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool in_word = i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0;
    if (!is_digit(text[i]) || in_word) {
      out += text[i++];
      continue;
    }
    while (i < text.size() && (is_digit(text[i]) || text[i] == '.')) ++i;
  }
  return out;
}

// The network of an IP address; any other text as it is.
std::string network_of(const std::string& text, const sigma::Correlation::Network& lengths) {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 4;
  unsigned prefix = lengths.ipv4;
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) != 1) {
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    size = 16;
    prefix = lengths.ipv6;
  }
  std::string bits;
  for (std::size_t i = 0; i < size; ++i) {
    for (int bit = 7; bit >= 0; --bit) bits += (bytes[i] >> bit & 1) != 0 ? '1' : '0';
  }
  return "network " + bits.substr(0, prefix) + " of " + std::to_string(size);
}

Texts compared(const Description& rules, Texts tuple) {
  for (std::size_t i = 0; i < tuple.size(); ++i) {
    const std::string& field = rules.fields[i];
    if (rules.ignore_versions.contains(field)) tuple[i] = without_versions(tuple[i]);
    const auto network = rules.networks.find(field);
    if (network != rules.networks.end()) tuple[i] = network_of(tuple[i], network->second);
  }
  return tuple;
}

struct Use {
  const Member* hit;
  Texts value;
};

// In the order of time.
std::vector<Use> uses_of(const Description& rules, const Members& hits, Mistake mistake) {
  std::vector<Use> uses;
  for (const Member* hit : hits) {
    std::set<Texts> values;
    for (const Texts& tuple : combinations_of(rules, *hit, rules.fields, mistake)) {
      values.insert(compared(rules, tuple));
    }
    for (const Texts& value : values) uses.push_back({hit, value});
  }
  return uses;
}

bool is_new(const Description& rules, const Use& use, const std::vector<Use>& uses,
            Mistake mistake) {
  const Time step = std::max(kShortestStep, rules.forget / kSteps);
  return std::none_of(uses.begin(), uses.end(), [&](const Use& other) {
    if (other.value != use.value || other.hit->time >= use.hit->time) return false;
    if (rules.forget == 0) return true;
    if (mistake == Mistake::forget_by_time) return use.hit->time - other.hit->time <= rules.forget;
    return other.hit->time / step >= use.hit->time / step - kSteps;
  });
}

std::size_t known_before(Time time, const std::vector<Use>& uses) {
  std::set<Texts> known;
  for (const Use& use : uses) {
    if (use.hit->time < time) known.insert(use.value);
  }
  return known.size();
}

}  // namespace

std::vector<Firing> new_value_firings(const Description& rules, const Members& hits,
                                      Mistake mistake) {
  std::vector<Firing> firings;
  const std::vector<Use> uses = uses_of(rules, hits, mistake);
  std::set<std::pair<Time, Texts>> told;
  for (const Use& use : uses) {
    const Time t = use.hit->time;
    const Time late = mistake == Mistake::learning_inclusive ? 1 : 0;
    if (t < uses.front().hit->time + rules.learning + late) continue;
    const std::size_t known = known_before(mistake == Mistake::known_inclusive ? t + 1 : t, uses);
    if (known < rules.min_known) continue;
    if (!is_new(rules, use, uses, mistake)) continue;
    // Several events with the same new value at one time are one firing, of the first of them.
    if (!told.insert({t, use.value}).second) continue;
    firings.push_back({t, use.hit, t, t, 1, static_cast<double>(known)});
  }
  return firings;
}

std::vector<Firing> silence_firings(const Description& rules, const Members& hits,
                                    Mistake mistake) {
  std::vector<Firing> firings;
  const Time shorter = mistake == Mistake::silence_inclusive ? 1 : 0;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const Time last = hits[i]->time, end = last + rules.timespan;
    const bool goes_on = i + 1 < hits.size() && hits[i + 1]->time <= end - shorter;
    if (!goes_on) firings.push_back({end, hits[i], last, end, 1, 0});
  }
  return firings;
}

}  // namespace tocsin::reference
