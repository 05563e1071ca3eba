#include "alert/correlation.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "alert/card.h"
#include "alert/correlation_words.h"
#include "alert/occurrences.h"
#include "base/text.h"
#include "base/time.h"
#include "differential/reference/json_dom.h"
#include "sigma/loader.h"

namespace tocsin::alert {
namespace {

constexpr std::int64_t kNoon = 1'706'702'400 * kSecond;  // 2024-01-31T12:00:00Z

CorrelatedEvent event_at(int second, const std::string& name, const std::string& error = {}) {
  CorrelatedEvent event;
  event.rule = "A rule";
  event.event_id = "e" + std::to_string(second);
  event.event_time = nanosecond_text(kNoon + second * kSecond);
  event.event_name = name;
  event.event_source = "s3.amazonaws.com";
  event.principal = "arn:aws:iam::1:user/a";
  event.identity_kind = "iam_user";
  event.mfa = "false";
  event.source_ip = "203.0.113.7";
  event.source_ip_kind = "public";
  event.account = "111122223333";
  event.region = "eu-west-1";
  event.error_code = error;
  event.input_path = "in.json";
  event.input_record = static_cast<std::uint64_t>(second);
  return event;
}

CorrelationAlert denied() {
  CorrelationAlert out;
  RuleFacts rule;
  rule.id = "r1";
  rule.title = "Many denied calls";
  rule.level = "high";
  rule.json = R"("rule":{"id":"r1","title":"Many denied calls","level":"high"})";
  out.rule = std::make_shared<const RuleFacts>(rule);
  out.id = "00ff";
  out.fingerprint = "aa11";
  out.detected_at = 1'706'702'700'042;
  CorrelationFacts& facts = out.correlation;
  facts.type = "event_count";
  facts.condition = "≥ 3";
  facts.group_by = {{"tocsin.principal", "arn:aws:iam::1:user/a"}, {"awsRegion", "eu-west-1"}};
  facts.timespan = 300 * kSecond;
  facts.window_begin = kNoon - 290 * kSecond + 5;
  facts.window_end = kNoon + 10 * kSecond + 5;
  facts.measure = 3;
  facts.hits = 3;
  facts.firings = 2;
  facts.first = kNoon;
  facts.last = kNoon + 10 * kSecond + 5'000'000;
  for (const int second : {0, 5, 10}) {
    facts.events.push_back(event_at(second, "GetObject", "AccessDenied"));
  }
  out.closing = facts.events.back();
  return out;
}

TEST_CASE("an alert about many events has no record but what they are") {
  const std::string json = correlation_json(denied());
  const auto event = [](int second) {
    return R"({"rule":"A rule","principal":"arn:aws:iam::1:user/a","identity_kind":"iam_user",)"
           R"("mfa":"false","source_ip":"203.0.113.7","source_ip_kind":"public","account":)"
           R"("111122223333","region":"eu-west-1","event_source":"s3.amazonaws.com","event_name":)"
           R"("GetObject","error_code":"AccessDenied","event_id":"e)" +
           std::to_string(second) + R"(","event_time":"2024-01-31T12:00:)" +
           (second < 10 ? "0" : "") + std::to_string(second) +
           R"(Z","input":{"path":"in.json","record":)" + std::to_string(second) + "}}";
  };
  CHECK(
      json ==
      R"({"id":"00ff","fingerprint":"aa11","status":"firing","rule":{"id":"r1","title":)"
      R"("Many denied calls","level":"high"},"matched":{"selections":[],"fields":[]},"principal":)"
      R"("arn:aws:iam::1:user/a","identity_kind":"iam_user","mfa":"false","source_ip":)"
      R"("203.0.113.7","source_ip_kind":"public","user_agent":"","account":"111122223333",)"
      R"("region":"eu-west-1","event_source":"s3.amazonaws.com","event_name":"GetObject",)"
      R"("error_code":"AccessDenied","event_id":"e10","event_time":"2024-01-31T12:00:10.005Z",)"
      R"("detected_at":"2024-01-31T12:05:00.042Z","input":{"path":"in.json","record":10},)"
      R"("correlation":{"type":"event_count","condition":"≥ 3","group_by":{"tocsin.principal":)"
      R"("arn:aws:iam::1:user/a","awsRegion":"eu-west-1"},"window":{"start":)"
      R"("2024-01-31T11:55:10.000000005Z","end":"2024-01-31T12:00:10.000000005Z",)"
      R"("timespan_seconds":300},"measure":3,"hits":3,"firings":2,"first":)"
      R"("2024-01-31T12:00:00Z","last":"2024-01-31T12:00:10.005Z","events":[)" +
          event(0) + "," + event(5) + "," + event(10) + R"(],"events_total":3}})");
}

