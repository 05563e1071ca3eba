#include "route/routes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "alert/alert.h"
#include "base/text.h"

namespace tocsin::route {
namespace {

// Whether `*` in `pattern` can stand for such texts that it becomes `text`. Both are folded. Linear
// in what it looks at twice: only the last `*` is ever taken back.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// A text to be compared, folded.
std::string key_of(std::string_view text) {
  return text::folded(text);
}

bool any_matches(const std::vector<std::string>& patterns, const std::string& folded) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, folded); });
}

bool level_matches(const std::vector<std::string>& levels, const std::string& level) {
  return std::any_of(levels.begin(), levels.end(), [&](std::string_view entry) {
    if (!entry.starts_with(">=")) return matches(entry, level);
    return alert::severity_rank(level) >= alert::severity_rank(text::trim(entry.substr(2)));
  });
}

// A Subject, ready to be compared.
struct Folded {
  explicit Folded(const Subject& subject)
      : level(key_of(subject.level.empty() ? alert::severity_name(alert::severity_rank(""))
                                           : subject.level)),
        rule_id(key_of(subject.rule_id)),
        rule_title(key_of(subject.rule_title)),
        account(key_of(subject.account)),
        source(key_of(subject.source)) {
    for (const std::string& tag : subject.tags) tags.push_back(key_of(tag));
  }

  std::string level, rule_id, rule_title, account, source;
  std::vector<std::string> tags;
};

bool matches(const Match& match, const Folded& subject) {
  const auto tagged = [&](const std::string& tag) { return any_matches(match.tags, tag); };
  return (match.levels.empty() || level_matches(match.levels, subject.level)) &&
         (match.rules.empty() || any_matches(match.rules, subject.rule_id) ||
          any_matches(match.rules, subject.rule_title)) &&
         (match.tags.empty() || std::any_of(subject.tags.begin(), subject.tags.end(), tagged)) &&
         (match.accounts.empty() || any_matches(match.accounts, subject.account)) &&
         (match.sources.empty() || any_matches(match.sources, subject.source));
}

void fold(std::vector<std::string>& entries) {
  for (std::string& entry : entries) entry = key_of(entry);
}

void add(const std::vector<std::string>& names, std::vector<std::string>& out) {
  for (const std::string& name : names) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
}

}  // namespace

Routes::Routes(std::vector<Route> routes, std::vector<std::string> default_receivers)
    : routes_(std::move(routes)), default_receivers_(std::move(default_receivers)) {
  for (Route& route : routes_) {
    Match& match = route.match;
    for (auto* entries :
         {&match.levels, &match.rules, &match.tags, &match.accounts, &match.sources}) {
      fold(*entries);
    }
  }
}

std::vector<std::string> Routes::receivers_of(const Subject& subject) const {
  std::vector<std::string> out;
  const Folded folded(subject);
  bool matched = false;
  for (const Route& route : routes_) {
    if (!matches(route.match, folded)) continue;
    matched = true;
    add(route.receivers, out);
    if (!route.go_on) break;
  }
  if (!matched) add(default_receivers_, out);
  return out;
}

}  // namespace tocsin::route
