#include "event/framer.h"

#include <catch2/catch.hpp>
#include <random>

#include "base/limits.h"
#include "framing.h"

namespace tocsin::event {
namespace {

// Frames as they are, errors as "!" and the beginning of their message, each with "@line:offset".
struct Case {
  const char* name;
  std::string input;
  std::vector<std::string> expected;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

const Case kCases[] = {
    {"nothing", "", {}},
    {"blank lines", "\n \r\n\t\n", {}},
    {"one line", "{\"a\":1}\n", {"{\"a\":1}@1:0"}},
    {"no final newline", "{\"a\":1}\n{\"b\":2}", {"{\"a\":1}@1:0", "{\"b\":2}@2:8"}},
    {"CRLF and blanks", "{\"a\":1}\r\n\r\n {\"b\":2} \r\n", {"{\"a\":1}@1:0", "{\"b\":2}@3:12"}},
    {"BOM", "\xef\xbb\xbf{\"a\":1}\n", {"{\"a\":1}@1:3"}},
    {"BOM of a second file", "{\"a\":1}\n\xef\xbb\xbf{\"b\":2}", {"{\"a\":1}@1:0", "{\"b\":2}@2:11"}},
    {"empty object", "{}\n{ }", {"{}@1:0", "{ }@2:3"}},
    {"concatenated", "{\"a\":1}{\"b\":[{}]}  {\"c\":3}",
     {"{\"a\":1}@1:0", "{\"b\":[{}]}@1:7", "{\"c\":3}@1:19"}},
    {"pretty", "{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}\n{\n  \"c\": 2\n}\n",
     {"{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}@1:0", "{\n  \"c\": 2\n}@8:42"}},
    {"array", "[{\"a\":1},\n {\"b\":2}]", {"{\"a\":1}@1:1", "{\"b\":2}@2:11"}},
    {"array lines without commas", "[\n{\"a\":1}\n{\"b\":2}\n]\n", {"{\"a\":1}@2:2", "{\"b\":2}@3:10"}},
    {"arrays in arrays", "[[{\"a\":1}],[[]],{\"b\":2}]", {"{\"a\":1}@1:2", "{\"b\":2}@1:16"}},
    {"one array a line", "[{\"a\":1}]\n[{\"b\":2}]\n", {"{\"a\":1}@1:1", "{\"b\":2}@2:11"}},
    {"commas without an array", "{\"a\":1},{\"b\":2},\n", {"{\"a\":1}@1:0", "{\"b\":2}@1:8"}},
    {"scalars in an array", "[1,\"x{\",{\"a\":1},null,-2.5e+7]",
     {"!not a JSON object@1:1", "!not a JSON object@1:3", "{\"a\":1}@1:8",
      "!not a JSON object@1:16", "!not a JSON object@1:21"}},
    {"strings", R"({"a\"}":"{[\\","b":"\u00e9\ud800\/"}{"c":""})",
     {R"({"a\"}":"{[\\","b":"\u00e9\ud800\/"}@1:0)", R"({"c":""}@1:36)"}},
    {"control bytes and bad UTF-8 are left alone", "[{\"a\":\"\x01\t\xff\xc0\"}]",
     {"{\"a\":\"\x01\t\xff\xc0\"}@1:1"}},
    {"numbers of any length", "[{\"a\":1234567890123456789012345,\"b\":1e999,\"c\":-0.0E-1}]",
     {"{\"a\":1234567890123456789012345,\"b\":1e999,\"c\":-0.0E-1}@1:1"}},

