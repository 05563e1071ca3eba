#include "correlate/hit_maker.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "correlate/event_fields.h"
#include "correlate/presence.h"
#include "differential/reference/padded.h"
#include "unit/correlate/rules.h"

namespace tocsin::correlate {
namespace {

using Texts = std::vector<std::string>;

Texts values_of(const Hit& hit, const Correlations& correlations, const char* field) {
  Texts out;
  const auto slot = correlations.slot_of(field);
  if (!slot) return {"no such field"};
  hit.fields.each(*slot, [&](std::string_view value) { out.emplace_back(value); });
  return out;
}

// Reads records as a worker does and makes hits of one rule.
class Maker {
 public:
  explicit Maker(const std::string& correlations)
      : compiled_(compile_yaml(rule_yaml("a", "{eventName: A}") + rule_yaml("b", "{eventName: B}") +
                               correlations)),
        all(*compiled_.correlations),
        maker(all),
        presence(all),
        reader_(compiled_.program.fields()) {
    REQUIRE_FALSE(all.empty());
  }

  void begin(const std::string& json, const event::Origin& origin = {}) {
    record_ = std::make_unique<reference::Padded>(json);
    REQUIRE(reader_.read(record_->view(), event_));
    maker.begin(event_, origin, "trail",
                [&](event::EventReader& reader, event::Event& out) { read(reader, out); });
  }
  Hit hit(const std::string& json, program::RuleIndex rule = 0) {
    begin(json);
    batch.clear();
    maker.add(rule, batch);
    REQUIRE(batch.size() == 1);
    return batch[0];
  }
  void see(const std::string& json, const char* source = "trail") {
    record_ = std::make_unique<reference::Padded>(json);
    presence.see(source, [&](event::EventReader& reader, event::Event& out) { read(reader, out); });
  }

 private:
  void read(event::EventReader& reader, event::Event& out) {
    REQUIRE(reader.read(record_->view(), out));
  }

  Compiled compiled_;

 public:
  const Correlations& all;
  HitMaker maker;
  Presence presence;
  HitBatch batch;

