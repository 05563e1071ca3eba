#include "source/sns_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <utility>

#include "base/time.h"
#include "event/base64.h"

namespace tocsin::source {
namespace {

namespace json = boost::json;

// The member's text; nothing when it is absent or no string.
std::optional<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const json::string& text = value->get_string();
  return std::string(text.data(), text.size());
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// us-east-1, us-gov-west-1, ap-southeast-2: words of letters, then a number.
bool is_region(std::string_view text) {
  std::size_t words = 0;
  for (;;) {
    const std::size_t dash = text.find('-');
    const std::string_view word = text.substr(0, dash);
    if (word.empty()) return false;
    if (dash == text.npos) return words >= 2 && std::all_of(word.begin(), word.end(), is_digit);
    if (!std::all_of(word.begin(), word.end(), is_letter)) return false;
    ++words;
    text.remove_prefix(dash + 1);
  }
}

bool is_sns_host(std::string_view host) {
  constexpr std::string_view kPrefix = "sns.";
  if (!host.starts_with(kPrefix)) return false;
  host.remove_prefix(kPrefix.size());
  for (const std::string_view suffix : {".amazonaws.com", ".amazonaws.com.cn"}) {
    if (host.ends_with(suffix) && is_region(host.substr(0, host.size() - suffix.size()))) {
      return true;
    }
  }
  return false;
}

struct Place {
  std::string_view host, path, query;
};

// The parts of an https URL. Anything that two readers of URLs could understand in two ways is
// refused.
std::optional<Place> split(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  const auto is_odd = [](char c) { return c <= ' ' || c >= '\x7f' || c == '\\' || c == '@'; };
  if (!url.starts_with(kScheme) || std::any_of(url.begin(), url.end(), is_odd) ||
      url.find('#') != url.npos) {
    return std::nullopt;
  }
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  const std::size_t mark = url.find('?');
  if (slash == url.npos || mark < slash) return std::nullopt;
  Place place{url.substr(0, slash), url.substr(slash, mark == url.npos ? mark : mark - slash), {}};
  if (mark != url.npos) place.query = url.substr(mark + 1);
  return place;
}

bool is_trusted(const Place& place, std::string_view further_host) {
  return is_sns_host(place.host) || (!further_host.empty() && place.host == further_host);
}

bool is_plain_path(std::string_view path) {
  return path.find("..") == path.npos && std::all_of(path.begin(), path.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '/' || c == '.' || c == '-' || c == '_';
         });
}

Result<SnsMessage> message_of(const json::object& object) {
  const auto broken = [](std::string_view key) {
    return fail(Code::invalid_input, fmt::format("the SNS message has no proper {}", key));
  };
  SnsMessage out;
  const std::pair<std::string_view, std::string*> required[] = {{"Message", &out.message},
                                                                {"MessageId", &out.message_id},
                                                                {"Timestamp", &out.timestamp},
                                                                {"TopicArn", &out.topic_arn},
                                                                {"Type", &out.type_name}};
  for (const auto& [key, member] : required) {
    auto text = text_of(object, key);
    if (!text) return broken(key);
    *member = std::move(*text);
  }
  out.subject = text_of(object, "Subject");
  out.token = text_of(object, "Token");
  // As Lambda spells them: Url.
  out.subscribe_url = text_of(object, "SubscribeURL");
  if (!out.subscribe_url) out.subscribe_url = text_of(object, "SubscribeUrl");
  auto certificate = text_of(object, "SigningCertURL");
  if (!certificate) certificate = text_of(object, "SigningCertUrl");
  if (!certificate) return broken("SigningCertURL");
  out.certificate_url = std::move(*certificate);

  const auto version = text_of(object, "SignatureVersion");
  if (version != "1" && version != "2") return broken("SignatureVersion (1 or 2)");
  out.signature_version = *version == "1" ? 1 : 2;
  const auto signature = text_of(object, "Signature");
  auto bytes = signature ? event::decode_base64(*signature) : std::nullopt;
  if (!bytes || bytes->empty()) return broken("Signature");
  out.signature = std::move(*bytes);

  if (out.type_name == "Notification") return out;
  if (out.type_name == "SubscriptionConfirmation") {
    out.type = SnsMessage::Type::confirmation;
  } else if (out.type_name == "UnsubscribeConfirmation") {
    out.type = SnsMessage::Type::unsubscribed;
  } else {
    return broken("Type");
  }
  if (!out.token) return broken("Token");
  if (!out.subscribe_url) return broken("SubscribeURL");
  return out;
}

}  // namespace

std::string SnsMessage::signed_text() const {
  std::string out;
  const auto add = [&](std::string_view key, const std::string& value) {
    out.append(key).append(1, '\n').append(value).append(1, '\n');
  };
  add("Message", message);
  add("MessageId", message_id);
  if (subject) add("Subject", *subject);
  if (subscribe_url) add("SubscribeURL", *subscribe_url);
  add("Timestamp", timestamp);
  if (token) add("Token", *token);
  add("TopicArn", topic_arn);
  add("Type", type_name);
  return out;
}

Result<SnsMessage> parse_sns(std::string_view body) {
  try {
    json::error_code error;
    const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
    if (error || !value.is_object()) {
      return fail(Code::invalid_input, "the body is not an SNS message in JSON");
    }
    return message_of(value.get_object());
  } catch (const std::exception&) {  // memory
    return fail(Code::busy, "the body could not be read");
  }
}

Status check_sns_time(const SnsMessage& message, std::int64_t now_ms) {
  const auto time = parse_time(message.timestamp);
  if (!time) return fail(Code::invalid_input, "the SNS message has no proper Timestamp");
  const std::int64_t milliseconds = time->unix_seconds() * 1000 + time->nanosecond / 1'000'000;
  if (milliseconds <= now_ms + kSnsAgeMs && milliseconds >= now_ms - kSnsAgeMs) return {};
  return fail(Code::refused, "the SNS message's Timestamp is more than an hour away from now");
}

Status check_certificate_url(std::string_view url, std::string_view further_host) {
  const auto place = split(url);
  if (place && is_trusted(*place, further_host) && is_plain_path(place->path) &&
      place->path.ends_with(".pem") && url.find('?') == url.npos) {
    return {};
  }
  return fail(Code::refused, "SigningCertURL is not an address of Amazon SNS");
}

Status check_subscribe_url(std::string_view url, std::string_view further_host) {
  const auto place = split(url);
  if (place && is_trusted(*place, further_host) && is_plain_path(place->path) &&
      ("&" + std::string(place->query) + "&").find("&Action=ConfirmSubscription&") !=
          std::string::npos) {
    return {};
  }
  return fail(Code::refused, "SubscribeURL is not an address of Amazon SNS");
}

}  // namespace tocsin::source
