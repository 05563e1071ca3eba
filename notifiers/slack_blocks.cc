#include "slack_blocks.h"

#include <algorithm>
#include <utility>

namespace tocsin::notifiers::slack {

JsonWriter& Blocks::begin(std::string_view type) {
  return json_.begin_object().member("type", type);
}

// verbatim: nothing in the text becomes a link or a mention by itself.
void Blocks::text(std::string_view text, bool is_plain) {
  json_.begin_object().member("type", is_plain ? "plain_text" : "mrkdwn").member("text", text);
  json_.key(is_plain ? "emoji" : "verbatim").boolean(!is_plain);
  json_.end_object();
}

void Blocks::header(std::string_view plain) {
  if (plain.empty()) return;
  begin("header").key("text");
  text(plain, true);
  json_.end_object();
}

void Blocks::plain_section(std::string_view plain) {
  if (plain.empty()) return;
  begin("section").key("text");
  text(plain, true);
  json_.end_object();
}

void Blocks::section(std::string_view mrkdwn) {
  if (mrkdwn.empty()) return;
  begin("section").key("text");
  text(mrkdwn, false);
  json_.end_object();
}

void Blocks::fields(const std::vector<std::string>& mrkdwn) {
  if (std::all_of(mrkdwn.begin(), mrkdwn.end(), [](const auto& field) { return field.empty(); })) {
    return;
  }
  begin("section").key("fields").begin_array();
  for (const std::string& field : mrkdwn) {
    if (!field.empty()) text(field, false);
  }
  json_.end_array().end_object();
}

void Blocks::context(const std::vector<std::string>& mrkdwn) {
  if (std::all_of(mrkdwn.begin(), mrkdwn.end(), [](const auto& part) { return part.empty(); })) {
    return;
  }
  begin("context").key("elements").begin_array();
  for (const std::string& part : mrkdwn) {
    if (!part.empty()) text(part, false);
  }
  json_.end_array().end_object();
}

void Blocks::plain_context(std::string_view plain) {
  if (plain.empty()) return;
  begin("context").key("elements").begin_array();
  text(plain, true);
  json_.end_array().end_object();
}

std::string Blocks::take() && {
  json_.end_array();
  return std::move(out_);
}

}  // namespace tocsin::notifiers::slack