    // Containers.
    {"log file", R"({"Records":[{"a":1},{"b":{}}]})", {"{\"a\":1}@1:12:r", "{\"b\":{}}@1:20:r"}},
    {"log file with other members",
     R"({"x":[1,{}],"Records" : [ {"a":1} ],"y":{"Records":[{"z":1}]},"w":[{"v":1}]}{"b":2})",
     {"{\"a\":1}@1:26:r", "{\"b\":2}@1:76"}},
    {"pretty log file", "{\n  \"Records\": [\n    {\n      \"a\": 1\n    },\n    {\n    }\n  ]\n}\n",
     {"{\n      \"a\": 1\n    }@3:21:r", "{\n    }@6:47:r"}},
    {"log files in lines", "{\"Records\":[{\"a\":1}]}\n{\"Records\":[]}\n{\"Records\":[{\"b\":2}]}\n",
     {"{\"a\":1}@1:12:r", "{\"b\":2}@3:49:r"}},
    {"log files in an array", "[{\"Records\":[{\"a\":1}]},{\"b\":2},{\"records\":[{\"c\":3}]}]",
     {"{\"a\":1}@1:13:r", "{\"b\":2}@1:23", "{\"c\":3}@1:43:f"}},
    {"a record with Records", R"({"Records":[1,{"a":1}]})", {R"({"Records":[1,{"a":1}]}@1:0)"}},
    {"a record with Records below", R"({"x":{"Records":[{"a":1}]}})",
     {R"({"x":{"Records":[{"a":1}]}}@1:0)"}},
    {"a record with other Records", R"({"Records":{"a":[{}]},"MyRecords":[{"b":1}]})",
     {R"({"Records":{"a":[{}]},"MyRecords":[{"b":1}]}@1:0)"}},
    {"Firehose", R"({"requestId":"r","records":[{"data":""}]})", {"{\"data\":\"\"}@1:28:f"}},
    {"CloudWatch Logs", R"({"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}]})",
     {"{\"id\":\"1\"}@1:43:l"}},
    {"CloudWatch Logs control", R"({"messageType":"CONTROL_MESSAGE","logEvents":[{"id":""}]})",
     {"{\"id\":\"\"}@1:46:c"}},

    // Bad records.
    {"garbage lines", "garbage {x}\n{\"a\":1}\n#\n\n{\"b\":2}tail tail\n",
     {"!'g' where@1:0", "{\"a\":1}@2:12", "!'#' where@3:20", "{\"b\":2}@5:23", "!'t' where@5:30"}},
    {"records after a prefix", "2026-01-01 {\"a\":1}\n2026 { \"b\":2}\n",
     {"!'2' where@1:0", "{\"a\":1}@1:11", "!'2' where@2:19", "{ \"b\":2}@2:24"}},
    {"cut tail", "{\"a\":1}\n{\"b\":", {"{\"a\":1}@1:0", "!the input ends inside the record@2:8"}},
    {"cut array", "[{\"a\":1},", {"{\"a\":1}@1:1", "!the input ends inside an array@1:9"}},
    {"cut log file", "{\"Records\":[{\"a\":1}]", {"{\"a\":1}@1:12:r", "!the input ends inside an obj@1:20"}},
    {"cut line in a string", "{\"a\":\"x\n{\"b\":2}\n", {"!line break inside a string at byte 8 of@1:0", "{\"b\":2}@2:8"}},
    {"cut line before a key", "{\"a\":1,\n{\"b\":2}\n{\"c\":3}\n",
     {"!unexpected '{' at byte 9 of the record, 1 line down@1:0", "{\"b\":2}@2:8", "{\"c\":3}@3:16"}},
    {"cut line before a value", "{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
     {"!unexpected '{'@1:0", "{\"b\":2}@2:6", "{\"c\":3}@3:14"}},
    {"cut line in an array", "{\"a\":[\n{\"b\":2}\n{\"c\":3}\n",
     {"!unexpected '{'@1:0", "{\"b\":2}@2:7", "{\"c\":3}@3:15"}},
    {"cut line and commas", "[\n{\"a\":[\n{\"b\":2},\n{\"c\":3}\n]\n",
     {"!the input ends@2:2", "{\"b\":2}@3:9", "{\"c\":3}@4:18"}},
    {"cut line before the last", "{\"a\":[\n{\"b\":2}", {"!the input ends@1:0", "{\"b\":2}@2:7"}},
    {"cut pretty record", "{\n  \"a\": [\n{\n  \"b\": {\n    \"c\": 1\n  }\n}\n{\n  \"d\": 2\n}\n",
     {"!unexpected '{'@1:0", "{\n  \"b\": {\n    \"c\": 1\n  }\n}@3:11", "{\n  \"d\": 2\n}@8:39"}},
    {"lost quote in a pretty record",
     "{\n  \"a\": \"x,\n  \"b\": [\n    {\n      \"c\": 1\n    }\n  ]\n}\n{\n  \"d\": 2\n}\n",
     {"!line break inside a string at byte 13 of the record, 1 line down@1:0", "{\n  \"d\": 2\n}@9:53"}},
    {"bad value, one line", R"({"Records":[{"a":1},{"b":tru,"r":[{"x":1},{"x":2}]},{"c":3}]})",
     {"{\"a\":1}@1:12:r", "!unexpected ',' at byte 9@1:20", "{\"c\":3}@1:52:r"}},
    {"two commas, one line", R"([{"a":1,,"r":[{"x":1}]},{"c":3}])", {"!unexpected ','@1:1", "{\"c\":3}@1:24"}},
    {"leading zero", R"([{"a":007},{"b":1}])", {"!unexpected '0'@1:1", "{\"b\":1}@1:11"}},
    {"bad escape", R"([{"a":"\x"},{"b":"\u12"},{"c":1}])",
     {"!unexpected 'x'@1:1", "!unexpected '\"'@1:12", "{\"c\":1}@1:25"}},
    {"lost quote, one line", R"({"Records":[{"a":"x},{"b":"y"},{"c":"z"}]})",
     {"!unexpected 'b'@1:12", "{\"b\":\"y\"}@1:21:r", "{\"c\":\"z\"}@1:31:r"}},
    {"lost brace, one line", R"({"Records":[{"a":{"x":1},{"a":2},{"a":3}]})",
     {"!unexpected '{'@1:12", "{\"a\":2}@1:25:r", "{\"a\":3}@1:33:r"}},
    {"one brace too many", R"([{"a":1}},{"b":2}])", {"{\"a\":1}@1:1", "!'}' where@1:8", "{\"b\":2}@1:10"}},
    {"brackets crossed", R"([{"a":[1},{"b":2}])", {"!unexpected '}'@1:1", "{\"b\":2}@1:10"}},
    {"cut log file in lines", "{\"Records\":[{\"a\":\"x\n{\"Records\":[{\"b\":2}]}\n{\"c\":3}\n",
     {"!line break@1:12", "{\"b\":2}@2:32:r", "{\"c\":3}@3:42"}},
    {"too deep", repeated("{\"a\":", 65) + "1" + repeated("}", 65) + "\n{\"b\":1}",
     {repeated("{\"a\":", 65) + "1" + repeated("}", 65) + "@1:0", "{\"b\":1}@2:392"}},
    {"too deep in an array", "[" + repeated("{\"a\":", 65) + "1" + repeated("}", 65) + ",{\"b\":1}]",
     {"!nested deeper than 64 levels at byte 321@1:1", "{\"b\":1}@1:393"}},
    {"NUL bytes", std::string("\0\0{\"a\":1}\n\0\n", 12), {"!byte 0x00 where@1:0", "{\"a\":1}@1:2", "!byte 0x00 where@2:10"}},
    {"UTF-16", std::string("\xff\xfe{\0}\0", 6), {"!the text is UTF-16@1:0"}},
};