 private:
  event::EventReader reader_;
  event::Event event_;
  std::unique_ptr<reference::Padded> record_;
};

const std::string kCount = correlation_yaml(
    "x",
    "{type: value_count, rules: [a], timespan: 5m, group-by: [tocsin.principal, tocsin.source, "
    "ids], condition: {field: deep.name, gte: 2}}");

constexpr const char* kRecord =
    R"({"eventID":"e1","eventTime":"2024-01-31T12:00:00.5Z","eventName":"A","eventSource":"s",)"
    R"("awsRegion":"r","userAgent":"agent","errorCode":"Denied","sourceIPAddress":"203.0.113.7",)"
    R"("recipientAccountId":"111","userIdentity":{"type":"IAMUser","arn":"arn:user","accountId":"2"},)"
    R"("ids":["i1","i2",null,"i1",7,true],"deep":[{"name":"n1"},{"name":null},{"name":"n2"}]})";

TEST_CASE("a hit has the fields that correlations read, the time and the evidence") {
  Maker maker(kCount);
  CHECK(maker.maker.wants(0));
  CHECK_FALSE(maker.maker.wants(1));
  const std::string path = "log.json";
  event::Origin origin;
  origin.path = &path;
  origin.record = 12;
  maker.begin(kRecord, origin);
  maker.maker.add(0, maker.batch);
  maker.maker.add(1, maker.batch);  // nobody wants it
  REQUIRE(maker.batch.size() == 1);
  const Hit hit = maker.batch[0];
  CHECK(hit.rule == 0);
  CHECK(hit.time == 1'706'702'400 * kSecond + 500 * kMillisecond);
  CHECK(hit.since == hit.time);
  CHECK(values_of(hit, maker.all, "tocsin.principal") == Texts{"arn:user"});
  CHECK(values_of(hit, maker.all, "tocsin.source") == Texts{"trail"});
  CHECK(values_of(hit, maker.all, "ids") == Texts{"i1", "i2", "7", "true"});
  CHECK(values_of(hit, maker.all, "deep.name") == Texts{"n1", "n2"});
  const auto evidence = evidence_of(hit.evidence);
  REQUIRE(evidence);
  CHECK(evidence->event_id == "e1");
  CHECK(evidence->event_time == "2024-01-31T12:00:00.5Z");
  CHECK(evidence->event_name == "A");
  CHECK(evidence->event_source == "s");
  CHECK(evidence->principal == "arn:user");
  CHECK(evidence->identity_kind == "iam_user");
  CHECK(evidence->mfa == "unknown");
  CHECK(evidence->source_ip == "203.0.113.7");
  CHECK(evidence->source_ip_kind == "public");
  CHECK(evidence->user_agent == "agent");
  CHECK(evidence->account == "111");
  CHECK(evidence->region == "r");
  CHECK(evidence->error_code == "Denied");
  CHECK(evidence->input_path == "log.json");
  CHECK(evidence->input_record == 12);
}

TEST_CASE("the same event has the same key") {
  Maker maker(kCount);
  const auto key = [&](const std::string& json) { return maker.hit(json).event; };
  const std::string time = R"("eventTime":"2024-01-31T12:00:00Z")";
  const Key first = key(R"({"eventID":"e1","recipientAccountId":"1",)" + time + "}");
  CHECK(first == key(R"({ "eventID" : "e1", "recipientAccountId":"1", "more": 1,)" + time + "}"));
  CHECK(first != key(R"({"eventID":"e1","recipientAccountId":"2",)" + time + "}"));
  CHECK(first != key(R"({"eventID":"e2","recipientAccountId":"1",)" + time + "}"));
  // Without an id it is its content.
  const Key bare = key("{" + time + R"(,"a":1})");
  CHECK(bare == key("{ " + time + R"( , "a": 1 })"));
  CHECK(bare != key("{" + time + R"(,"a":2})"));
}

TEST_CASE("absent, null and empty fields are not there; an empty text is a value") {
  Maker maker(kCount);
  const std::string head = R"({"eventTime":"2024-01-31T12:00:00Z")";
  for (const char* rest : {"}", R"(,"ids":null})", R"(,"ids":[]})", R"(,"ids":[null]})"}) {
    INFO(rest);
    CHECK(values_of(maker.hit(head + rest), maker.all, "ids").empty());
  }
  CHECK(values_of(maker.hit(head + R"(,"ids":""})"), maker.all, "ids") == Texts{""});
  // What is below an object at which the path ends.
  CHECK(values_of(maker.hit(head + R"(,"ids":{"x":"y","z":[1]}})"), maker.all, "ids") ==
        Texts{"y", "1"});
  std::string many = head + R"(,"ids":["0")";
  for (int i = 0; i < 5000; ++i) many += ",\"" + std::to_string(i / 2) + "\"";
  const Hit hit = maker.hit(many + "]}");
  const Texts values = values_of(hit, maker.all, "ids");
  CHECK(values.size() == kFieldValues);
  CHECK(std::set<std::string>(values.begin(), values.end()).size() == kFieldValues);
  CHECK(values.back() == std::to_string(kFieldValues - 1));
}

TEST_CASE("an event without a usable time gives no hit and is counted") {
  Maker maker(kCount);
  for (const char* time :
       {"{}", R"({"eventTime":""})", R"({"eventTime":"soon"})", R"({"eventTime":null})",
        R"({"eventTime":"1969-12-31T23:59:59Z"})", R"({"eventTime":"2200-01-01T00:00:00.1Z"})",
        R"({"eventTime":"9999-01-01T00:00:00Z"})", R"({"eventTime":["x",{}]})"}) {
    INFO(time);
    maker.begin(time);
    maker.maker.add(0, maker.batch);
    CHECK(maker.batch.empty());
  }
  CHECK(maker.maker.untimed() == 8);
  CHECK(time_of("1970-01-01T00:00:00Z") == kEarliest);
  CHECK(time_of("2200-01-01T00:00:00Z") == kLatest);
  CHECK(time_of("2024-01-31T12:00:00.123456789Z") % kSecond == 123'456'789);
  CHECK(time_of("2024-01-31T13:00:00+01:00") == time_of("2024-01-31T12:00:00Z"));
}

std::string at(int second, const std::string& more = "") {
  return R"({"eventTime":"2024-01-31T12:)" + std::string(second / 60 < 10 ? "0" : "") +
         std::to_string(second / 60) + ":" + (second % 60 < 10 ? "0" : "") +
         std::to_string(second % 60) + "Z\"" + more + "}";
}

// "group from to" of each, sorted; times in seconds after 12:00.
std::multiset<std::string> heard(Maker& maker, const char* field) {
  HitBatch batch;
  maker.presence.take(batch);
  std::multiset<std::string> out;
  const Time noon = time_of("2024-01-31T12:00:00Z");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Hit hit = batch[i];
    CHECK(hit.rule == maker.all.heard_by(0));
    std::string text;
    for (const std::string& value : values_of(hit, maker.all, field)) text += value + " ";
    out.insert(text + std::to_string((hit.since - noon) / kSecond) + " " +
               std::to_string((hit.time - noon) / kSecond));
  }
  return out;
}

TEST_CASE("what was heard of a group is as many hits as it has gaps") {
  using Heard = std::multiset<std::string>;
  Maker maker(correlation_yaml("x", "{type: silent_source, timespan: 1m, group-by: [account]}"));
  CHECK_FALSE(maker.presence.empty());
  for (const int second : {100, 0, 40, 300, 160, 361, 420, 221}) {
    maker.see(at(second, R"(,"account":"a")"));
  }
  maker.see(at(5, R"(,"account":["b","c"])"));
  maker.see(at(5));  // of no group
  maker.see(R"({"account":"a"})");
  // 160 to 221 and 300 to 361 are longer than a minute.
  CHECK(heard(maker, "account") ==
        Heard{"a 0 160", "a 221 221", "a 300 300", "a 361 420", "b 5 5", "c 5 5"});
  CHECK(maker.presence.untimed() == 1);
  CHECK(heard(maker, "account").empty());
  // What closes a gap joins both sides.
  for (const int second : {0, 120, 60}) maker.see(at(second, R"(,"account":"a")"));
  CHECK(heard(maker, "account") == Heard{"a 0 120"});
}

TEST_CASE("what was heard does not depend on the order of events") {
  std::vector<int> seconds;
  std::uint32_t state = 7;
  for (int i = 0; i < 60; ++i) {
    state = state * 1'664'525 + 1'013'904'223;
    seconds.push_back(static_cast<int>(state >> 16) % 3600);
  }
  const auto run = [&](const std::vector<int>& order) {
    Maker maker(correlation_yaml("x", "{type: silent_source, timespan: 1m}"));
    for (const int second : order) maker.see(at(second));
    return heard(maker, "account");
  };
  const auto wanted = run(seconds);
  CHECK(wanted.size() > 5);
  std::vector<int> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  CHECK(run(sorted) == wanted);
  std::reverse(sorted.begin(), sorted.end());
  CHECK(run(sorted) == wanted);
}

// An event that is like the one before takes a shorter way.
TEST_CASE("what was heard is what the times of each group say, whatever stands beside an event") {
  Maker maker(correlation_yaml("x", "{type: silent_source, timespan: 1m, group-by: [account]}"));
  std::mt19937 random(11);
  const std::vector<Texts> all = {{"a"}, {"b"}, {"a", "b"}, {"a", "c"}, {"c"}, {}};
  for (int round = 0; round < 20; ++round) {
    std::map<std::string, std::set<int>> times;
    std::size_t who = 0;
    int second = 0;
    for (int i = 0; i < 200; ++i) {
      if (random() % 3 == 0) who = random() % all.size();
      if (random() % 2 == 0) second = static_cast<int>(random() % 3600);
      std::string values;
      for (const std::string& account : all[who]) {
        values += (values.empty() ? "\"" : ",\"") + account + "\"";
        times[account].insert(second);
      }
      maker.see(at(second, ",\"account\":[" + values + "]"));
    }
    std::multiset<std::string> wanted;
    for (const auto& one : times) {
      const std::set<int>& seconds = one.second;
      int since = *seconds.begin(), last = since;
      const auto end = [&] {
        wanted.insert(one.first + " " + std::to_string(since) + " " + std::to_string(last));
      };
      for (const int time : seconds) {
        if (time - last > 60) {
          end();
          since = time;
        }
        last = time;
      }
      end();
    }
    CHECK(heard(maker, "account") == wanted);
  }
}

TEST_CASE("a source is a group of its own") {
  Maker maker(correlation_yaml("x",
                               "{type: silent_source, timespan: 1m, group-by: "
                               "[tocsin.source]}"));
  maker.see(at(0), "one");
  maker.see(at(1), "two");
  maker.see(at(2), "one");
  CHECK(heard(maker, "tocsin.source") == std::multiset<std::string>{"one 0 2", "two 1 1"});
}

TEST_CASE("a flood of groups is bounded") {
  Maker maker(correlation_yaml("x", "{type: silent_source, timespan: 1m, group-by: [a, b]}"));
  std::string values;
  for (int i = 0; i < 32; ++i) values += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
  const int events = static_cast<int>(kStretches / 32) + 10;
  for (int i = 0; i < events; ++i) {
    maker.see(at(0, R"(,"a":")" + std::to_string(i) + R"(","b":[)" + values + "]"));
  }
  HitBatch batch;
  maker.presence.take(batch);
  CHECK(batch.size() == kStretches);
  CHECK(maker.presence.overflowed() == static_cast<std::size_t>(events) * 32 - kStretches);
}

}  // namespace
}  // namespace tocsin::correlate
