#include "event/framer.h"

#include <catch2/catch.hpp>

#include "framing.h"

namespace tocsin::event {
namespace {

// Frames as they are, errors as "!" and the beginning of their message, each with "@line:offset".
struct Case {
  const char* name;
  std::string input;
  std::vector<std::string> expected;
};

const Case kCases[] = {
    {"nothing", "", {}},
    {"blank lines", "\n \r\n\t\n", {}},
    {"one line", "{\"a\":1}\n", {"{\"a\":1}@1:0"}},
    {"no final newline", "{\"a\":1}\n{\"b\":2}", {"{\"a\":1}@1:0", "{\"b\":2}@2:8"}},
    {"CRLF and blanks", "{\"a\":1}\r\n\r\n {\"b\":2} \r\n", {"{\"a\":1}@1:0", "{\"b\":2}@3:12"}},
    {"BOM", "\xef\xbb\xbf{\"a\":1}\n", {"{\"a\":1}@1:3"}},
    {"BOM of a second file",
     "{\"a\":1}\n\xef\xbb\xbf{\"b\":2}",
     {"{\"a\":1}@1:0", "{\"b\":2}@2:11"}},
    {"empty object", "{}\n{ }", {"{}@1:0", "{ }@2:3"}},
    {"concatenated",
     "{\"a\":1}{\"b\":[{}]}  {\"c\":3}",
     {"{\"a\":1}@1:0", "{\"b\":[{}]}@1:7", "{\"c\":3}@1:19"}},
    {"pretty",
     "{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}\n{\n  \"c\": 2\n}\n",
     {"{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}@1:0", "{\n  \"c\": 2\n}@8:42"}},
    {"array", "[{\"a\":1},\n {\"b\":2}]", {"{\"a\":1}@1:1", "{\"b\":2}@2:11"}},
    {"array lines without commas",
     "[\n{\"a\":1}\n{\"b\":2}\n]\n",
     {"{\"a\":1}@2:2", "{\"b\":2}@3:10"}},
    {"arrays in arrays", "[[{\"a\":1}],[[]],{\"b\":2}]", {"{\"a\":1}@1:2", "{\"b\":2}@1:16"}},
    {"one array a line", "[{\"a\":1}]\n[{\"b\":2}]\n", {"{\"a\":1}@1:1", "{\"b\":2}@2:11"}},
    {"commas without an array", "{\"a\":1},{\"b\":2},\n", {"{\"a\":1}@1:0", "{\"b\":2}@1:8"}},
    {"scalars in an array",
     "[1,\"x{\",{\"a\":1},null,-2.5e+7]",
     {"!not a JSON object@1:1", "!not a JSON object@1:3", "{\"a\":1}@1:8",
      "!not a JSON object@1:16", "!not a JSON object@1:21"}},
    {"strings",
     R"({"a\"}":"{[\\","b":"\u00e9\ud800\/"}{"c":""})",
     {R"({"a\"}":"{[\\","b":"\u00e9\ud800\/"}@1:0)", R"({"c":""}@1:36)"}},
    {"control bytes and bad UTF-8 are left alone",
     "[{\"a\":\"\x01\t\xff\xc0\"}]",
     {"{\"a\":\"\x01\t\xff\xc0\"}@1:1"}},
    {"numbers of any length",
     "[{\"a\":1234567890123456789012345,\"b\":1e999,\"c\":-0.0E-1}]",
     {"{\"a\":1234567890123456789012345,\"b\":1e999,\"c\":-0.0E-1}@1:1"}},

