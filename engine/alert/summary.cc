#include <fmt/format.h>

#include "alert/correlation_words.h"
#include "alert/occurrences.h"
#include "alert/wording.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t kSummaryBytes = 300;

std::string who(const Alert& alert) {
  if (alert.principal.empty()) return "Somebody";
  std::string kind(identity_words(alert.identity_kind));
  if (alert.identity_kind == "unknown") kind = "identity";
  if (!alert.person.empty()) {
    return fmt::format("{} ({} {})", shown(alert.person, 64), kind, shown(alert.principal, 110));
  }
  if (kind[0] >= 'a' && kind[0] <= 'z') kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  return kind + " " + shown(alert.principal, 110);
}

std::string did(const Alert& alert) {
  std::string what = call(alert);
  if (!what.empty() && !alert.resources.empty()) {
    what += " on " + resource_words({alert.resources.front()}, 80);
  }
  if (alert.error_code.empty()) return what.empty() ? " did something" : " called " + what;
  return fmt::format(" tried {} ({})", what.empty() ? "something" : what,
                     shown(alert.error_code, 40));
}

std::string from(const Alert& alert) {
  if (alert.source_ip.empty()) return {};
  const std::string_view kind = alert.source_ip_kind;
  const std::string address = " from " + shown(alert.source_ip, 60);
  return kind == "public" || kind == "private" ? fmt::format("{} ({})", address, kind) : address;
}

}  // namespace

std::string summary(const Alert& alert) {
  if (alert.correlation != nullptr) return correlation_summary(*alert.correlation, kSummaryBytes);
  // What Tocsin says about itself is a sentence already.
  if (is_own(alert) && !alert.error_message.empty()) {
    return cut_bytes(shown(alert.error_message, kSummaryBytes), kSummaryBytes);
  }
  if (alert.principal.empty() && alert.event_name.empty()) {
    return cut_bytes("An event fulfilled the rule " + shown(alert.rule->title, 150), kSummaryBytes);
  }
  std::string out = who(alert);
  if (alert.mfa == "false") out += " without MFA";
  if (alert.mfa == "true") out += " with MFA";
  out += did(alert);
  out += from(alert);
  if (!alert.region.empty()) out += " in " + shown(alert.region, 30);
  if (!alert.account.empty()) out += ", account " + shown(alert.account, 20);
  if (alert.count > 1) out += fmt::format(", {} times", alert.count);
  return cut_bytes(std::move(out), kSummaryBytes);
}

}  // namespace tocsin::alert
