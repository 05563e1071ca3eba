// New values, and silence.
#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "differential/reference/correlate_group.h"

namespace tocsin::reference {
namespace {

constexpr Time kSteps = 256;
constexpr Time kShortestStep = 1'000'000'000;

// Takes what `pattern` matches at the beginning of `text`; its group, when it has one, is kept.
bool take(std::string_view& text, const re2::RE2& pattern, std::string& kept) {
  re2::StringPiece rest(text.data(), text.size()), group;
  const bool found = pattern.NumberOfCapturingGroups() == 0
                         ? re2::RE2::Consume(&rest, pattern)
                         : re2::RE2::Consume(&rest, pattern, &group);
  if (!found) return false;
  kept.append(group.data(), group.size());
  text.remove_prefix(text.size() - rest.size());
  return true;
}

// What engine/correlate/value_form.h says of `without_versions`.
std::string without_versions(std::string_view text) {
  static const re2::RE2 kOneCall("(?:command/|md/command#|api/|m/)[^ ]*", re2::RE2::Latin1);
  static const re2::RE2 kUuid("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\b",
                              re2::RE2::Latin1);
  static const re2::RE2 kVersion("[0-9][0-9A-Za-z]*(?:[._+~-][0-9A-Za-z]*[0-9][0-9A-Za-z]*)*",
                                 re2::RE2::Latin1);
  static const re2::RE2 kWordVersion(
      "([A-Za-z](?:[0-9A-Za-z]*[A-Za-z])?)[0-9]+\\.[0-9][0-9A-Za-z]*"
      "(?:[._+~-][0-9A-Za-z]*[0-9][0-9A-Za-z]*)*",
      re2::RE2::Latin1);
  static const re2::RE2 kWord("([0-9A-Za-z]+)", re2::RE2::Latin1);
  static const re2::RE2 kOther("((?s:.))", re2::RE2::Latin1);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  std::string out;
  bool begins_word = true;  // after a space
  while (!text.empty()) {
    if (begins_word) take(text, kOneCall, out);
    begins_word = text.starts_with(' ');
    if (text.empty() || take(text, kUuid, out) || take(text, kVersion, out)) continue;
    if (take(text, kWordVersion, out) || take(text, kWord, out)) continue;
    take(text, kOther, out);
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
  const Sighting* hit;
  Texts value;
};

// In the order of time.
std::vector<Use> uses_of(const Description& rules, const Sightings& hits, Mistake mistake) {
  std::vector<Use> uses;
  for (const Sighting* hit : hits) {
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

std::vector<Firing> new_value_firings(const Description& rules, const Sightings& hits,
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

std::vector<Firing> silence_firings(const Description& rules, const Sightings& hits,
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
