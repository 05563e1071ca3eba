#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "alert/wording.h"
#include "slack_blocks.h"
#include "slack_correlation.h"
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
                                : code(alert.principal, room - room / 2);
    return fmt::format("{}{}{}  {}", head, code(alert.rule->title, room / 2), times, who);
  }
  std::string out = head + code(alert.rule->title, 110) + times + "\n";
  if (alert.correlation != nullptr) {
    return out + correlation_entry(*alert.correlation, 230) + ", " + date(alert.event_time);
  }
  out += code(alert.principal, 120);
  if (!alert.source_ip.empty()) out += " from " + code(alert.source_ip, 42);
  const std::string call = alert::call(alert);
  if (!call.empty()) out += ", " + code(call, 70);
  return out + ", " + date(alert.event_time);
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

  const std::size_t told = std::min(items.size(), kMostEntries);
  const std::size_t limit = std::clamp(kForEntries / told, kShortest, std::size_t{520});
  Blocks list;
  std::string section;
  for (std::size_t i = 0; i < told; ++i) {
    const std::string entry = list_entry(items[i].alert, limit);
    // A section each as long as there are blocks enough for it.
    if (!section.empty() &&
        (told <= kBlocks - 10 || length(section) + length(entry) + 1 > kSectionText)) {
      list.section(section);
      section.clear();
    }
    section += (section.empty() ? "" : "\n") + entry;
  }
  list.section(section);
  if (told < items.size()) {
    list.plain_section(fmt::format("… and {} more alerts", items.size() - told));
  }
  message.details = std::move(list).take();
  return message;
}

}  // namespace tocsin::notifiers::slack
