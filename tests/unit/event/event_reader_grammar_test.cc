// What is a record and what is not must not depend on the fields that the rules name.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/limits.h"
#include "differential/generate/event_generator.h"
#include "differential/generate/mutation_samples.h"
#include "differential/generate/mutator.h"
#include "differential/generate/random.h"
#include "differential/reference/json_dom.h"
#include "differential/reference/padded.h"
#include "event/event_reader.h"

namespace tocsin::event {
namespace {

using reference::Padded;

// Can the record be read when `path` is wanted?
bool reads(const std::string& json, const char* path) {
  FieldSet fields;
  fields.add(path);
  EventReader reader(fields);
  Event event;
  const Padded text(json);
  return reader.read(text.view(), event).has_value();
}

// Values that are malformed, with the brackets around them balanced.
const char* const kMalformed[] = {"",
                                  "x",
                                  "tru",
                                  "trues",
                                  "nul",
                                  "nulll",
                                  "True",
                                  "NaN",
                                  "Infinity",
                                  "01",
                                  "-",
                                  "+1",
                                  "1.",
                                  ".5",
                                  "1e",
                                  "1e+",
                                  "0x1",
                                  "1 2",
                                  "1x",
                                  "\"a\" \"b\"",
                                  "\"a\"x",
                                  "x\"a\"",
                                  "\"\\x\"",
                                  "\"\\u12\"",
                                  "'a'",
                                  "[1,]",
                                  "[,1]",
                                  "[1 2]",
                                  "[1,,2]",
                                  "[1:2]",
                                  "{\"k\"}",
                                  "{\"k\":}",
                                  "{\"k\":1,}",
                                  "{,\"k\":1}",
                                  "{\"k\" 1}",
                                  "{\"k\":1 \"l\":2}",
                                  "{k:1}",
                                  "{1:2}",
                                  "{\"k\":1:2}",
                                  "{\"k\",1}",
                                  "{null:1}",
                                  "[\"a\":1]",
                                  "[1]2",
                                  "{}{}",
                                  "[][]",
                                  "\\n",
                                  "1\\n",
                                  "tr\\u0075e",
                                  ("\xEF\xBB\xBF"
                                   "1"),
                                  "\f1",
                                  "1\v",
                                  "/**/1",
                                  "\x1A",
                                  "\x0C",
                                  "{\"\\q\":1}",
                                  "[[],{},]"};

TEST_CASE("a malformed value is an error wherever it stands") {
  for (const char* malformed : kMalformed) {
    INFO(malformed);
    const std::string json = std::string(R"({"a":)") + malformed + R"(,"z":1})";
    const std::string deep = std::string(R"({"a":{"b":[)") + malformed + R"(]},"z":1})";
    for (const std::string& text : {json, deep}) {
      if (text == deep && *malformed == '\0') continue;  // an empty array
      for (const char* path : {"a", "a.b", "z", ""}) {
        CHECK_FALSE(reads(text, path));
      }
    }
  }
  for (const char* json : {"", " ", "1", "null", "[]", "\"a\"", "{", "}", "{}}", "{}x", "{} {}",
                           "{\"a\"", "{\"a", "[{}]", "{\"a\":1}]", "{\"a\":[1}", "{\"a\":{]}"}) {
    INFO(json);
    CHECK_FALSE(reads(json, "a"));
    CHECK_FALSE(reads(json, "z"));
  }
}

TEST_CASE("nesting is bounded, wherever it stands") {
  const auto nested = [](std::size_t depth) {  // counts the record itself
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  for (const char* path : {"a", "a.b", "z", ""}) {
    CHECK(reads(nested(limits::kRecordDepth), path));
    CHECK_FALSE(reads(nested(limits::kRecordDepth + 1), path));
    CHECK_FALSE(reads(nested(100'000), path));
  }
}

TEST_CASE("damaged records are accepted exactly when an obvious parser accepts them") {
  const std::vector<std::string> words = {"{",    "}",       "[",    "]",   ",",   ":",  "\"",
                                          "\\",   "\\ud800", "null", "0",   "1e5", "\n", "\xFF",
                                          "\x01", "\"a\":",  "\\\"", "\\u", " "};
  std::vector<FieldSet> sets(4);  // nothing, something, everything, all of it at once
  sets[1].add("a.b");
  sets[1].add("userIdentity");
  sets[2].add(kWholeEvent);
  for (const char* path : {"", "a", "a.b", "userIdentity", "userIdentity.arn", "resources"})
    sets[3].add(path);
  std::vector<EventReader> readers(sets.begin(), sets.end());
  Event event;
  differential::Random random(differential::seed());
  std::size_t accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string json = random.percent(70) ? differential::make_event(random)
                                          : random.pick(differential::sample_records());
    json = differential::damaged(random, std::move(json), words);
    const auto parsed = reference::parse_json(json);
    const bool good = parsed && parsed->kind == reference::Json::Kind::object;
    const Padded text(json);
    INFO(json);
    for (EventReader& reader : readers)
      REQUIRE(reader.read(text.view(), event).has_value() == good);
    if (good) ++accepted;
  }
  CHECK(accepted > 10'000);
  CHECK(accepted < 90'000);
}

}  // namespace
}  // namespace tocsin::event
