#include "alert/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tocsin::alert {
namespace {

constexpr std::string_view kEllipsis = "…";

// Where the code point number `count` (from 0) of `text` begins; text.size() when there is none.
std::size_t offset_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) text::next_code_point(text, at);
  return at;
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

}  // namespace

std::string shown(std::string_view text, std::size_t code_points) {
  // Escaping only makes text longer, so that this much of it is enough.
  const std::size_t enough = offset_of(text, code_points + 1);
  std::string out = text::printable(text.substr(0, enough));
  if (offset_of(out, code_points) == out.size()) return out;
  out.resize(offset_of(out, code_points == 0 ? 0 : code_points - 1));
  return out.append(kEllipsis);
}

std::string cut_bytes(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t keep = bytes < kEllipsis.size() ? 0 : bytes - kEllipsis.size();
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  text.resize(keep);
  return text.append(kEllipsis);
}

std::string_view identity_words(std::string_view identity_kind) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"root", "root user"},
      {"iam_user", "IAM user"},
      {"assumed_role", "assumed role"},
      {"role", "role"},
      {"federated_user", "federated user"},
      {"directory", "directory"},
      {"aws_account", "AWS account"},
      {"aws_service", "AWS service"},
      {"saml_user", "SAML user"},
      {"web_identity_user", "web identity user"},
      {"identity_center_user", "Identity Center user"},
  };
  for (const auto& [kind, words] : kWords) {
    if (kind == identity_kind) return words;
  }
  return "identity of unknown kind";
}

std::string_view address_words(std::string_view source_ip_kind) {
  if (source_ip_kind == "public") return "public address";
  if (source_ip_kind == "private") return "private address";
  if (source_ip_kind == "aws_service") return "AWS service";
  if (source_ip_kind == "aws_internal") return "inside AWS";
  return "";
}

std::string actor_words(const EventFacts<std::string>& facts) {
  constexpr std::size_t kName = 64;
  if (!facts.person.empty()) return shown(facts.person, kName);
  if (facts.identity_kind == "root") {
    return facts.account.empty() ? "root" : "root of " + shown(facts.account, 20);
  }
  const std::string_view principal = facts.principal;
  const bool is_arn = principal.starts_with("arn:");
  const std::string name =
      shown(is_arn ? principal.substr(principal.find_last_of("/:") + 1) : principal, kName);
  return facts.session_name.empty() ? name : name + "/" + shown(facts.session_name, kName);
}

std::string resource_words(const std::vector<Resource>& resources, std::size_t code_points) {
  std::string out;
  for (const Resource& resource : resources) {
    if (!out.empty()) out += ", ";
    out += shown(resource.kind, 40) + " " + shown(resource.name, code_points);
  }
  return shown(out, code_points);
}

std::string call(const Alert& alert) {
  return call(alert.event_source, alert.event_name);
}

std::string call(std::string_view event_source, std::string_view event_name) {
  if (event_name.empty()) return {};
  std::string_view service = without_suffix(event_source, ".cn");
  service = without_suffix(service, ".amazonaws.com");
  const std::string name = shown(event_name, 80);
  return service.empty() ? name : shown(service, 60) + ":" + name;
}

std::string span_words(std::int64_t milliseconds) {
  const std::int64_t seconds = std::max<std::int64_t>(milliseconds, 0) / 1000;
  const auto two = [](std::int64_t first, std::string_view unit, std::int64_t second,
                      std::string_view smaller) {
    return second == 0 ? fmt::format("{} {}", first, unit)
                       : fmt::format("{} {} {} {}", first, unit, second, smaller);
  };
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return two(seconds / 60, "min", seconds < 600 ? seconds % 60 : 0, "s");
  if (seconds < 86'400) return two(seconds / 3600, "h", seconds / 60 % 60, "min");
  return two(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

}  // namespace tocsin::alert
