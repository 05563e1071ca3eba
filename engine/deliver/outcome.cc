// classify() and no_answer() of notifier.h.
#include <fmt/format.h>

#include "base/text.h"
#include "deliver/notifier.h"

namespace tocsin::deliver {
namespace {

constexpr std::size_t kReasonBytes = 200;   // of what the receiver said
constexpr std::size_t kAnswerBytes = 2000;  // for `notify test`

// The longest part of `text` from its start that has at most `most` bytes and ends with a whole
// character.
std::string_view cut(std::string_view text, std::size_t most) {
  std::size_t end = 0;
  for (std::size_t next = 0; next < text.size();) {
    text::next_code_point(text, next);
    if (next > most) break;
    end = next;
  }
  return text.substr(0, end);
}

std::string shown(std::string_view body, std::size_t most) {
  body = text::trim(body);
  const std::string whole = text::printable(cut(body, most));  // never shorter than what it shows
  std::string out(cut(whole, most));
  if (out.size() < whole.size() || most < body.size()) out += "…";
  return out;
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
