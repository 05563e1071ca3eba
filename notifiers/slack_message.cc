#include "slack_message.h"

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "slack_layout.h"

namespace tocsin::notifiers::slack {
namespace {

constexpr std::array<LevelLook, 5> kLooks = {{
    {"⚪", "#9e9e9e"},     // informational
    {"🔵", "#1e88e5"},     // low
    {"🟡", "#f9a825"},  // medium
    {"🔴", "#e53935"},     // high
    {"🚨", "#7b1fa2"},     // critical
}};

}  // namespace

const LevelLook& look_of(int rank) {
  return kLooks[static_cast<std::size_t>(std::clamp(rank, 0, 4))];
}

int rank_of(const alert::Alert& alert) {
  return alert::severity_rank(alert.rule->level);
}

std::string_view emoji_of(const alert::Alert& alert) {
  return alert.status == "resolved" ? "✅" : look_of(rank_of(alert)).emoji;
}

std::string level_word(int rank) {
  std::string word(alert::severity_name(rank));
  for (char& c : word) c = static_cast<char>(c - 'a' + 'A');
  return word;
}

std::string message_members(const deliver::Notification& notification) {
  const Message message = notification.items.size() == 1 ? card(notification.items.front())
                                                         : digest(notification.items);
  std::string out;
  JsonWriter json(out);
  json.member("text", message.fallback).key("mrkdwn").boolean(false);
  json.key("unfurl_links").boolean(false).key("unfurl_media").boolean(false);
  json.key("blocks").raw(message.blocks);
  json.key("attachments").begin_array().begin_object();
  json.member("color", message.color).key("blocks").raw(message.details);
  json.end_object().end_array();
  return out;
}

}  // namespace tocsin::notifiers::slack