std::string shown(const Item& item) {
  static constexpr const char* kKinds[] = {"", ":r", ":f", ":l", ":c"};
  return item.text + "@" + std::to_string(item.line) + ":" + std::to_string(item.offset) +
         kKinds[static_cast<std::size_t>(item.container)];
}

// An expected error may stop in the middle of the message.
bool meets(const Item& item, const std::string& expected) {
  const std::size_t at = expected.rfind('@');
  const std::string text = shown(item);
  if (!expected.starts_with('!')) return text == expected;
  return text.starts_with(expected.substr(0, at)) && text.ends_with(expected.substr(at));
}

TEST_CASE("framer: cases, whatever the chunks") {
  for (const Case& test : kCases) {
    INFO(test.name);
    const Framing whole = frame_text(test.input, test.input.size() + 1);
    std::vector<std::string> got;
    for (const Item& item : whole.items) got.push_back(shown(item));
    bool same = got.size() == test.expected.size();
    for (std::size_t i = 0; same && i < got.size(); ++i) same = meets(whole.items[i], test.expected[i]);
    if (!same) CHECK(got == test.expected);
    for (const std::size_t chunk : kChunks) {
      INFO("chunks of " << chunk);
      CHECK(frame_text(test.input, chunk).items == whole.items);
    }
  }
}

