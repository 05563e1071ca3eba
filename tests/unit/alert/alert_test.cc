#include "alert/alert.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "alert/alert_maker.h"
#include "differential/reference/json_dom.h"
#include "differential/reference/padded.h"
#include "event/record_reader.h"
#include "program/match.h"
#include "sigma/loader.h"

namespace tocsin::alert {
namespace {

constexpr const char* kRule = R"(title: User created
id: 0a4f2a3e-5a1c-4c6f-9c1d-2f6a3b8e7d01
status: stable
author: Someone
level: high
tags: [attack.t1136]
references: [https://example.org]
falsepositives: [Administrators]
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName: CreateUser
    condition: selection
)";

constexpr const char* kEvent =
    R"({ "eventSource" : "iam.amazonaws.com", "eventName":"CreateUser","eventID":"e-1",)"
    R"("eventTime":"2024-01-31T12:00:00Z","awsRegion":"us-east-1","userAgent":"aws-cli","errorCode":)"
    R"("AccessDenied","errorMessage":"no\nway","recipientAccountId":"111122223333","sourceIPAddress":)"
    R"("8.8.8.8","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a",)"
    R"("accessKeyId":"AKIA"}})";

std::vector<Alert> alerts_of(const std::string& rule, const std::string& bytes,
                             std::int64_t detected_at = 1'706'702'400'123) {
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(rule, "rules/user.yml", rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  REQUIRE(program.rules().size() == 1);
  event::EventReader reader(program.fields());
  event::Event event;
  program::Matching matching(program);
  AlertMaker maker(program);
  std::vector<Alert> alerts;
  const event::Batch batch = event::read_records(bytes, "in.json");
  for (const event::Record& record : batch.records) {
    REQUIRE(reader.read(record.json, event));
    std::vector<program::RuleIndex> fired;
    matching.run(event, program.all_rules(), fired);
    for (const auto index : fired)
      alerts.push_back(maker.make(index, event, record.origin, detected_at));
  }
  return alerts;
}

Alert alert_of(const std::string& rule, const std::string& bytes) {
  const auto alerts = alerts_of(rule, bytes);
  REQUIRE(alerts.size() == 1);
  return alerts.front();
}

std::string json_of(const Alert& alert) {
  TextBuffer out;
  append_json(alert, out);
  return std::string(out.text());
}

TEST_CASE("the JSON of an alert is an interface") {
  Alert alert = alert_of(kRule, kEvent);
  CHECK(alert.id.size() == 32);
  CHECK(alert.fingerprint.size() == 32);
  CHECK(alert.rule->hash.size() == 16);
  alert.id = "ID", alert.fingerprint = "FP";
  std::string json = json_of(alert);
  json.replace(json.find(alert.rule->hash), 16, "HASH");
  CHECK(
      json ==
      R"({"id":"ID","fingerprint":"FP","status":"firing","rule":{"id":"0a4f2a3e-5a1c-4c6f-9c1d-2f6a3b8e7d01",)"
      R"("title":"User created","level":"high","status":"stable","author":"Someone","tags":["attack.t1136"],)"
      R"("references":["https://example.org"],"falsepositives":["Administrators"],"file":"rules/user.yml",)"
      R"("hash":"HASH"},"matched":{"selections":["selection"],"fields":[{"name":"eventName","value":)"
      R"("CreateUser","matcher":"equals","pattern":"CreateUser"}]},"principal":)"
      R"("arn:aws:iam::111122223333:user/a","identity_kind":"iam_user","mfa":"unknown","access_key_id":"AKIA",)"
      R"("source_ip":"8.8.8.8","source_ip_kind":"public","user_agent":"aws-cli","account":"111122223333",)"
      R"("region":"us-east-1","event_source":"iam.amazonaws.com","event_name":"CreateUser","error_code":)"
      R"("AccessDenied","error_message":"no\nway","event_id":"e-1","event_time":"2024-01-31T12:00:00Z",)"
      R"("detected_at":"2024-01-31T12:00:00.123Z","input":{"path":"in.json","record":1},"event":)"
      R"({"eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":"e-1","eventTime":)"
      R"("2024-01-31T12:00:00Z","awsRegion":"us-east-1","userAgent":"aws-cli","errorCode":"AccessDenied",)"
      R"("errorMessage":"no\nway","recipientAccountId":"111122223333","sourceIPAddress":"8.8.8.8",)"
      R"("userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a","accessKeyId":"AKIA"}}})");
}

TEST_CASE("ids are those of releases before: they may be stored") {
  const Alert alert = alert_of(kRule, kEvent);
  CHECK(alert.id == "9155451fba77fc7d9412f718548372a9");
  CHECK(alert.fingerprint == "316874c01831f72338ea9cb1ec21f761");
}

TEST_CASE("an id is of rule and event, a fingerprint of rule and principal") {
  const std::string rule = kRule, event = kEvent;
  const Alert alert = alert_of(rule, event);
  const auto changed = [](std::string text, const char* from, const char* to) {
    text.replace(text.find(from), std::string_view(from).size(), to);
    return text;
  };
  const Alert again = alerts_of(rule, event + "\n" + event, 0).back();
  CHECK(again.id == alert.id);
  CHECK(again.fingerprint == alert.fingerprint);
  CHECK(again.input_record == 2);
  CHECK(again.detected_at == "1970-01-01T00:00:00.000Z");

  const Alert other_event = alert_of(rule, changed(event, "e-1", "e-2"));
  CHECK(other_event.id != alert.id);
  CHECK(other_event.fingerprint == alert.fingerprint);

  const Alert other_user = alert_of(rule, changed(event, "user/a", "user/b"));
  CHECK(other_user.id == alert.id);
  CHECK(other_user.fingerprint != alert.fingerprint);

  // Two people behind one role, or one person in two sessions of it.
  const auto by = [&](const char* session) {
    const std::string identity = R"("type":"AssumedRole","principalId":"AROA:)" +
                                 std::string(session) +
                                 R"(","sessionContext":{"sessionIssuer":{"arn":"arn:r"}},"x")";
    return alert_of(rule, changed(event, R"("type")", identity.c_str()));
  };
  CHECK(by("alice@example.com").person == "alice@example.com");
  CHECK(by("alice@example.com").fingerprint == by("alice@example.com").fingerprint);
  CHECK(by("alice@example.com").fingerprint != by("bob@example.com").fingerprint);
  CHECK(by("i-1").fingerprint == by("i-2").fingerprint);

