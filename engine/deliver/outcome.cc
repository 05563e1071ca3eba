// classify() and no_answer() of notifier.h.
#include <fmt/format.h>

#include "base/text.h"
#include "deliver/notifier.h"

namespace tocsin::deliver {
namespace {

constexpr std::size_t kReasonBytes = 200;   // of what the receiver said
constexpr std::size_t kAnswerBytes = 2000;  // for `notify test`

// Printable, and cut at a whole character.
std::string shown(std::string_view body, std::size_t most) {
  std::size_t end = 0;
  // Four times: escapes are longer than what they stand for, never shorter.
  for (body = text::trim(body).substr(0, most); end < body.size();)
    text::next_code_point(body, end);
  std::string out = text::printable(body);
  if (out.size() <= most) return out;
  std::size_t cut = 0;
  for (std::size_t next = 0; next < out.size() && next <= most;) {
    cut = next;
    text::next_code_point(out, next);
  }
  out.resize(cut);
  return out += "…";
}

Outcome::Kind kind_of(int status) {
  if (status >= 200 && status < 300) return Outcome::Kind::delivered;
  if (status == 408 || status == 425 || status == 429 || (status >= 500 && status < 600)) {
    return Outcome::Kind::retry;
  }
  if (status == 410) return Outcome::Kind::gone;
  return Outcome::Kind::rejected;
}

}  // namespace

Outcome classify(const net::HttpAnswer& answer) {
  Outcome outcome;
  outcome.kind = kind_of(answer.status);
  outcome.retry_after_ms = answer.retry_after_ms;
  outcome.answer = fmt::format("HTTP {}", answer.status);
  if (outcome.kind != Outcome::Kind::delivered) {
    outcome.reason = outcome.answer;
    if (answer.status >= 300 && answer.status < 400) {
      outcome.reason += " (redirects are not followed)";
    }
    if (const std::string said = shown(answer.body, kReasonBytes); !said.empty()) {
      outcome.reason += ": " + said;
    }
  }
  if (const std::string said = shown(answer.body, kAnswerBytes); !said.empty()) {
    outcome.answer += "\n" + said;
  }
  return outcome;
}

Outcome no_answer(const Error& error) {
  return {Outcome::Kind::retry, error.message, std::nullopt, error.message};
}

}  // namespace tocsin::deliver