    // Containers.
    {"log file", R"({"Records":[{"a":1},{"b":{}}]})", {"{\"a\":1}@1:12:r", "{\"b\":{}}@1:20:r"}},
    {"log file with other members",
     R"({"owner":[1,{}],"Records" : [ {"a":1} ],"region":{"Records":[{"z":1}]}}{"b":2})",
     {"{\"a\":1}@1:30:r", "{\"b\":2}@1:71"}},
    {"pretty log file",
     "{\n  \"Records\": [\n    {\n      \"a\": 1\n    },\n    {\n    }\n  ]\n}\n",
     {"{\n      \"a\": 1\n    }@3:21:r", "{\n    }@6:47:r"}},
    {"log files in lines",
     "{\"Records\":[{\"a\":1}]}\n{\"Records\":[]}\n{\"Records\":[{\"b\":2}]}\n",
     {"{\"a\":1}@1:12:r", "{\"b\":2}@3:49:r"}},
    {"log files in an array",
     "[{\"Records\":[{\"a\":1}]},{\"b\":2},{\"records\":[{\"c\":3}]}]",
     {"{\"a\":1}@1:13:r", "{\"b\":2}@1:23", "{\"c\":3}@1:43:f"}},
    {"log file of odd elements",
     R"({"Records":[null,{"a":1},"x{\"",-1,{"b":2},[],true,{}]})",
     {"!not a JSON object@1:12", "{\"a\":1}@1:17:r", "!not a JSON object@1:25",
      "!not a JSON object@1:32", "{\"b\":2}@1:35:r", "!not a JSON object@1:43",
      "!not a JSON object@1:46", "{}@1:51:r"}},
    {"log file of nothing else",
     R"({"Records":["x", "y"]})",
     {"!not a JSON object@1:12", "!not a JSON object@1:17"}},
    {"arrays among the elements",
     R"({"records":[[{"a":1},[2,{"b":1}]],{"c":3}]}{"d":4})",
     {"!not a JSON object@1:12", "{\"a\":1}@1:13:f", "!not a JSON object@1:21",
      "!not a JSON object@1:22", "{\"b\":1}@1:24:f", "{\"c\":3}@1:34:f", "{\"d\":4}@1:43"}},
    {"twice the same key",
     R"({"Records":[{"a":1}],"Records":[],"Records":[{"b":2},3],"records":[{"c":3}]}{"d":4})",
     {"{\"a\":1}@1:12:r", "{\"b\":2}@1:45:r", "!not a JSON object@1:53", "{\"c\":3}@1:67:f",
      "{\"d\":4}@1:76"}},
    {"escaped keys",
     R"({"\u0052ecords":[{"a":1}]}{"log\u0045v\u0065nts":[{"b":2}],"R\u0065cord\u0073":[{}]})",
     {"{\"a\":1}@1:17:r", "{\"b\":2}@1:50:l", "{}@1:80:r"}},
    {"keys that are not",
     R"({"\\u0052ecords":[{}],"Records\"":[{}],"\ud800Records":[{}]})",
     {R"({"\\u0052ecords":[{}],"Records\"":[{}],"\ud800Records":[{}]}@1:0)"}},
    {"an event with Records",
     R"({"a":1,"Records":[{"b":2},null]}{"c":3})",
     {"{\"b\":2}@1:18:r", "!not a JSON object@1:26", R"({"a":1,"Records":[{"b":2},null]}@1:0)",
      "{\"c\":3}@1:32"}},
    {"an event that shows behind its Records",
     "\n{\"Records\":[{\"b\":2}],\n\"logEvents\":[],\"a\":\n1}\n{\"c\":3}",
     {"{\"b\":2}@2:13:r", "{\"Records\":[{\"b\":2}],\n\"logEvents\":[],\"a\":\n1}@2:1",
      "{\"c\":3}@5:46"}},
    {"an event with Records of each kind",
     R"({"Records":7,"Records":[{"b":2}],"Records":{}})",
     {"{\"b\":2}@1:24:r", R"({"Records":7,"Records":[{"b":2}],"Records":{}}@1:0)"}},
    {"events with Records in each other",
     R"([{"records":[{"a":1,"Records":[{"b":2}]},{"Records":[{"c":3}],"d":4}]}])",
     {"{\"b\":2}@1:31:r", R"({"a":1,"Records":[{"b":2}]}@1:13:f)", "{\"c\":3}@1:53:r",
      R"({"Records":[{"c":3}],"d":4}@1:41:f)"}},
    {"an object with other Records",
     R"({"Records":{"a":[{}]}})",
     {R"({"Records":{"a":[{}]}}@1:0)"}},
    {"a record with Records below",
     R"({"x":{"Records":[{"a":1}]}})",
     {R"({"x":{"Records":[{"a":1}]}}@1:0)"}},
    {"a record with other Records",
     R"({"Records":{"a":[{}]},"MyRecords":[{"b":1}]})",
     {R"({"Records":{"a":[{}]},"MyRecords":[{"b":1}]}@1:0)"}},
    {"Firehose", R"({"requestId":"r","records":[{"data":""}]})", {"{\"data\":\"\"}@1:28:f"}},
    {"CloudWatch Logs",
     R"({"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}]})",
     {"{\"id\":\"1\"}@1:43:l"}},
    {"CloudWatch Logs control",
     R"({"messageType":"CONTROL_MESSAGE","logEvents":[{"id":""}]})",
     {"{\"id\":\"\"}@1:46:c"}},
    {"CloudWatch Logs of a stream with a bad name",
     R"({"messageType":"DATA_MESSAGE","logStream":"CONTROL_MESSAGE","logEvents":[{"id":"1"}]})",
     {"{\"id\":\"1\"}@1:73:l"}},
    {"CloudWatch Logs control, escaped",
     R"({"message\u0054ype":"CONTROL\u005fMESSAGE","logEvents":[{"id":""}]})",
     {"{\"id\":\"\"}@1:56:c"}},
    {"CloudWatch Logs that say both",
     R"({"messageType":"CONTROL_MESSAGE","messageType":"DATA_MESSAGE","logEvents":[{"id":""}]})",
     {"{\"id\":\"\"}@1:75:l"}},
    {"CloudWatch Logs that change",
     R"({"messageType":"CONTROL_MESSAGE","logEvents":[{}],"messageType":0,"logEvents":[{}]})",
     {"{}@1:46:c", "{}@1:79:l"}},
    {"CloudWatch Logs that say so too late",
     R"({"logEvents":[{"id":""}],"messageType":"CONTROL_MESSAGE"})",
     {"{\"id\":\"\"}@1:14:l"}},

    // Bad records.
    {"garbage lines",
     "garbage {x}\n{\"a\":1}\n#\n\n{\"b\":2}tail tail\n",
     {"!'g' where@1:0", "{\"a\":1}@2:12", "!'#' where@3:20", "{\"b\":2}@5:23", "!'t' where@5:30"}},
    {"records after a prefix",
     "2026-01-01 {\"a\":1}\n2026 { \"b\":2}\n",
     {"!'2' where@1:0", "{\"a\":1}@1:11", "!'2' where@2:19", "{ \"b\":2}@2:24"}},
    {"cut tail", "{\"a\":1}\n{\"b\":", {"{\"a\":1}@1:0", "!the input ends inside the record@2:8"}},
    {"cut array", "[{\"a\":1},", {"{\"a\":1}@1:1", "!the input ends inside an array@1:9"}},
    {"cut log file",
     "{\"Records\":[{\"a\":1}]",
     {"{\"a\":1}@1:12:r", "!the input ends inside an obj@1:20"}},
    {"cut line in a string",
     "{\"a\":\"x\n{\"b\":2}\n",
     {"!line break inside a string at byte 8 of@1:0", "{\"b\":2}@2:8"}},
    {"cut line before a key",
     "{\"a\":1,\n{\"b\":2}\n{\"c\":3}\n",
     {"!unexpected '{' at byte 9 of the record, 1 line down@1:0", "{\"b\":2}@2:8",
      "{\"c\":3}@3:16"}},
    {"cut line before a value",
     "{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
     {"!unexpected '{'@1:0", "{\"b\":2}@2:6", "{\"c\":3}@3:14"}},
    {"cut line in an array",
     "{\"a\":[\n{\"b\":2}\n{\"c\":3}\n",
     {"!unexpected '{'@1:0", "{\"b\":2}@2:7", "{\"c\":3}@3:15"}},
    {"cut line and commas",
     "[\n{\"a\":[\n{\"b\":2},\n{\"c\":3}\n]\n",
     {"!the input ends@2:2", "{\"b\":2}@3:9", "{\"c\":3}@4:18"}},
    {"cut line before the last", "{\"a\":[\n{\"b\":2}", {"!the input ends@1:0", "{\"b\":2}@2:7"}},
    {"cut pretty record",
     "{\n  \"a\": [\n{\n  \"b\": {\n    \"c\": 1\n  }\n}\n{\n  \"d\": 2\n}\n",
     {"!unexpected '{'@1:0", "{\n  \"b\": {\n    \"c\": 1\n  }\n}@3:11", "{\n  \"d\": 2\n}@8:39"}},
    {"lost quote in a pretty record",
     "{\n  \"a\": \"x,\n  \"b\": [\n    {\n      \"c\": 1\n    }\n  ]\n}\n{\n  \"d\": 2\n}\n",
     {"!line break inside a string at byte 13 of the record, 1 line down@1:0",
      "{\n  \"d\": 2\n}@9:53"}},
    {"bad value, one line",
     R"({"Records":[{"a":1},{"b":tru,"r":[{"x":1},{"x":2}]},{"c":3}]})",
     {"{\"a\":1}@1:12:r", "!unexpected ',' at byte 9@1:20", "{\"c\":3}@1:52:r"}},
    {"two commas, one line",
     R"([{"a":1,,"r":[{"x":1}]},{"c":3}])",
     {"!unexpected ','@1:1", "{\"c\":3}@1:24"}},
    {"leading zero", R"([{"a":007},{"b":1}])", {"!unexpected '0'@1:1", "{\"b\":1}@1:11"}},
    {"bad escape",
     R"([{"a":"\x"},{"b":"\u12"},{"c":1}])",
     {"!unexpected 'x'@1:1", "!unexpected '\"'@1:12", "{\"c\":1}@1:25"}},
    {"lost quote, one line",
     R"({"Records":[{"a":"x},{"b":"y"},{"c":"z"}]})",
     {"!unexpected 'b'@1:12", "{\"b\":\"y\"}@1:21:r", "{\"c\":\"z\"}@1:31:r"}},
    {"lost brace, one line",
     R"({"Records":[{"a":{"x":1},{"a":2},{"a":3}]})",
     {"!unexpected '{'@1:12", "{\"a\":2}@1:25:r", "{\"a\":3}@1:33:r"}},
    {"one brace too many",
     R"([{"a":1}},{"b":2}])",
     {"{\"a\":1}@1:1", "!'}' where@1:8", "{\"b\":2}@1:10"}},
    {"brackets crossed", R"([{"a":[1},{"b":2}])", {"!unexpected '}'@1:1", "{\"b\":2}@1:10"}},
    {"cut log file in lines",
     "{\"Records\":[{\"a\":\"x\n{\"Records\":[{\"b\":2}]}\n{\"c\":3}\n",
     {"!line break@1:12", "{\"b\":2}@2:32:r", "{\"c\":3}@3:42"}},
    {"too deep",
     repeated("{\"a\":", 65) + "1" + repeated("}", 65) + "\n{\"b\":1}",
     {repeated("{\"a\":", 65) + "1" + repeated("}", 65) + "@1:0", "{\"b\":1}@2:392"}},
    {"too deep in an array",
     "[" + repeated("{\"a\":", 65) + "1" + repeated("}", 65) + ",{\"b\":1}]",
     {"!nested deeper than 64 levels at byte 321@1:1", "{\"b\":1}@1:393"}},
    {"NUL bytes",
     std::string("\0\0{\"a\":1}\n\0\n", 12),
     {"!byte 0x00 where@1:0", "{\"a\":1}@1:2", "!byte 0x00 where@2:10"}},
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
    for (std::size_t i = 0; same && i < got.size(); ++i)
      same = meets(whole.items[i], test.expected[i]);
    if (!same) CHECK(got == test.expected);
    for (const std::size_t chunk : kChunks) {
      INFO("chunks of " << chunk);
      CHECK(frame_text(test.input, chunk).items == whole.items);
    }
  }
}

// --- random valid streams against their known parts ----------------------------------------------

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
    static constexpr const char* kOpen[] = {"", "", "[", "{\"owner\":{\"x\":[1]},\"Records\":[",
                                            "{\"logEvents\": [ "};
    static constexpr const char* kBetween[] = {"\n", "", ",", ", ", ",\r\n"};
    static constexpr const char* kClose[] = {"\n", "", "]", "],\"region\":[{}]}\n", "]}"};
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
        REQUIRE(
            item.line ==
            1 + static_cast<std::uint64_t>(std::count(
                    text.begin(), text.begin() + static_cast<std::ptrdiff_t>(item.offset), '\n')));
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::event