  const Alert other_account =
      alert_of(rule, changed(event, R"("recipientAccountId":"1)", R"("recipientAccountId":"2)"));
  CHECK(other_account.id != alert.id);
  CHECK(other_account.fingerprint != alert.fingerprint);

  const Alert other_rule = alert_of(changed(rule, "7d01", "7d02"), event);
  CHECK(other_rule.id != alert.id);
  CHECK(other_rule.fingerprint != alert.fingerprint);

  const Alert other_level = alert_of(changed(rule, "level: high", "level: low"), event);
  CHECK(other_level.id == alert.id);
  CHECK(other_level.rule->hash != alert.rule->hash);
}

TEST_CASE("an event without an id is identified by its bytes, white space aside") {
  const Alert a = alert_of(kRule, R"({"eventName":"CreateUser","x":1})");
  CHECK(a.id == alert_of(kRule, R"({ "eventName" : "CreateUser", "x":1 })").id);
  CHECK(a.id != alert_of(kRule, R"({"eventName":"CreateUser","x":2})").id);
}

TEST_CASE("what a record does not say is empty, and left out where that reads better") {
  const std::string json = json_of(alert_of(kRule, R"({"eventName":"CreateUser"})"));
  const auto read = reference::parse_strict_json(json);
  REQUIRE(read);
  CHECK(read->text_of("principal").empty());
  CHECK(read->text_of("identity_kind") == "unknown");
  CHECK(read->find("error_code") == nullptr);
  CHECK(read->find("access_key_id") == nullptr);
  CHECK(read->find("event_id") != nullptr);
}

TEST_CASE("a hostile record makes one line of strict JSON") {
  for (const std::string& value :
       {std::string("a\xFF\xC3"), std::string("line\rbreak\x01"), std::string("\\ud800\\n"),
        std::string("\u2028\u202E"), std::string("\\\"}")}) {
    const std::string json =
        json_of(alert_of(kRule, R"({"eventName":"CreateUser","userAgent":")" + value + R"("})"));
    INFO(json);
    CHECK(json.find('\n') == std::string::npos);
    CHECK(reference::parse_strict_json(json));
  }
}

TEST_CASE("the serializer tells where the number of the record stands") {
  const Alert alert = alert_of(kRule, kEvent);
  TextBuffer out;
  out.append("before\n");
  const std::size_t at = append_json(alert, out);
  CHECK(out.text().substr(at).starts_with(R"(1},"event":{)"));
  CHECK(out.text().substr(0, at).ends_with(R"("input":{"path":"in.json","record":)"));
  Alert pathless = alert;
  pathless.input_path.clear();
  CHECK(append_json(pathless, out) == kNoNumber);
}

TEST_CASE("levels have ranks") {
  const char* const kLevels[] = {"informational", "low", "medium", "high", "critical"};
  for (int rank = 0; rank < 5; ++rank) {
    CHECK(severity_rank(kLevels[rank]) == rank);
    CHECK(severity_name(rank) == kLevels[rank]);
  }
  CHECK(severity_rank("") == 2);
  CHECK(severity_rank("urgent") == 2);
  CHECK(severity_name(-1) == "informational");
  CHECK(severity_name(9) == "critical");
  std::string rule = kRule;
  rule.erase(rule.find("level: high\n"), 12);
  CHECK(alert_of(rule, kEvent).rule->level == "medium");
}

}  // namespace
}  // namespace tocsin::alert
