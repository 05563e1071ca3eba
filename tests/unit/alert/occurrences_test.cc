#include "alert/occurrences.h"

#include <catch2/catch.hpp>
#include <string>

#include "alert/card.h"
#include "alert/wording.h"
#include "base/text.h"
#include "differential/reference/json_dom.h"

namespace tocsin::alert {
namespace {

constexpr std::string_view kAlert =
    R"({"id":"00ff","fingerprint":"aa11","status":"firing","rule":{"id":"r1","title":"T \"1\"",)"
    R"("level":"high","status":"stable","author":"A","tags":["attack.t1136"],"references":)"
    R"(["https://example.org"],"falsepositives":["Admins"],"file":"r.yml","hash":"h"},"matched":)"
    R"({"selections":["sel"],"fields":[{"name":"eventName","value":"CreateUser","matcher":"equals",)"
    R"("pattern":"CreateUser"}]},"principal":"arn:aws:iam::1:user/a","identity_kind":"iam_user",)"
    R"("mfa":"false","access_key_id":"AKIA","source_ip":"8.8.8.8","source_ip_kind":"public",)"
    R"("user_agent":"aws-cli","account":"111122223333","region":"us-east-1","event_source":)"
    R"("iam.amazonaws.com","event_name":"CreateUser","error_code":"AccessDenied","error_message":)"
    R"("no\nway","event_id":"e-1","event_time":"2024-01-31T12:00:00Z","detected_at":)"
    R"("2024-01-31T12:00:01.000Z","input":{"path":"in.json","record":7},"event":)"
    R"({"n":123456789012345678901234567890,"x":1e999,"status":"no","s":"}"}})";

Occurrences twice() {
  Occurrences occurrences;
  occurrences.source = "http \"1\"";
  occurrences.count = 2;
  occurrences.first_seen = 1'706'702'400'123;
  occurrences.last_seen = 1'706'702'460'000;
  occurrences.notification = "k1";
  return occurrences;
}

std::string json_of(const Alert& alert) {
  TextBuffer out;
  append_json(alert, out);
  return std::string(out.text());
}

TEST_CASE("occurrences are members at the end of the alert") {
  const std::string told = with_occurrences(kAlert, twice());
  CHECK(told == std::string(kAlert.substr(0, kAlert.size() - 1)) +
                    R"(,"source":"http \"1\"","count":2,"first_seen":"2024-01-31T12:00:00.123Z",)"
                    R"("last_seen":"2024-01-31T12:01:00.000Z","notification":{"id":"k1"}})");
  Occurrences resolved;
  resolved.status = "resolved";
  resolved.first_seen = -1;
  const std::string other = with_occurrences(std::string(kAlert) + "\n", resolved);
  CHECK(other.starts_with(R"({"id":"00ff","fingerprint":"aa11","status":"resolved","rule":{"id")"));
  CHECK(other.ends_with(R"("s":"}"},"source":"","count":1,"first_seen":"1969-12-31T23:59:59.999Z",)"
                        R"("last_seen":"1970-01-01T00:00:00.000Z"})"));
  CHECK(other.find(R"("status":"no")") != std::string::npos);
}

TEST_CASE("occurrences of what is not an alert are still one JSON object") {
  for (const std::string_view text : {"", "{}", "[", "{ }", "}", R"({"status":"x"})"}) {
    const std::string told = with_occurrences(text, twice());
    INFO(text << " → " << told);
    CHECK(reference::parse_strict_json(told).has_value());
  }
}

