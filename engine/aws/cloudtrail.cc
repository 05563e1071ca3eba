#include "aws/cloudtrail.h"

#include <fmt/format.h>

#include "aws/json.h"
#include "base/json_writer.h"
#include "event/base64.h"

namespace tocsin::aws {
namespace {

constexpr std::size_t kEventsBytes = std::size_t{64} << 20;  // 50 records of 1 MiB, escaped
constexpr int kKeyPages = 100;

Call cloudtrail_call(std::string_view operation, std::string_view action,
                     const std::string& region) {
  Call call;
  call.service = Service::cloudtrail;
  call.region = region;
  call.operation = operation;
  call.action = action;
  call.resource = fmt::format("CloudTrail in {}", region);
  call.headers = {
      {"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target",
       fmt::format("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{}", operation)}};
  return call;
}

}  // namespace

Outcome<std::vector<PublicKey>> list_public_keys(Session& session, const std::string& region,
                                                 std::int64_t from, std::int64_t to,
                                                 const std::atomic<bool>& stop) {
  std::vector<PublicKey> keys;
  std::string token;
  for (int page = 0; page < kKeyPages; ++page) {
    Call call = cloudtrail_call("ListPublicKeys", "cloudtrail:ListPublicKeys", region);
    JsonWriter json(call.body);
    json.begin_object().key("StartTime").number(from).key("EndTime").number(to);
    if (!token.empty()) json.member("NextToken", token);
    json.end_object();
    const Outcome<net::HttpAnswer> answer = session.call(call, stop);
    if (!answer) return tl::unexpected(answer.error());
    const auto object = parse_object(answer->body, {call.action, call.resource});
    if (!object) return tl::unexpected(object.error());
    for_each_object(*object, "PublicKeyList", [&](const boost::json::object& item) {
      const std::optional<std::string> der = event::decode_base64(text_of(item, "Value"));
      if (!der) return;
      keys.push_back({std::string(text_of(item, "Fingerprint")), *der,
                      number_of(item, "ValidityStartTime"), number_of(item, "ValidityEndTime")});
    });
    token = text_of(*object, "NextToken");
    if (token.empty()) return keys;
  }
  return tl::unexpected(
      Failure{Kind::invalid, false, 0, {}, "cloudtrail:ListPublicKeys does not come to an end"});
}

Outcome<EventPage> lookup_events(Session& session, const std::string& region, std::int64_t from,
                                 std::int64_t to, const std::string& next_token,
                                 const std::atomic<bool>& stop) {
  Call call = cloudtrail_call("LookupEvents", "cloudtrail:LookupEvents", region);
  JsonWriter json(call.body);
  json.begin_object().key("StartTime").number(from).key("EndTime").number(to);
  json.key("MaxResults").number(std::int64_t{50});
  if (!next_token.empty()) json.member("NextToken", next_token);
  json.end_object();
  call.answer_bytes = kEventsBytes;
  call.timeout_ms = 60'000;
  const Outcome<net::HttpAnswer> answer = session.call(call, stop);
  if (!answer) return tl::unexpected(answer.error());
  const auto object = parse_object(answer->body, {call.action, call.resource});
  if (!object) return tl::unexpected(object.error());
  EventPage page;
  for_each_object(*object, "Events", [&](const boost::json::object& item) {
    if (const std::string_view event = text_of(item, "CloudTrailEvent"); !event.empty()) {
      page.events.emplace_back(event);
    }
  });
  page.next_token = text_of(*object, "NextToken");
  return page;
}

}  // namespace tocsin::aws
