#include "event/event_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "differential/reference/json_dom.h"
#include "differential/reference/padded.h"

namespace tocsin::event {
namespace {

using reference::Padded;

// A field as text: "-" when it is absent, else its values, "^" before those below an object.
std::string dump(const Event& event, FieldRef field) {
  if (!event.present(field)) return "-";
  std::string out;
  for (const Value* v = event.first(field); v != nullptr; v = event.next(*v)) {
    if (!out.empty()) out += ' ';
    if (v->nested) out += '^';
    switch (v->kind) {
      case Value::Kind::null:
        out += "null";
        break;
      case Value::Kind::boolean:
        out += "b:" + std::string(v->text);
        break;
      case Value::Kind::number:
        out += "n:" + std::string(v->text);
        break;
      case Value::Kind::string:
        out += "s:" + std::string(v->text);
        break;
    }
  }
  return out;
}

std::string read_field(const std::string& json, const char* path, std::uint8_t* notes = nullptr) {
  FieldSet fields;
  const FieldRef field = fields.add(path);
  EventReader reader(fields);
  Event event;
  const Padded text(json);
  if (const auto read = reader.read(text.view(), event); !read)
    return "error: " + read.error().message;
  if (notes != nullptr) *notes = event.notes();
  return dump(event, field);
}

TEST_CASE("fields are read with all their values") {
  struct Case {
    const char* json;
    const char* path;
    const char* values;
  };
  const Case kCases[] = {
      // Types.
      {R"({"a":"x"})", "a", "s:x"},
      {R"({"a":""})", "a", "s:"},
      {R"({"a":true,"b":false})", "b", "b:false"},
      {R"({"a":null})", "a", "null"},
      {R"({"a":12})", "a", "n:12"},
      {R"({"a":-0})", "a", "n:0"},
      {R"({"a":1.50})", "a", "n:1.5"},
      {R"({"a":1e2})", "a", "n:100"},
      {R"({"a":[]})", "a", ""},
      {R"({"a":{}})", "a", ""},
      {R"({})", "a", "-"},
      {R"({"A":1})", "a", "-"},
      {R"({"a":"\u0041\n"})", "a", "s:A\n"},
      {R"({"\u0061":1})", "a", "n:1"},
      // Paths.
      {R"({"a":{"b":{"c":1}}})", "a.b.c", "n:1"},
      {R"({"a":{"b":1}})", "a.b.c", "-"},
      {R"({"a":1})", "a.b", "-"},
      {R"({"a":{"c":1}})", "a.b", "-"},
      {R"({"a.b":{"c":1}})", "a.b.c", "n:1"},
      {R"({"a":{"b.c":1}})", "a.b.c", "n:1"},
      {R"({"a.b.c":1})", "a.b.c", "n:1"},
      {R"({"a":{"b":1},"a.b":2})", "a.b", "n:1 n:2"},
      // Arrays, at every level.
      {R"({"a":["x",1,null,true]})", "a", "s:x n:1 null b:true"},
      {R"({"a":[["x"],[["y"]]]})", "a", "s:x s:y"},
      {R"({"a":[{"b":1},{"b":[2,3]},{"c":4},5]})", "a.b", "n:1 n:2 n:3"},
      {R"({"a":[[{"b":1}]]})", "a.b", "n:1"},
      // Keys given twice.
      {R"({"a":1,"a":2})", "a", "n:1 n:2"},
      {R"({"a":{"b":1},"a":{"b":2}})", "a.b", "n:1 n:2"},
      {R"({"a":1,"a":{"b":2}})", "a", "n:1 ^n:2"},
      // Objects: the scalars below.
      {R"({"a":{"b":1,"c":["x",{"d":null}]}})", "a", "^n:1 ^s:x ^null"},
      {R"({"a":["x",{"b":"y"}]})", "a", "s:x ^s:y"},
      // The whole event.
      {R"({"a":1,"b":{"c":["x"]},"d":null})", "", "^n:1 ^s:x ^null"},
      // White space.
      {" \t\r\n{ \"a\" : [ 1 , 2 ] } \n", "a", "n:1 n:2"},
  };
  for (const Case& c : kCases) {
    INFO(c.json << " at " << c.path);
    CHECK(read_field(c.json, c.path) == c.values);
  }
}

TEST_CASE("a field, fields below it, and the whole event are read together") {
  FieldSet fields;
  const FieldRef all = fields.add(kWholeEvent), a = fields.add("a"), ab = fields.add("a.b"),
                 abc = fields.add("a.b.c"), d = fields.add("d");
  EventReader reader(fields);
  Event event;
  const Padded text(R"({"a":{"b":[{"c":1},{"c":{"x":2}},3],"y":4},"d":5,"e":6})");
  REQUIRE(reader.read(text.view(), event));
  CHECK(dump(event, all) == "^n:1 ^n:2 ^n:3 ^n:4 ^n:5 ^n:6");
  CHECK(dump(event, a) == "^n:1 ^n:2 ^n:3 ^n:4");
  CHECK(dump(event, ab) == "^n:1 ^n:2 n:3");
  CHECK(dump(event, abc) == "n:1 ^n:2");
  CHECK(dump(event, d) == "n:5");
}

TEST_CASE("an event is reused without a trace of the record before") {
  FieldSet fields;
  const FieldRef a = fields.add("a"), b = fields.add("b");
  EventReader reader(fields);
  Event event;
  const Padded first(R"({"a":"\ud800","b":1})"), second(R"({"b":"x"})"), broken(R"({"a":1,"b":})");
  REQUIRE(reader.read(first.view(), event));
  CHECK(dump(event, a) == "s:\uFFFD");
  CHECK(event.notes() == kLoneSurrogate);
  REQUIRE(reader.read(second.view(), event));
  CHECK(dump(event, a) == "-");
  CHECK(dump(event, b) == "s:x");
  CHECK(event.text(b) == "x");
  CHECK(event.notes() == kNoNote);
  REQUIRE_FALSE(reader.read(broken.view(), event));
  CHECK(dump(event, a) == "-");
  CHECK(event.json().empty());
}

TEST_CASE("what is read differently from what the bytes say is noted") {
  struct Case {
    std::string json, value;
    std::uint8_t notes;
  };
  const Case kCases[] = {
      {R"({"a":"x"})", "s:x", kNoNote},
      {"{\"a\":\"x\xFFy\"}", "s:x\uFFFDy", kInvalidUtf8},
      {"{\"a\":\"x\ny\"}", "s:x\ny", kControlByte},
      {std::string("{\"a\":\"x\0y\"}", 11), std::string("s:x\0y", 5), kControlByte},
      {R"({"a":"\udc00"})", "s:\uFFFD", kLoneSurrogate},
      {R"({"a":1,"b":"\ud800"})", "n:1", kLoneSurrogate},
      {R"({"a":1234567890123456789012345})", "n:1234567890123456789012345", kLongNumber},
      {R"({"a":1,"b":[-1234567890123456789012345]})", "n:1", kLongNumber},
      {R"({"a":1234567890123456789})", "n:1234567890123456789", kNoNote},
      {"{\"a\":\"\xFF\n\\ud800\"}", "s:\uFFFD\n\uFFFD",
       kInvalidUtf8 | kControlByte | kLoneSurrogate},
      {"{\"\xFF\":1,\"a\":2}", "n:2", kInvalidUtf8},
  };
  for (const Case& c : kCases) {
    INFO(c.json);
    std::uint8_t notes = kNoNote;
    CHECK(read_field(c.json, "a", &notes) == c.value);
    CHECK(notes == c.notes);
  }
}

TEST_CASE("the record as read is strict JSON") {
  FieldSet fields;
  EventReader reader(fields);
  Event event;
  for (const std::string json :
       {"{\"a\":\"x\xFFy\"}", "{\"a\":\"x\ny\\\t\"}", R"({"a":"\ud800\udc00\udc00"})",
        "{\"\xED\xA0\x80\":\"\\uDFFF\"}"}) {
    const Padded text(json);
    REQUIRE(reader.read(text.view(), event));
    CHECK(reference::parse_strict_json(event.json()));
  }
}

TEST_CASE("records of CloudTrail's shape are known") {
  FieldSet fields;
  EventReader reader(fields);
  Event event;
  const auto is_cloudtrail = [&](const char* json) {
    const Padded text(json);
    REQUIRE(reader.read(text.view(), event));
    return event.is_cloudtrail();
  };
  CHECK(is_cloudtrail(R"({"eventSource":"a","x":1,"eventName":"b"})"));
  CHECK_FALSE(is_cloudtrail(R"({"eventSource":"a"})"));
  CHECK_FALSE(is_cloudtrail(R"({"eventName":"a"})"));
  CHECK_FALSE(is_cloudtrail(R"({"detail":{"eventSource":"a","eventName":"b"}})"));
}

TEST_CASE("long texts and many values are read") {
  const std::string word(1'000'000, 'x');
  CHECK(read_field(R"({"a":")" + word + R"("})", "a") == "s:" + word);
  std::string many = R"({"a":[)", values;
  for (int i = 0; i < 10'000; ++i) {
    many += (i == 0 ? "" : ",") + std::to_string(i);
    values += (i == 0 ? "n:" : " n:") + std::to_string(i);
  }
  CHECK(read_field(many + "]}", "a") == values);
}

}  // namespace
}  // namespace tocsin::event