// --- random valid streams against their known parts ----------------------------------------------

using Random = std::mt19937;

std::size_t pick(Random& random, std::size_t count) { return random() % count; }

std::string random_text(Random& random) {
  static constexpr const char* kParts[] = {"a", "Records", "\\\"", "\\\\", "{", "}", "[", "]", ",",
                                           ":", "\\n", "\\u00e9", "\\ud83d\\ude00", "é", "{\\\"", " "};
  std::string out;
  for (std::size_t i = pick(random, 6); i > 0; --i) out += kParts[pick(random, std::size(kParts))];
  return "\"" + out + "\"";
}

// `line` separates lines: "" gives compact text.
std::string random_value(Random& random, int depth, const std::string& line) {
  static constexpr const char* kScalars[] = {"0", "-1.5e+3", "12345678901234567890123", "true",
                                             "false", "null"};
  const std::size_t kind = pick(random, depth > 3 ? 2 : 4);
  if (kind == 0) return kScalars[pick(random, std::size(kScalars))];
  if (kind == 1) return random_text(random);
  const bool object = kind == 2;
  const std::string inner = line.empty() ? "" : line + "  ";
  std::string out = object ? "{" : "[";
  const std::size_t count = pick(random, 4);
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ",";
    out += inner;
    if (object) out += "\"k" + std::to_string(i) + (line.empty() ? "\":" : "\": ");
    out += random_value(random, depth + 1, inner);
  }
  if (count != 0) out += line;
  return out + (object ? "}" : "]");
}

std::string random_record(Random& random, const std::string& line) {
  const std::string inner = line.empty() ? "" : line + "  ";
  std::string out = "{";
  const std::size_t count = pick(random, 5);
  for (std::size_t i = 0; i < count; ++i) {
    out += (i != 0 ? "," : "") + inner + "\"m" + std::to_string(i) + "\":" +
           random_value(random, 1, inner);
  }
  if (count != 0) out += line;
  return out + "}";
}

TEST_CASE("framer: random streams give back their records") {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const bool pretty = pick(random, 2) == 1;
    const std::size_t shape = pick(random, 5);
    const std::string indent = shape < 2 ? "\n" : "\n    ";
    std::vector<std::string> records;
    for (std::size_t i = pick(random, 8); i > 0; --i) {
      records.push_back(random_record(random, pretty ? indent : ""));
    }
    static constexpr const char* kOpen[] = {"", "", "[", "{\"v\":{\"x\":[1]},\"Records\":[", "{\"logEvents\": [ "};
    static constexpr const char* kBetween[] = {"\n", "", ",", ", ", ",\r\n"};
    static constexpr const char* kClose[] = {"\n", "", "]", "],\"w\":[{}]}\n", "]}"};
    std::string text = kOpen[shape];
    for (std::size_t i = 0; i < records.size(); ++i) {
      text += (i != 0 ? kBetween[shape] : "") + (pretty && shape > 1 ? indent : "") + records[i];
    }
    text += kClose[shape];
    INFO("seed " << seed << "\n" << text);
    for (const std::size_t chunk : kChunks) {
      const Framing got = frame_text(text, chunk);
      REQUIRE(got.frames() == records);
      REQUIRE(got.errors() == 0);
      for (const Item& item : got.items) {
        REQUIRE(text.compare(item.offset, item.text.size(), item.text) == 0);
        REQUIRE(item.line == 1 + static_cast<std::uint64_t>(std::count(
                                     text.begin(), text.begin() + static_cast<std::ptrdiff_t>(item.offset), '\n')));
      }
    }
  }
}

