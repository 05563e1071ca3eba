#include "alert/occurrences.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "alert/rule_json.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/time.h"

namespace tocsin::alert {
namespace {

constexpr std::string_view kOwnSource = "tocsin";

std::string time_text(std::int64_t milliseconds) {
  std::int64_t seconds = milliseconds / 1000;
  std::int64_t rest = milliseconds % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  return format_time(seconds, static_cast<int>(rest));
}

// The value of "status" in what append_json() wrote: id and fingerprint before it are digits.
// Empty, and at the end of the text, when `json` begins otherwise.
std::string_view status_in(std::string_view json) {
  constexpr std::string_view kBefore = R"(","status":")";
  const std::size_t before = json.find(kBefore);
  if (!json.starts_with(R"({"id":")") || before == std::string_view::npos ||
      before > 3 * KeyHash::kDigits) {
    return json.substr(json.size());
  }
  const std::size_t begin = before + kBefore.size();
  const std::size_t end = json.find('"', begin);
  return end == std::string_view::npos ? json.substr(json.size()) : json.substr(begin, end - begin);
}

void cut_text(std::string& out, std::string_view text, std::size_t bytes) {
  std::size_t size = std::min(text.size(), bytes);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  out = text.substr(0, size);
}

}  // namespace

std::string with_occurrences(std::string_view alert, const Occurrences& occurrences) {
  const std::size_t end = alert.rfind('}');
  const bool is_object = alert.starts_with('{') && end != std::string_view::npos;
  alert = is_object ? alert.substr(0, end) : "{";  // of what is no alert, only what is known

  std::string members;
  JsonWriter json(members);
  json.member("source", occurrences.source).key("count").number(occurrences.count);
  json.member("first_seen", time_text(occurrences.first_seen));
  json.member("last_seen", time_text(occurrences.last_seen));
  if (!occurrences.notification.empty()) {
    json.key("notification").begin_object().member("id", occurrences.notification).end_object();
  }

  std::string out;
  out.reserve(alert.size() + members.size() + 32);
  const std::string_view status = status_in(alert);
  if (!status.empty()) {
    const auto at = static_cast<std::size_t>(status.data() - alert.data());
    std::string word;
    JsonWriter(word).string(occurrences.status);
    out.append(alert, 0, at - 1).append(word).append(alert, at + status.size() + 1);
  } else {
    out.append(alert);
  }
  if (out.find_last_not_of(" \t\r\n") != out.find('{')) out += ',';
  return out.append(members).append("}");
}

bool is_own(const Alert& alert) {
  return alert.event_source == kOwnSource && alert.rule->id.starts_with("tocsin.");
}

std::shared_ptr<const RuleFacts> facts_of(const SelfRule& rule) {
  RuleFacts facts;
  facts.id = rule.id;
  facts.title = rule.title;
  facts.level = rule.level;
  facts.json = rule_json(facts);
  return std::make_shared<const RuleFacts>(std::move(facts));
}

std::string self_alert_json(const SelfRule& rule, std::string_view about, std::string_view detail,
                            std::int64_t now_ms) {
  constexpr std::size_t kDetailBytes = 2000;
  const std::string now = time_text(now_ms);
  Alert alert;
  char digits[KeyHash::kDigits];
  KeyHash key;
  key.add_field(rule.id).add_field(about);
  key.write(digits);
  alert.fingerprint.assign(digits, sizeof digits);
  key.add_field(now).add_field(detail).write(digits);
  alert.id.assign(digits, sizeof digits);
  alert.rule = facts_of(rule);
  alert.principal = "tocsin";
  alert.identity_kind = "unknown";
  alert.mfa = "unknown";
  alert.source_ip_kind = "none";
  alert.event_source = kOwnSource;
  alert.event_name = rule.id.substr(rule.id.find('.') + 1);
  cut_text(alert.error_message, detail, kDetailBytes);
  alert.event_time = format_time(now_ms / 1000);
  alert.detected_at = now;

  std::string shown_about;
  cut_text(shown_about, about, kDetailBytes);
  JsonWriter json(alert.event);
  json.begin_object();
  json.member("eventSource", alert.event_source).member("eventName", alert.event_name);
  json.member("about", shown_about).member("detail", alert.error_message);
  json.end_object();

  TextBuffer out;
  append_json(alert, out);
  return std::string(out.text());
}

}  // namespace tocsin::alert
