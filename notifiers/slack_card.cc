#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "alert/occurrences.h"
#include "alert/wording.h"
#include "base/time.h"
#include "slack_blocks.h"
#include "slack_correlation.h"
#include "slack_joined.h"
#include "slack_layout.h"
#include "slack_message.h"
#include "slack_text.h"

namespace tocsin::notifiers::slack {
namespace {

using alert::Alert;

// Every text below has a bound of its own; together they stay below kTotal, which the tests check.
constexpr std::size_t kName = 160;       // a principal, a user agent's neighbour
constexpr std::size_t kWord = 60;        // a service, an address, an id
constexpr std::size_t kSentence = 600;   // the summary, an error's message
constexpr std::size_t kMatched = 2200;   // all matched fields
constexpr std::size_t kLinks = 1400;     // all references
constexpr std::size_t kMostLinks = 2;    // more are not followed
constexpr std::size_t kFallback = 500;   // what a notification shows
constexpr std::size_t kAttackTags = 12;  // more say nothing more

// "🔴 HIGH · title"
std::string headline(const Alert& alert, std::size_t limit) {
  std::string head = fmt::format("{} {} · ", emoji_of(alert), level_word(rank_of(alert)));
  if (alert.status == "resolved") head += "RESOLVED · ";
  const std::string title = plain(alert.rule->title, limit - length(head));
  return head + (title.empty() ? "(a rule without a title)" : title);
}

// The first line that a phone shows: how bad, what, who, and then the title.
std::string push_text(const Alert& alert) {
  const std::string what = alert::call(alert);
  if (alert.correlation != nullptr || alert::is_own(alert) || what.empty()) {
    return headline(alert, kHeader);
  }
  const std::string who = alert::actor_words(alert);
  return fmt::format("{} {} · {}{}{}: {}", emoji_of(alert), level_word(rank_of(alert)),
                     alert.status == "resolved" ? "RESOLVED · " : "", plain(what, 60),
                     who.empty() ? "" : " by " + plain(who, 50), plain(alert.rule->title, 100));
}

std::string who(const Alert& alert) {
  std::string out = "*Who*\n";
  if (!alert.person.empty()) out += code(alert.person, kWord) + " as\n";
  out += fmt::format("{}\n{}", code(alert.principal, kName),
                     alert::identity_words(alert.identity_kind));
  if (!alert.session_name.empty() && alert.session_name != alert.person) {
    out += ", session " + code(alert.session_name, kWord);
  }
  if (!alert.invoked_by.empty()) out += ", through " + code(alert.invoked_by, kWord);
  if (!alert.access_key.empty()) out += ", key " + code(alert.access_key, kWord);
  return out;
}

std::string mfa(const Alert& alert) {
  if (alert.mfa == "true") return "*MFA*\n✅ yes";
  if (alert.mfa == "false") return "*MFA*\n⚠️ no";
  return "*MFA*\nunknown";
}

std::string from(const Alert& alert) {
  const std::string_view kind = alert::address_words(alert.source_ip_kind);
  return fmt::format("*From*\n{}{}{}", code(alert.source_ip, kWord), kind.empty() ? "" : "\n",
                     kind);
}

std::string what(const Alert& alert) {
  std::string out = "*What*\n" + code(alert::call(alert), kName);
  for (const alert::Resource& resource : alert.resources) {
    out += "\n" + code(resource.kind + " " + resource.name, kName);
  }
  if (!alert.region.empty()) out += "\nin " + code(alert.region, kWord);
  if (!alert.account.empty()) {
    out += (alert.region.empty() ? "\naccount " : ", account ") + code(alert.account, kWord);
  }
  return out;
}

// How much later than the event it was detected; "" when either time is unknown.
std::string lateness(const Alert& alert) {
  const auto event = parse_time(alert.event_time);
  const auto detected = parse_time(alert.detected_at);
  if (!event || !detected) return {};
  const std::int64_t seconds = detected->unix_seconds() - event->unix_seconds();
  return seconds < 0 ? "\nbefore its own time, by our clock"
                     : fmt::format("\ndetected {} later", alert::span_words(seconds * 1000));
}

std::string when(const Alert& alert) {
  return "*When*\n" + date(alert.event_time) + lateness(alert);
}

std::string repeated(const Alert& alert) {
  if (alert.count < 2) return {};
  return fmt::format("*How often*\n{} times\nfirst {}\nlast {}", alert.count,
                     date(alert.first_seen), date(alert.last_seen));
}

std::string error(const Alert& alert) {
  if (alert.error_code.empty() && alert.error_message.empty()) return {};
  std::string out =
      alert.error_code.empty() ? "*Error*" : "*Error* " + code(alert.error_code, kName);
  if (!alert.error_message.empty()) out += "\n" + code(alert.error_message, kSentence);
  return out;
}

std::string user_agent(const Alert& alert) {
  if (alert.user_agent.empty()) return {};
  return "*User agent*\n" + code(alert.user_agent, 400);
}

std::string matched(const Alert& alert) {
  Joined lines("*Matched*\n", "\n", kMatched);
  for (const program::FieldMatch& field : alert.matched.fields) {
    const std::string name = field.name.empty() ? "any field" : code(field.name, 100);
    if (field.value.empty()) {
      lines.add(fmt::format("• {} {}", name, code(field.operation + " " + field.pattern, 200)));
      continue;
    }
    std::string line = fmt::format("• {} = {}", name, code(field.value, 260));
    if (field.value != field.pattern) {
      line += "  by " + code(field.operation + " " + field.pattern, 160);
    }
    lines.add(line);
  }
  return std::move(lines).take();
}

// "attack.t1078.004" as a link to the technique, "attack.initial-access" as its name.
std::string attack_tag(std::string_view tag) {
  constexpr std::string_view kPrefix = "attack.";
  if (!tag.starts_with(kPrefix)) return code(tag, kWord);
  tag.remove_prefix(kPrefix.size());
  const auto digits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const bool technique =
      (tag.starts_with('t') || tag.starts_with('T')) && tag.size() >= 5 && digits(tag.substr(1, 4));
  if (technique && tag.size() == 5) {
    const std::string id = fmt::format("T{}", tag.substr(1));
    return link("https://attack.mitre.org/techniques/" + id + "/", id);
  }
  if (technique && tag.size() == 9 && tag[5] == '.' && digits(tag.substr(6))) {
    const std::string id = fmt::format("T{}", tag.substr(1, 4));
    return link(fmt::format("https://attack.mitre.org/techniques/{}/{}/", id, tag.substr(6)),
                fmt::format("{}.{}", id, tag.substr(6)));
  }
  return code(tag, kWord);
}

std::string attack(const Alert& alert) {
  Joined tags("*ATT&amp;CK*  ", "  ", 1000);
  std::size_t count = 0;
  for (const std::string& tag : alert.rule->tags) {
    if (count++ < kAttackTags) tags.add(attack_tag(tag));
  }
  return std::move(tags).take();
}

std::string references(const Alert& alert) {
  Joined links("*Read more*\n", "\n", kLinks);
  std::size_t count = 0;
  for (const std::string& url : alert.rule->references) {
    // ATT&CK pages are linked from the tags.
    if (url.starts_with("https://attack.mitre.org/techniques/")) continue;
    const std::string shown = link(url);
    if (shown.empty() || count == kMostLinks) continue;
    ++count;
    links.add(shown);
  }
  return std::move(links).take();
}

// The rule's own words about it: what it means, and what to do.
std::string description(const Alert& alert) {
  const std::string text = plain(alert.rule->description, kSentence);
  return text.empty() ? text : "About this rule: " + text;
}

std::string runbook(const Alert& alert) {
  if (alert.rule->runbook.empty()) return {};
  const std::string url = link(alert.rule->runbook);
  return "*Runbook*  " + (url.empty() ? code(alert.rule->runbook, kSentence) : url);
}

std::string false_positives(const Alert& alert) {
  Joined causes("Known harmless causes: ", " ", 600);
  for (const std::string& cause : alert.rule->falsepositives) causes.add(plain(cause, 250));
  return std::move(causes).take();
}

std::string ids(const Alert& alert) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view id) {
    if (id.empty()) return;
    out += fmt::format("{}{} {}", out.empty() ? "" : "  ·  ", name, code(id, kWord));
  };
  add("rule", alert.rule->id);
  add("event", alert.event_id);
  add("alert", alert.id);
  add("source", alert.source);
  return out;
}

}  // namespace