TEST_CASE("framer: damaged streams give the same items in any chunks") {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    Random random(seed);
    std::string text;
    for (std::size_t i = 1 + pick(random, 6); i > 0; --i) {
      text += random_record(random, pick(random, 2) == 1 ? "\n" : "") + (pick(random, 3) == 0 ? "," : "\n");
    }
    if (pick(random, 2) == 1) text = "{\"Records\":[" + text + "]}";
    for (std::size_t i = 1 + pick(random, 3); i > 0; --i) {
      static constexpr std::string_view kBytes = "{}[],:\"\\\nx0";
      const std::size_t at = pick(random, text.size());
      if (pick(random, 2) == 1) text.erase(at, 1 + pick(random, 5));
      else text.insert(at, 1, kBytes[pick(random, kBytes.size())]);
      if (text.empty()) text = "x";
    }
    INFO("seed " << seed << "\n" << text);
    const Framing whole = frame_text(text, text.size());
    for (const std::size_t chunk : kChunks) REQUIRE(frame_text(text, chunk).items == whole.items);
  }
}

// --- one bad record among many -------------------------------------------------------------------

std::string sample(std::size_t i, const std::string& line) {
  const std::string inner = line.empty() ? "" : line + "  ";
  return "{" + inner + "\"eventVersion\":\"1.08\"," + inner + "\"userIdentity\":{\"type\":\"Root\"}," +
         inner + "\"resources\":[{\"ARN\":\"arn:1\"},{\"ARN\":\"arn:2\"}]," + inner + "\"eventID\":\"" +
         std::to_string(i) + "\"" + line + "}";
}

std::string poisoned(std::size_t kind, std::string record) {
  const std::size_t comma = record.find("\",");
  switch (kind) {
    case 0: return record.substr(0, record.size() / 2);
    case 1: return record.substr(0, record.size() - 1);
    case 2: return record.erase(comma, 1);                       // no closing quote
    case 3: return record.insert(comma, "\n");                   // line break in a string
    case 4: return record.insert(comma + 1, ",");                // two commas
    case 5: return record.insert(comma + 1, "}");                // closed too early
    case 6: return record.insert(comma, "\\x");                  // bad escape
    case 7: return record.insert(record.find(":[") + 1, "[");    // opened twice
    case 8: return record.replace(record.find("\"1.08\""), 6, "01");
    case 9: return record.replace(record.find("\"1.08\""), 6, "NaN");
    case 10: return record.replace(record.find("\"1.08\""), 6, repeated("[", 100) + repeated("]", 100));
    case 11: return record.erase(record.find("}"), 1);
    case 12: return record.erase(record.find("]"), 1);
    case 13: return record.erase(record.find(":"), 1);
    case 14: return "garbage";
    case 15: return "123";
    case 16: return record.substr(0, record.find("{\"ARN\"") + 3);
    default: return {};
  }
}

TEST_CASE("framer: a bad record hides no other") {
  struct Shape {
    const char* open;
    const char* line;  // of the record
    const char* between;
    const char* close;
  };
  static constexpr Shape kShapes[] = {
      {"", "", "\n", "\n"},
      {"", "\n", "\n", "\n"},
      {"[", "", ",", "]"},
      {"[\n  ", "", ",\n  ", "\n]"},
      {"[\n  ", "\n  ", ",\n  ", "\n]"},
      {"{\"Records\":[", "", ",", "]}"},
      {"{\n  \"Records\": [\n    ", "\n    ", ",\n    ", "\n  ]\n}\n"},
  };
  constexpr std::size_t kRecords = 10'000;
  for (std::size_t kind = 0; kind <= 16; ++kind) {
    for (const Shape& shape : kShapes) {
      std::vector<std::string> good;
      std::string text = shape.open;
      for (std::size_t i = 0; i < kRecords; ++i) {
        const std::string record = sample(i, shape.line);
        if (i != 0) text += shape.between;
        if (i == kRecords / 2) {
          text += poisoned(kind, record);
        } else {
          text += record;
          good.push_back(record);
        }
      }
      text += shape.close;
      INFO("poison " << kind << " in " << shape.open << shape.line);
      const Framing got = frame_text(text, 1 << 16);
      std::vector<std::string> frames = got.frames();
      std::size_t found = 0;
      for (const std::string& frame : frames) {
        if (found < good.size() && frame == good[found]) ++found;
      }
      CHECK(found == good.size());
      // Where quotes are shifted or a record is closed too early, parts of it look like records.
      const bool in_parts = kind == 2 || kind == 3 || kind == 5;
      // A bad line whose brackets balance is passed on: it cannot harm its neighbours.
      const bool is_line = shape.between == std::string("\n") && shape.line == std::string();
      CHECK(frames.size() <= good.size() + (in_parts ? 4u : is_line ? 1u : 0u));
      CHECK(frames.size() + got.errors() > good.size());
      CHECK(got.errors() <= (in_parts ? 6u : 2u));
      CHECK(got.scanned < 3 * text.size() + (1 << 16));
    }
  }
}