TEST_CASE("an alert that is read back says the same") {
  const auto alert = parse(kAlert);
  REQUIRE(alert.has_value());
  CHECK(json_of(*alert) == kAlert);
  CHECK(alert->rule->title == "T \"1\"");
  CHECK(alert->rule->references == std::vector<std::string>{"https://example.org"});
  CHECK(alert->matched.fields.at(0).operation == "equals");
  CHECK(alert->count == 1);
  CHECK(alert->input_record == 7);

  const auto told = parse(with_occurrences(kAlert, twice()));
  REQUIRE(told.has_value());
  CHECK(told->count == 2);
  CHECK(told->source == "http \"1\"");
  CHECK(told->first_seen == "2024-01-31T12:00:00.123Z");
  CHECK(told->last_seen == "2024-01-31T12:01:00.000Z");
  CHECK(json_of(*told) == kAlert);
}

TEST_CASE("what is missing stays empty") {
  const auto alert = parse("  {\"rule\":{\"title\":\"T\"}} ");
  REQUIRE(alert.has_value());
  CHECK(alert->rule->title == "T");
  CHECK(alert->principal.empty());
  CHECK(alert->event == "{}");
  CHECK(alert->status == "firing");
  for (const std::string_view type : {"null", "1", "[]", "{}", "true", "\"\"", "[{}]", "[1]"}) {
    for (const std::string_view name :
         {"id", "rule", "matched", "input", "count", "source", "principal", "first_seen"}) {
      const std::string json = "{\"" + std::string(name) + "\":" + std::string(type) + "}";
      INFO(json);
      const auto odd = parse(json);
      REQUIRE(odd.has_value());
      CHECK(reference::parse_strict_json(json_of(*odd)).has_value());
    }
  }
}