Message card(const deliver::Item& item) {
  const Alert& alert = item.alert;
  const std::string sentence = plain(alert::summary(alert), kSentence);
  Message message;
  message.color = look_of(rank_of(alert)).color;
  message.fallback = push_text(alert);
  message.fallback += " — " + fit(sentence, kFallback - length(message.fallback) - 3);
  Blocks top;
  top.header(headline(alert, kHeader));
  top.plain_section(sentence);
  message.blocks = std::move(top).take();
  Blocks details;
  if (alert::is_own(alert)) {  // nobody called anything
    details.fields({when(alert), repeated(alert)});
  } else if (alert.correlation != nullptr) {
    details.fields(correlation_fields(*alert.correlation));
    details.section(correlation_events(*alert.correlation));
  } else {
    details.fields(
        {who(alert), mfa(alert), from(alert), what(alert), when(alert), repeated(alert)});
    details.section(error(alert));
    details.section(user_agent(alert));
    details.section(matched(alert));
  }
  details.plain_section(description(alert));
  details.plain_context(false_positives(alert));
  details.section(runbook(alert));
  details.context({attack(alert)});
  details.section(references(alert));
  details.context({ids(alert)});
  message.details = std::move(details).take();
  return message;
}

}  // namespace tocsin::notifiers::slack