// --- bombs ---------------------------------------------------------------------------------------

TEST_CASE("framer: work is linear on hostile text") {
  constexpr std::size_t kBytes = std::size_t{2} << 20;
  constexpr std::size_t kSmall = std::size_t{200} << 10;  // enough to reach the work limits
  static constexpr std::string_view kUnits[] = {
      "[", "[\n", "{", "{\n", "{\"a\":", "{\"a\":\n", "{\"a\":[", "{\"a\":[\n", " {\"a\":[\n", "{\"a\":[{},",
      "\"", "\"\n", "{\"", ",{\"", "[{\"a\"", "[{\"a\":1,", "\\", "{\"a\":\"},", "{\"a\":[{\"a\":1},", "{\"a\":1}}",
      "}", "]", "{}", "{}\n", "[]", "0", "x\n", "\n", " ", "{\"Records\":[", "{\"Records\":[{},", "{\"Records\":[\n",
      "{\"a\":[1},{\"b\":[", "{\"a\":\"x},{\"b\":", "{\n{\"", "{\"a\":1,{\"a\":[", "\n {\n{", "{\"a\":[\"\n"};
  for (const std::string_view unit : kUnits) {
    for (const std::string_view open : {"", "{\"Records\":[", "[{\"a\":["}) {
      std::string text(open);
      while (text.size() < kSmall) text += unit;
      INFO("text of " << open << " and many " << unit);
      CHECK(frame_text(text, 1 << 15).items == frame_text(text, text.size()).items);
      while (text.size() < kBytes) text += unit;
      Framer framer;
      while (framer.next(text, true) != Framer::Step::end) {
      }
      CHECK(framer.scanned() < 14 * text.size());
    }
  }
}

TEST_CASE("framer: a huge container needs a small window") {
  std::string text = "{\"x\":[1,2],\"Records\":[";
  for (std::size_t i = 0; i < 200'000; ++i) text += "{\"a\":[{\"b\":" + std::to_string(i) + "}]},";
  text += "{}]," + repeated("\"y\":[[1,2,3]],", 100'000) + "\"z\":0}";
  const Framing got = frame_text(text, 4096);
  CHECK(got.items.size() == 200'001);
  CHECK(got.errors() == 0);
  CHECK(got.largest_window < 300'000);
  CHECK(got.scanned < text.size() + text.size() / 2);
}

TEST_CASE("framer: a record that is too large is skipped without being kept") {
  const std::string large = "{\"a\":\"" + std::string(limits::kRecordBytes + 12345, 'x') + "\"}";
  for (const auto& [open, between, close] :
       {std::tuple{"", "\n", "\n"}, std::tuple{"[", ",", "]"}, std::tuple{"{\"Records\":[", ",", "]}"}}) {
    const std::string text = open + std::string("{\"b\":1}") + between + large + between + "{\"c\":2}" + close;
    const Framing got = frame_text(text, 1 << 20);
    CHECK(got.frames() == std::vector<std::string>{"{\"b\":1}", "{\"c\":2}"});
    CHECK(got.errors() == 1);
    CHECK(got.largest_window < limits::kRecordBytes + (4 << 20));
  }
}

}  // namespace
}  // namespace tocsin::event