TEST_CASE("what is not an alert is an error, at every length") {
  CHECK(parse(kAlert).has_value());
  for (std::size_t size = 0; size < kAlert.size(); ++size) {
    INFO(size);
    CHECK_FALSE(parse(kAlert.substr(0, size)).has_value());
  }
  CHECK_FALSE(parse("[]").has_value());
  CHECK_FALSE(parse("{} {}").has_value());
  CHECK_FALSE(parse(R"({"event":[]})").has_value());
  CHECK_FALSE(parse(R"({"event":{"a":01}})").has_value());
  CHECK_FALSE(parse(R"({"id":"\"}"})").has_value());
  CHECK_FALSE(parse(R"({"id":)" + std::string(100'000, '[')).has_value());
  CHECK_FALSE(parse(R"({"event":)" + std::string(100'000, '[')).has_value());
  CHECK_FALSE(parse(R"({"a":)" + std::string(9, '[') + std::string(9, ']') + "}").has_value());
  std::string deep = R"({"event":{"a":)" + std::string(63, '[') + std::string(63, ']') + "}}";
  CHECK(parse(deep).has_value());  // as deep as records are
}

TEST_CASE("a summary is one neutral sentence") {
  Alert alert = *parse(kAlert);
  CHECK(summary(alert) ==
        "IAM user arn:aws:iam::1:user/a without MFA tried iam:CreateUser (AccessDenied) from "
        "8.8.8.8 (public) in us-east-1, account 111122223333");
  alert.error_code.clear();
  alert.identity_kind = "assumed_role";
  alert.mfa = "true";
  alert.source_ip = "ec2.amazonaws.com", alert.source_ip_kind = "aws_service";
  alert.event_source = "ec2.amazonaws.com.cn";
  alert.count = 12;
  CHECK(summary(alert) ==
        "Assumed role arn:aws:iam::1:user/a with MFA called ec2:CreateUser from ec2.amazonaws.com "
        "in us-east-1, account 111122223333, 12 times");
  alert.principal.clear(), alert.event_name.clear();
  CHECK(summary(alert) == "An event fulfilled the rule T \"1\"");
  alert.event_name = "X", alert.mfa = "unknown", alert.region.clear(), alert.account.clear();
  alert.source_ip.clear(), alert.count = 1;
  CHECK(summary(alert) == "Somebody called ec2:X");
}

TEST_CASE("a summary shows hostile texts safely and within its length") {
  Alert alert = *parse(kAlert);
  alert.principal = "a\x1b[31m\n\xE2\x80\xAE\xFF\x00z";
  CHECK(summary(alert).find("user a\\x1b[31m\\n\\u202e\\xff without") != std::string::npos);
  for (std::string* text : {&alert.principal, &alert.event_name, &alert.event_source,
                            &alert.source_ip, &alert.region, &alert.account, &alert.error_code}) {
    for (int i = 0; i < 200'000; ++i) *text += "\xF0\x9F\x92\xA3";  // U+1F4A3, four bytes
  }
  const std::string cut = summary(alert);
  CHECK(cut.size() <= 300);
  CHECK(text::find_invalid_utf8(cut) == std::string::npos);
  CHECK(cut.ends_with("…"));
}

TEST_CASE("Tocsin's own alerts have the form of all others") {
  const std::string json =
      self_alert_json(kDeadLetter, "soc-slack", "The receiver \"soc\"\nis gone", 1'706'702'400'123);
  const auto alert = parse(json);
  REQUIRE(alert.has_value());
  CHECK(json_of(*alert) == json);
  CHECK(alert->id.size() == 32);
  CHECK(alert->rule->id == "tocsin.dead_letter");
  CHECK(alert->rule->level == "high");
  CHECK(alert->event_name == "dead_letter");
  CHECK(alert->event_time == "2024-01-31T12:00:00Z");
  CHECK(summary(*alert) == "The receiver \"soc\"\\nis gone");
  const auto later = parse(self_alert_json(kDeadLetter, "soc-slack", "again", 1'706'702'400'124));
  CHECK(later->fingerprint == alert->fingerprint);
  CHECK(later->id != alert->id);
  const auto other = parse(self_alert_json(kDeadLetter, "mail", "again", 1'706'702'400'124));
  CHECK(other->fingerprint != alert->fingerprint);
  const auto hostile = self_alert_json(kUnreadableRecord, std::string(1 << 20, '\xFF'),
                                       std::string(1 << 20, '\x01'), 0);
  CHECK(hostile.size() < 40'000);
  CHECK(parse(hostile).has_value());
}

TEST_CASE("a card of Tocsin's own alert names nobody, and an event cannot look like one") {
  auto own = parse(self_alert_json(kDeadLetter, "soc", "The receiver soc is gone", 0));
  REQUIRE(own);
  CHECK(is_own(*own));
  const std::string card = render_card(*own, false, 100);
  CHECK(card.find("The receiver soc is gone") != std::string::npos);
  CHECK(card.find("MFA") == std::string::npos);
  auto rule = std::make_shared<RuleFacts>(*own->rule);
  rule->id = "4d083385-4459-47b3-a293-d1543ea862b0";
  own->rule = rule;
  CHECK_FALSE(is_own(*own));
  CHECK(render_card(*own, false, 100).find("MFA") != std::string::npos);
}

TEST_CASE("texts are cut by code points and shown when that happened") {
  CHECK(shown("abc", 3) == "abc");
  CHECK(shown("abcd", 3) == "ab…");
  CHECK(shown("äöü", 3) == "äöü");
  CHECK(shown("äöüß", 3) == "äö…");
  CHECK(shown("\n", 1) == "…");
  CHECK(shown("", 0) == "");
  CHECK(shown("a", 0) == "…");
  CHECK(cut_bytes("aäb", 4) == "aäb");
  CHECK(cut_bytes("äöüß", 6) == "ä…");
  CHECK(cut_bytes("abcdef", 2) == "…");
}

TEST_CASE("spans of time in words") {
  CHECK(span_words(-5) == "0 s");
  CHECK(span_words(59'999) == "59 s");
  CHECK(span_words(61'000) == "1 min 1 s");
  CHECK(span_words(600'000) == "10 min");
  CHECK(span_words(7'500'000) == "2 h 5 min");
  CHECK(span_words(90'000'000) == "1 d 1 h");
}

}  // namespace
}  // namespace tocsin::alert
