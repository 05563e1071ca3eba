// Slack, in two ways: an incoming webhook, or a bot that posts to a channel (chat.postMessage).
// Wire formats B1 and B2.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <exception>

#include "alert/wording.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "deliver/notifier.h"
#include "http_target.h"
#include "slack_message.h"

namespace tocsin::notifiers {
namespace {

using deliver::Outcome;

constexpr char kDefaultApi[] = "https://slack.com/api/chat.postMessage";

// Errors of the Web API after which trying again may help.
constexpr std::array<std::string_view, 9> kTransient = {
    "ratelimited",       "rate_limited",       "internal_error",
    "fatal_error",       "request_timeout",    "service_unavailable",
    "team_added_to_org", "org_login_required", "accesslimited"};

// A webhook's yes is the word "ok" and nothing else: proxies and portals answer 200 as well.
Outcome judge_webhook(const net::HttpAnswer& answer) {
  Outcome outcome = deliver::classify(answer);
  if (outcome.kind == Outcome::Kind::delivered &&
      (answer.status != 200 || text::trim(answer.body) != "ok")) {
    outcome.kind = Outcome::Kind::retry;
    outcome.reason =
        fmt::format("HTTP {} without Slack's \"ok\"; is something else answering?", answer.status);
  }
  return outcome;
}

// The Web API answers 200 to nearly everything; what counts is "ok" in its JSON.
Outcome judge_api(const net::HttpAnswer& answer) {
  Outcome outcome = deliver::classify(answer);
  if (outcome.kind != Outcome::Kind::delivered) return outcome;
  outcome.kind = Outcome::Kind::retry;
  outcome.reason = fmt::format(
      "HTTP {} without an answer of Slack's API; is something else answering?", answer.status);
  namespace bj = boost::json;
  bj::error_code broken;
  bj::parse_options options;
  options.max_depth = 32;
  const bj::value json = bj::parse(answer.body, broken, {}, options);
  const bj::object* object = broken ? nullptr : json.if_object();
  const bj::value* ok = object != nullptr ? object->if_contains("ok") : nullptr;
  if (ok == nullptr || !ok->is_bool()) return outcome;
  if (ok->get_bool()) {
    outcome.kind = Outcome::Kind::delivered;
    outcome.reason.clear();
    return outcome;
  }
  const bj::value* error = object->if_contains("error");
  const bj::string* code = error != nullptr ? error->if_string() : nullptr;
  const std::string word = code != nullptr ? std::string(*code) : "no reason given";
  if (std::find(kTransient.begin(), kTransient.end(), word) == kTransient.end()) {
    outcome.kind = Outcome::Kind::rejected;
  }
  outcome.reason = "Slack says: " + alert::shown(word, 100);
  return outcome;
}

Outcome judge_api_safely(const net::HttpAnswer& answer) try {
  return judge_api(answer);
} catch (const std::exception&) {  // memory
  Outcome outcome;
  outcome.reason = "the answer could not be read";
  return outcome;
}

class Slack : public deliver::Notifier {
 public:
  Slack(Secret url, const Secret& token, std::string channel)
      : url_(std::move(url)), channel_(std::move(channel)) {
    if (!token.empty()) authorization_ = Secret("Bearer " + std::string(token.reveal()));
  }

  Outcome send(const deliver::Notification& notification,
               deliver::Channel& channel) const override {
    net::HttpRequest request;
    request.url = url_;
    request.headers.emplace_back("Content-Type", Secret("application/json; charset=utf-8"));
    if (!authorization_.empty()) request.headers.emplace_back("Authorization", authorization_);
    request.body = preview(notification);
    return exchange(channel, request, is_bot() ? judge_api_safely : judge_webhook);
  }

  std::string preview(const deliver::Notification& notification) const override {
    std::string out = "{";
    if (is_bot()) {
      JsonWriter json(out);
      json.member("channel", channel_).member("parse", "none");
      // Tells people who look for it which notification a message is.
      json.key("metadata").begin_object().member("event_type", "tocsin_alert");
      json.key("event_payload").begin_object().member("notification", notification.key);
      json.end_object().end_object();
      out += ',';
    }
    return out + slack::message_members(notification) + "}";
  }

 private:
  bool is_bot() const { return !channel_.empty(); }

  const Secret url_;
  const std::string channel_;  // "": a webhook, which has a channel of its own
  Secret authorization_;
};

// "C0123456789", "#alerts" or "alerts".
bool is_channel(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  constexpr std::string_view kBad = " \t\r\n,<>|\"'`#@/\\";
  return !text.empty() && text.size() <= 255 && text.find_first_of(kBad) == std::string_view::npos;
}

std::unique_ptr<deliver::Notifier> make(config::Settings& settings) {
  const bool has_webhook = settings.has("webhook_url") || settings.has("webhook_url_file");
  const bool has_token = settings.has("token") || settings.has("token_file");
  Secret url = settings.secret("webhook_url");
  const Secret token = settings.secret("token");
  const std::string channel = settings.text("channel");
  const std::string api = settings.text("api_url", kDefaultApi);
  if (has_webhook == has_token) {
    settings.error(has_token ? "token" : "webhook_url",
                   has_token ? "keep either `webhook_url` or `token`; they are two ways to Slack"
                             : "Slack needs `webhook_url` (an incoming webhook), or `token` and "
                               "`channel` (a bot)");
    return nullptr;
  }
  bool good = true;
  const auto check_url = [&](std::string_view key, std::string_view text) {
    if (const Status status = net::check_url(text); !status) {
      settings.error(key, status.error().message);
      good = false;
    }
  };
  if (has_webhook) {
    for (const std::string_view key : {"channel", "api_url"}) {
      if (!settings.has(key)) continue;
      settings.error(key, fmt::format("`{}` belongs to `token`; a webhook has its own", key));
      good = false;
    }
    if (url.empty()) return nullptr;  // reported
    check_url(settings.has("webhook_url") ? "webhook_url" : "webhook_url_file", url.reveal());
    return good ? std::make_unique<Slack>(std::move(url), Secret(), "") : nullptr;
  }
  if (!is_channel(channel)) {
    settings.error("channel", channel.empty()
                                  ? "a bot needs `channel`: an id such as C0123456789, or #name"
                                  : "this is not a channel: an id such as C0123456789, or #name");
    good = false;
  }
  check_url("api_url", api);
  if (token.empty() || !good) return nullptr;  // reported
  return std::make_unique<Slack>(Secret(api), token, channel);
}

}  // namespace

deliver::NotifierEntry entry_slack() {
  deliver::Traits traits;
  traits.digest = slack::kDigest;
  traits.rate = 1;
  traits.burst = 3;
  return {"slack", "a card in a Slack channel: incoming webhook or bot token", traits, make};
}

}  // namespace tocsin::notifiers