TEST_CASE("an alert about many events that is read back says the same") {
  CorrelationAlert made = denied();
  made.correlation.type = "new_value";
  made.correlation.field = {"userAgent", "x"};
  made.correlation.values = {{"userAgent", "curl \"8\""}, {"x", ""}};
  made.correlation.measure = 0.1;
  made.correlation.events.push_back(CorrelatedEvent());
  for (const CorrelationAlert& alert : {denied(), made}) {
    const std::string json = correlation_json(alert);
    const auto read = parse(json);
    REQUIRE(read);
    REQUIRE(read->correlation != nullptr);
    CHECK(*read->correlation == alert.correlation);
    TextBuffer again;
    append_json(*read, again);
    CHECK(again.text() == json);
    Occurrences occurrences;
    occurrences.count = 7;
    const auto told = parse(with_occurrences(json, occurrences));
    REQUIRE(told);
    CHECK(told->count == 7);
    CHECK(*told->correlation == alert.correlation);
  }
}

TEST_CASE("members of another type are as if they were not there") {
  for (const std::string type : {"null", "1", "[]", "{}", "true", "\"\"", "[{}]", "[1]", "-1",
                                 "1e999", R"({"start":1,"timespan_seconds":-1})", R"("9999")",
                                 R"({"a":1,"b":"c"})", R"("9999-12-31T23:59:59Z")"}) {
    for (const std::string name : {"type", "condition", "field", "group_by", "values", "window",
                                   "measure", "hits", "firings", "first", "events"}) {
      const std::string json =
          R"({"correlation":{"type":"event_count",")" + name + "\":" + type + "}}";
      INFO(json);
      const auto alert = parse(json);
      if (type == "1e999") continue;  // the JSON library may refuse it
      REQUIRE(alert);
      REQUIRE(alert->correlation != nullptr);
      TextBuffer again;
      append_json(*alert, again);
      CHECK(reference::parse_strict_json(std::string(again.text())).has_value());
      CHECK_FALSE(summary(*alert).empty());
      CHECK_FALSE(render_card(*alert, false, 80).empty());
    }
  }
  const auto none = parse(R"({"correlation":{}})");
  REQUIRE(none);
  CHECK(none->correlation == nullptr);
  std::string many = R"({"correlation":{"type":"x","events":[{})";
  for (int i = 0; i < 1000; ++i) many += ",{}";
  CHECK(parse(many + "]}}")->correlation->events.size() == 100);
}

