#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "alert/correlation_words.h"
#include "alert/wording.h"
#include "slack_blocks.h"
#include "slack_correlation.h"
#include "slack_joined.h"
#include "slack_layout.h"
#include "slack_message.h"
#include "slack_text.h"

namespace tocsin::notifiers::slack {
namespace {

using alert::Alert;
using deliver::Item;

// One alert of several, in at most `limit` units: two lines where there is room, otherwise one.
std::string list_entry(const Alert& alert, std::size_t limit) {
  const std::string head = fmt::format("{} *{}* ", emoji_of(alert), level_word(rank_of(alert)));
  const std::uint64_t count =
      alert.correlation != nullptr ? alert.correlation->firings : alert.count;
  const std::string times = count > 1 ? fmt::format(" ×{}", count) : std::string();
  if (limit < 400) {
    const std::size_t room = limit - length(head) - length(times) - 2;
    const std::string who = alert.correlation != nullptr
                                ? correlation_entry(*alert.correlation, room - room / 2)
                                : code(alert::actor_words(alert), room - room / 2);
    return fmt::format("{}{}{}  {}", head, code(alert.rule->title, room / 2), times, who);
  }
  std::string out = head + code(alert.rule->title, 110) + times + "\n";
  if (alert.correlation != nullptr) {
    return out + correlation_entry(*alert.correlation, 230) + ", " + date(alert.event_time);
  }
  out += code(alert.person.empty() ? alert.principal : alert.person, 120);
  if (!alert.source_ip.empty()) out += " from " + code(alert.source_ip, 42);
  const std::string call = alert::call(alert);
  if (!call.empty()) out += ", " + code(call, 70);
  return out + ", " + date(alert.event_time);
}

// Alerts of one rule, in the order in which they came.
struct OfRule {
  std::vector<const Alert*> alerts;

  int rank() const { return rank_of(*alerts.front()); }
  // Few are listed one by one.
  bool is_one_entry() const { return alerts.size() > 2; }
  std::size_t entries() const { return is_one_entry() ? 1 : alerts.size(); }
};

// By rule, the most severe first, then those with the most alerts.
std::vector<OfRule> by_rule(const std::vector<Item>& items) {
  std::vector<OfRule> out;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> places;
  for (const Item& item : items) {
    const alert::RuleFacts& rule = *item.alert.rule;
    const auto [place, is_new] = places.try_emplace({rule.id, rule.title}, out.size());
    if (is_new) out.emplace_back();
    out[place->second].alerts.push_back(&item.alert);
  }
  std::stable_sort(out.begin(), out.end(), [](const OfRule& a, const OfRule& b) {
    return std::pair(a.rank(), a.alerts.size()) > std::pair(b.rank(), b.alerts.size());
  });
  return out;
}

std::string who_of(const Alert& alert) {
  return alert.correlation != nullptr ? alert::pairs_words(alert.correlation->group_by, 100)
                                      : alert::actor_words(alert);
}

// Many alerts of one rule: how many, by whom most, and the ids of the first.
std::string rule_entry(const OfRule& rule, std::size_t limit) {
  constexpr std::size_t kNames = 3, kIds = 2;
  std::vector<std::pair<std::string, std::size_t>> names;  // with the number of alerts
  std::map<std::string, std::size_t> places;
  for (const Alert* alert : rule.alerts) {
    const auto [place, is_new] = places.try_emplace(who_of(*alert), names.size());
    if (is_new) names.emplace_back(place->first, 0);
    ++names[place->second].second;
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const Alert& first = *rule.alerts.front();
  std::string out =
      fmt::format("{} *{}* {} — {} alerts", emoji_of(first), level_word(rank_of(first)),
                  code(first.rule->title, limit < 400 ? limit / 2 : 110), rule.alerts.size());
  if (limit < 400) return out;
  Joined shown("\nby ", ", ", 260);
  for (std::size_t i = 0; i < std::min(names.size(), kNames); ++i) {
    const std::string times = names[i].second > 1 ? fmt::format(" ×{}", names[i].second) : "";
    shown.add(code(names[i].first, 64) + times);
  }
  out += std::move(shown).take();
  if (names.size() > kNames) out += fmt::format(" and {} more", names.size() - kNames);
  out += "\nalerts ";
  for (std::size_t i = 0; i < std::min(rule.alerts.size(), kIds); ++i) {
    out += (i > 0 ? ", " : "") + code(rule.alerts[i]->id, 34);
  }
  return out + ", …";
}

struct Entries {
  std::vector<std::string> texts;
  std::size_t alerts = 0;  // that they speak of
};

// The first `most` entries, of at most `limit` units each.
Entries entries_of(const std::vector<OfRule>& rules, std::size_t most, std::size_t limit) {
  Entries out;
  for (const OfRule& rule : rules) {
    if (out.texts.size() == most) break;
    if (rule.is_one_entry()) {
      out.texts.push_back(rule_entry(rule, limit));
      out.alerts += rule.alerts.size();
      continue;
    }
    for (const Alert* alert : rule.alerts) {
      if (out.texts.size() == most) break;
      out.texts.push_back(list_entry(*alert, limit));
      ++out.alerts;
    }
  }
  return out;
}

std::string counted_by_level(const std::vector<Item>& items) {
  std::array<std::size_t, 5> counts{};
  for (const Item& item : items) ++counts[static_cast<std::size_t>(rank_of(item.alert))];
  std::string out;
  for (std::size_t rank = counts.size(); rank-- > 0;) {
    if (counts[rank] == 0) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", counts[rank],
                       alert::severity_name(static_cast<int>(rank)));
  }
  return out;
}

}  // namespace

Message digest(const std::vector<Item>& items) {
  constexpr std::size_t kForEntries = 10'500;
  constexpr std::size_t kShortest = 100;  // of an entry
  constexpr std::size_t kMostEntries = kForEntries / kShortest;
  int highest = 0;
  for (const Item& item : items) highest = std::max(highest, rank_of(item.alert));
  const LevelLook& look = look_of(highest);

  Message message;
  message.color = look.color;
  message.fallback =
      fmt::format("{} {} alerts: {}", look.emoji, items.size(), counted_by_level(items));
  Blocks top;
  top.header(message.fallback);
  message.blocks = std::move(top).take();

  const std::vector<OfRule> rules = by_rule(items);
  std::size_t wanted = 0;
  for (const OfRule& rule : rules) wanted += rule.entries();
  const std::size_t told = std::min(wanted, kMostEntries);
  const std::size_t limit = std::clamp(kForEntries / told, kShortest, std::size_t{520});
  const Entries entries = entries_of(rules, told, limit);
  Blocks list;
  std::string section;
  for (const std::string& entry : entries.texts) {
    // A section each as long as there are blocks enough for it.
    if (!section.empty() &&
        (told <= kBlocks - 10 || length(section) + length(entry) + 1 > kSectionText)) {
      list.section(section);
      section.clear();
    }
    section += (section.empty() ? "" : "\n") + entry;
  }
  list.section(section);
  if (entries.alerts < items.size()) {
    list.plain_section(fmt::format("… and {} more alerts", items.size() - entries.alerts));
  }
  message.details = std::move(list).take();
  return message;
}

}  // namespace tocsin::notifiers::slack