TEST_CASE("times are as precise as need be") {
  CHECK(nanosecond_text(kNoon) == "2024-01-31T12:00:00Z");
  CHECK(nanosecond_text(kNoon + 250'000'000) == "2024-01-31T12:00:00.250Z");
  CHECK(nanosecond_text(kNoon + 1) == "2024-01-31T12:00:00.000000001Z");
  CHECK(nanosecond_text(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK_FALSE(nanosecond_text(std::numeric_limits<std::int64_t>::min()).empty());
  CHECK_FALSE(nanosecond_text(std::numeric_limits<std::int64_t>::max()).empty());
}

TEST_CASE("conditions as people write them") {
  const auto text = [](const std::string& condition) {
    sigma::RuleSet rules;
    Diagnostics diagnostics;
    std::string yaml;
    for (const char* name : {"a", "b", "c"}) {
      yaml += std::string("title: Rule ") + name + "\nname: " + name +
              "\nlogsource: {product: aws}\ndetection: {s: {x: 1}, condition: s}\n---\n";
    }
    yaml += "title: T\ncorrelation:\n    type: temporal\n    rules: [a, b, c]\n    timespan: 1h\n" +
            (condition.empty() ? std::string() : "    condition: " + condition + "\n");
    sigma::load_text(yaml, "rules.yml", rules, diagnostics);
    REQUIRE(rules.correlations.size() == 1);
    return condition_text(rules.correlations[0]);
  };
  CHECK(text("{gte: 2, lt: 2.5}") == "≥ 2, < 2.5");
  CHECK(text("{neq: 2}") == "≠ 2");
  CHECK(text("a and not (b or c)") == "a and not (b or c)");
  CHECK(text("a or b and c") == "a or (b and c)");
}

CorrelationFacts facts_of(const std::string& type, double measure) {
  CorrelationFacts facts = denied().correlation;
  facts.type = type;
  facts.measure = measure;
  facts.firings = 1;
  facts.group_by.clear();
  return facts;
}

TEST_CASE("one sentence tells what happened") {
  const std::string by = " by arn:aws:iam::1:user/a";
  const auto sentence = [](const CorrelationFacts& facts) {
    return correlation_summary(facts, 300);
  };
  CHECK(sentence(denied().correlation) ==
        "3 × s3:GetObject (AccessDenied) within 5 min by arn:aws:iam::1:user/a in eu-west-1, 2 "
        "times since 2024-01-31T12:00:00Z");
  CorrelationFacts facts = facts_of("event_count", 20);
  facts.events[1].event_name = "PutObject";
  CHECK(sentence(facts) == "20 × AccessDenied within 5 min" + by);
  facts.events[1].error_code.clear();
  facts.events[1].principal = "another";
  CHECK(sentence(facts) == "20 × events within 5 min");

  facts = facts_of("value_count", 7);
  facts.field = {"awsRegion"};
  CHECK(sentence(facts) == "7 different values of region within 5 min" + by);
  facts.type = "value_avg";
  facts.measure = 2.5;
  CHECK(sentence(facts) == "Region averages 2.5 within 5 min" + by);

  facts = facts_of("temporal_ordered", 2);
  facts.events = {event_at(0, "CreateAccessKey"), event_at(1, "CreateAccessKey"),
                  event_at(2, "DeleteTrail")};
  CHECK(sentence(facts) == "s3:CreateAccessKey → s3:DeleteTrail within 5 min" + by);
  facts.events.clear();
  CHECK(sentence(facts) == "2 kinds of events in order within 5 min");

  facts = facts_of("new_value", 4);
  facts.field = {"userAgent"};
  facts.values = {{"userAgent", "curl/8"}};
  facts.group_by = {{"tocsin.account", "1"}, {"requestParameters.x", "y"}};
  CHECK(sentence(facts) ==
        "First use of user agent = curl/8" + by + ", account 1, requestParameters.x = y");

  facts = facts_of("silent_source", 0);
  facts.timespan = 3600 * kSecond;
  facts.window_begin = kNoon;
  facts.events.clear();
  facts.group_by = {{"tocsin.source", "trail"}};
  CHECK(sentence(facts) == "Nothing was heard for 1 h since 2024-01-31T12:00:00Z, source = trail");

  facts = facts_of("no type that we know", 1);
  CHECK(sentence(facts) == "1 event within 5 min" + by);
}

TEST_CASE("numbers are short") {
  CHECK(number_words(20) == "20");
  CHECK(number_words(0.5) == "0.5");
  CHECK(number_words(1.0 / 3) == "0.333333");
  CHECK(number_words(-0.25) == "-0.25");
  CHECK(number_words(1e300) == "1e+300");
  CHECK(number_words(100) == "100");
  CHECK(number_words(std::nan("")) == "0");
}

TEST_CASE("of many events the first and the last are shown") {
  CorrelationFacts facts;
  for (int i = 0; i < 7; ++i) facts.events.push_back(event_at(i, "A"));
  const auto shown = [&](std::uint64_t hits, std::size_t first, std::size_t last) {
    facts.hits = hits;
    std::string out;
    for (const CorrelatedEvent* event : shown_events(facts, first, last)) {
      out += event == nullptr ? std::string("…") : event->event_id.substr(1);
    }
    return out;
  };
  CHECK(shown(7, 4, 3) == "0123456");
  CHECK(shown(7, 3, 2) == "012…56");
  CHECK(shown(100, 3, 2) == "012…56");
  CHECK(shown(100, 5, 5) == "01234…56");
  facts.events.clear();
  CHECK(shown(100, 3, 2).empty());
}

TEST_CASE("the card of an alert about many events") {
  const std::string event =
      "s3:GetObject (AccessDenied) by arn:aws:iam::1:user/a from 203.0.113.7 in eu-west-1  "
      "(in.json, record ";
  CHECK(render_card(alert_of(denied()), false, 200) ==
        "HIGH  Many denied calls\n"
        "  group principal = arn:aws:iam::1:user/a, region = eu-west-1\n"
        "  what  3 × s3:GetObject (AccessDenied) within 5 min by arn:aws:iam::1:user/a in "
        "eu-west-1, 2 times since 2024-01-31T12:00:00Z\n"
        "  count 3 events (≥ 3)\n"
        "  when  2024-01-31T11:55:10.000000005Z – 2024-01-31T12:00:10.000000005Z (5 min); 2 times "
        "since 2024-01-31T12:00:00Z\n"
        "  event 2024-01-31T12:00:00Z  " +
            event + "0)\n  event 2024-01-31T12:00:05Z  " + event +
            "5)\n  event 2024-01-31T12:00:10Z  " + event + "10)\n\n");
}

TEST_CASE("hostile texts of a group are printable and cut") {
  for (const std::string& text :
       {std::string("\x1b[2J\n\r"), std::string("\xFF\xFE"), std::string("\xE2\x80\xAE"),
        std::string(100'000, 'a'), std::string("a\0b", 3), std::string()}) {
    CorrelationAlert made = denied();
    for (auto& [field, value] : made.correlation.group_by) value = text;
    made.correlation.group_by.emplace_back(text, text);
    made.correlation.values = {{text, text}};
    made.correlation.field = {text};
    made.correlation.condition = text;
    for (CorrelatedEvent& event : made.correlation.events) {
      event.event_name = event.principal = event.error_code = event.event_time = text;
    }
    for (const char* type : {"event_count", "value_count", "new_value", "temporal", "x"}) {
      made.correlation.type = type;
      const Alert alert = alert_of(made);
      const std::string sentence = summary(alert);
      CHECK(sentence.size() <= 300);
      CHECK(text::printable(sentence) == sentence);
      const std::string json = correlation_json(made);
      CHECK(reference::parse_strict_json(json).has_value());
      CHECK(json.find('\n') == std::string::npos);
      const std::string card = render_card(alert, false, 100);
      for (const char c : card) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
      CHECK(card.size() < 12 * 4 * 110);
    }
  }
}

}  // namespace
}  // namespace tocsin::alert
