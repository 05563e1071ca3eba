#include "event/batch_reader.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "base/limits.h"
#include "differential/generate/random.h"
#include "framing.h"
#include "samples.h"
#include "two_ways.h"

namespace tocsin::event {
namespace {

const Wanted& wanted() {
  static const Wanted kWanted({"a", "a.b", "a.b.c.d.e.f.g.h", "a.b.c.d.e.f.g.h.i", "eventName", "",
                               "userIdentity.type", "tocsin.principal", "x"},
                              {"eventName", "a.b", "tocsin.mfa"});
  return kWanted;
}

std::string nested(std::size_t depth) {
  return repeated(R"({"a":)", depth) + "1" + repeated("}", depth);
}

std::string sns(std::string_view message) {
  return R"({"TopicArn":"t","Type":"Notification","Message":)" + quoted(message) + "}";
}
std::string event_bridge(const std::string& detail) {
  return R"({"detail-type":"x","source":"y","detail":)" + detail + "}";
}
std::string firehose(std::initializer_list<std::string> payloads) {
  std::string out;
  for (const std::string& payload : payloads) {
    out += (out.empty() ? "" : ",") + (R"({"data":")" + base64(payload) + "\"}");
  }
  return R"({"requestId":"r","records":[)" + out + "]}";
}

// Each is good JSON, or good once it is repaired.
std::vector<std::string> good_records() {
  return {
      "{}",
      "{ }",
      R"({"a":1})",
      R"({"eventName":"x","eventSource":"y","userIdentity":{"type":"Root","accountId":"1"}})",
      R"({ "a" : { "b" : [ 1 , null , "x" ] } , "a.b" : true })",
      "{\n  \"a\": {\n    \"b\": 1\n  }\n}",
      "{\"a\"\t:\r\n1}",
      "{\"\":{\"\":\"\"},\"a\":{\"\":1,\".\":2}}",
      R"({"event\u004eame":"x","\u0061":{"b":1},"a\u002eb":2})",
      R"({"a":1,"a":2,"a":{"b":3},"a.b":4})",
      R"({"a.b.c.d.e.f.g.h":1,"a.b.c.d.e.f.g.h.i":2,"a.b.c":{"d.e.f.g.h.i":3}})",
      R"({"a":"},{","x":"}]}","c":"},{\"a\":\"","d":"\\","e":"\\\""})",
      R"({"a":[{"b":1},{"b":2},{"c":[{"d":{}},{"d":[]}]}]})",
      R"({"a":"\ud83d\ude00","x":"\/"})",
      R"({"a":"\ud83d","\udc00":1})",
      R"({"a":1234567890123456789012345})",
      R"({"x":1234567890123456789012345,"a":[-0,1e400,1.50]})",
      "{\"a\":\"\xFF\xC3\",\"\xED\xA0\x80\":1}",
      "{\"a\":\"\x01\",\"x\":\"\x7f\"}",
      "{\"a\":\"\xC3\xA9\",\"x\":\"\xF0\x9F\x98\x80\"}",
      nested(63),
      nested(64),
      R"({"Records":1,"records":[],"logEvents":"x","Service":{}})",
      R"({"a":")" + std::string(1000, 'x') + "\"}",
  };
}

std::vector<std::string> envelopes() {
  return {
      event_bridge(R"({"eventName":"inner"})"),
      sns(R"({"eventName":"inner"})"),
      sns("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"),
      sns(gzipped("{}")),
      firehose({R"({"a":1})", gzipped("{\"a\":2}\n{\"a\":3}"), "no JSON"}),
      R"({"Records": [{"a":1},{"a":2}]})",
      R"({"a":1,"Records":[{"a":1},{"a":2}],"b":[{},{}]})",
      R"({"awslogs":{"data":")" +
          base64(gzipped(R"({"messageType":"DATA_MESSAGE","logEvents":[{"message":"{}"}]})")) +
          "\"}}",
      R"({"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]})",
      R"({"s3Bucket":"b","s3ObjectKey":["a","b","c"]})",
      R"({"Service":"Amazon S3","Event":"s3:TestEvent"})",
      R"({"TopicArn":"t","Type":"SubscriptionConfirmation"})",
      R"({"specversion":"1.0","type":"t","data":{"a":1}})",
  };
}

// What is wrong stays inside the line or element.
std::vector<std::string> bad_records() {
  return {R"({"a":"\q"})",
          R"({"a":"\u12"})",
          R"({"a":tru})",
          R"({"a":01})",
          R"({"a" 1})",
          R"({"a":1,})",
          R"({"a":1 "x":2})",
          R"({a:1})",
          R"({"a":[1,2})",
          R"({"a":{"b":[}}})",
          R"({"a":"\"})",
          nested(65),
          R"({"a":1}{"a":2}{"a"})",
          R"({"a":1}garbage{})"};
}

struct Layout {
  const char *before, *between, *after;
};
constexpr Layout kLayouts[] = {
    {"", "\n", "\n"},
    {"", "\n", ""},
    {"", "\r\n", "\r\n"},
    {"", "\n\n", "\n"},
    {"", "\n \t\n", "\n\n"},
    {"  ", " \n  ", ""},
    {"\xef\xbb\xbf", "\n", ""},
    {"", "", ""},
    {"", ",\n", ""},
    {"", "\n,", ""},
    {"[", ",", "]"},
    {"[", ", ", "]\n"},
    {"[\n", ",\n", "\n]\n"},
    {"[\n", "\n,", "\n]"},
    {"[\n  ", ",\n  ", "\n]\n"},
    {"{\"Records\":[", ",", "]}"},
    {"{\"Records\":[", ",", "]}\n"},
    {"{\"Records\": [", ", ", "]}\n"},
    {"{\"x\":0,\"Records\":[", ",", "],\"y\":[{},{}]}\n"},
    {"{\"Records\":[", "]}\n{\"Records\":[", "]}\n"},
};

std::string join(const std::vector<std::string>& records, const Layout& layout) {
  std::string out = layout.before;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i != 0) out += layout.between;
    out += records[i];
  }
  return out + layout.after;
}

void check_same(TwoWays& ways, const std::string& text) {
  const Reading slow = ways.slow(text);
  const Reading fast = ways.fast(text);
  UNSCOPED_INFO(text.substr(0, 2000));
  REQUIRE(fast.events == slow.events);
  REQUIRE(fast.errors.size() == slow.errors.size());
  for (std::size_t i = 0; i < slow.errors.size(); ++i) {
    REQUIRE(fast.errors[i].record == slow.errors[i].record);
    REQUIRE(fast.errors[i].line == slow.errors[i].line);
  }
  REQUIRE(broken_law(slow, fast) == "");
}

void check_law(TwoWays& ways, const std::string& text, const std::set<std::string>& sound) {
  UNSCOPED_INFO(text.substr(0, 2000));
  REQUIRE(broken_law(ways.slow(text), ways.fast(text), sound) == "");
}

TEST_CASE("batch_reader: records are what they are by themselves, in every layout") {
  TwoWays ways(wanted());
  std::vector<std::string> all = good_records();
  for (const std::string& envelope : envelopes()) all.push_back(envelope);
  for (const Layout& layout : kLayouts) {
    check_same(ways, join(all, layout));
    for (const std::string& record : all) {
      check_same(ways, join({record}, layout));
      check_same(ways, join({R"({"a":1})", record, R"({"a":2})", record, R"({"a":3})"}, layout));
    }
  }
}

TEST_CASE("batch_reader: a bad record hides no other") {
  TwoWays ways(wanted());
  const std::string first = R"({"eventName":"first","a":1})";
  const std::string last = R"({"eventName":"last","a":[{"b":1},{"b":2}]})";
  for (const Layout& layout : kLayouts) {
    for (const std::string& record : bad_records()) {
      const std::string text = join({first, record, last}, layout);
      check_law(ways, text, {first, last});
      // The record is noticed.
      CHECK_FALSE(ways.fast(text).errors.empty());
    }
  }
  // One error for one bad line, whatever follows.
  for (const std::string& record : bad_records()) {
    if (record.find("}{") != record.npos || record.find("garbage") != record.npos) continue;
    check_same(ways, join({first, record, last, record, last}, kLayouts[0]));
  }
}

TEST_CASE("batch_reader: lines that are open, and elements that grew together") {
  TwoWays ways(wanted());
  const std::string sound = R"({"eventName":"sound"})";
  for (const std::string text : {
           R"({"a":{"b":1}%{"eventName":"sound"}%)",
           R"({"a":[{"b":1}%{"eventName":"sound"}%]})",
           R"({"a":"x}%{"eventName":"sound"}%{"a":"y}%{"eventName":"sound"}%)",
           R"([{"a":{"b":1, {"eventName":"sound"}]%)",
           R"({"Records": [{"a":"1","b":{"c":"d", {"eventName":"sound"}]}%)",
           R"({"Records":[{"a":{"b":[1},{"eventName":"sound"},{"x":1}]}%)",
           R"({"Records":[{"a":"b,"c":{"d":"e"}},{"eventName":"sound"},{"a":"b,"c":{"d":"e"}}]}%)",
           R"([{"a":1}},{"eventName":"sound"}]%{"eventName":"sound"}%)",
           R"([{]},{"eventName":"sound"}]%)",
       }) {
    std::string lines = text;
    std::replace(lines.begin(), lines.end(), '%', '\n');
    check_law(ways, lines, {sound});
  }
}

TEST_CASE("batch_reader: texts that are cut anywhere") {
  TwoWays ways(wanted());
  const std::vector<std::string> records = {R"({"eventName":"a\\","a":{"b":[1,{"c":"},{\""}]}})",
                                            event_bridge(R"({"a":1})"),
                                            R"({"eventName":"b","x":"\u0041"})"};
  for (const Layout& layout : kLayouts) {
    const std::string text = join(records, layout);
    for (std::size_t size = 0; size <= text.size(); size += differential::stride(5)) {
      check_law(ways, text.substr(0, size), {records[0], records[2]});
    }
  }
}

TEST_CASE("batch_reader: records anywhere in a block, and hostile bytes behind the last") {
  TwoWays ways(wanted());
  for (std::size_t i = 0; i < 130; i += differential::stride(5)) {
    const std::string padding = R"({"p":")" + std::string(i, 'p') + "\"}\n";
    for (const char* after : {"", "\"", "\\", "\\\"", "{", "\xFF", "}\n]", "[{\"a\":\"", "\"}\n"}) {
      check_law(ways, padding + R"({"a":"\\","x":"\""})" + '\n' + R"({"a":{"b":2}})" + '\n' + after,
                {R"({"a":"\\","x":"\""})", R"({"a":{"b":2}})"});
    }
    check_same(ways, padding + R"({"a":"\\","x":"\""})");
    check_same(ways, std::string(i, ' ') + R"({"a":"\u0041"})" + '\n' + padding);
  }
}

TEST_CASE("batch_reader: numbers go on over batches, whatever lines turn out to hold") {
  TwoWays ways(wanted());
  std::vector<std::string> pieces = envelopes();
  for (const std::string& record : good_records()) pieces.push_back(record);
  for (const char* bad : {R"({"a":tru})", R"({"a":1}{"a":2})", "garbage"}) pieces.push_back(bad);
  for (std::size_t step : {1u, 3u, 7u}) {
    std::string text;
    for (std::size_t i = 0; text.size() < 3 * limits::kBatchBytes; i += step) {
      text += pieces[i % pieces.size()] + '\n';
    }
    check_same(ways, text);
    CHECK(ways.fast(text).batches > 2);
  }
}

TEST_CASE("batch_reader: large log files and large records") {
  TwoWays ways(wanted());
  for (const std::size_t large : {100'000u, 127'000u, 131'072u, 200'000u, 262'144u, 400'000u}) {
    std::vector<std::string> records = good_records();
    records.push_back(R"({"a":[)" + repeated(R"({"b":"},{"},)", large / 12) + "0]}");
    records.push_back(R"({"eventName":"after"})");
    records.push_back(R"({"a":")" + std::string(large, 'y') + "\"}");
    for (const std::string& record : good_records()) records.push_back(record);
    for (std::size_t i = 0; i < std::size(kLayouts); i += differential::stride(2)) {
      check_same(ways, join(records, kLayouts[i]));
    }
  }
  const std::vector<std::string> many(2000, R"({"a":[{"b":"},{\""},{"b":1}],"x":"\u0041"})");
  for (const Layout& layout : kLayouts) check_same(ways, join(many, layout));
}

TEST_CASE("batch_reader: one file ends, another begins") {
  TwoWays ways(wanted());
  const std::string lines = sns("{}\n{}\n{}") + '\n' + R"({"a":tru})" + '\n' + R"({"a":1})";
  const MemoryFile first(lines), second(lines);
  const Reading reading = ways.fast_files({first.path(), second.path(), "/nowhere"});
  std::string numbers;
  for (const Seen& event : reading.events) numbers += std::to_string(event.record) + ' ';
  CHECK(numbers == "1 2 3 5 1 2 3 5 ");
  numbers.clear();
  for (const Seen& error : reading.errors) numbers += std::to_string(error.record) + ' ';
  CHECK(numbers == "0 4 4 ");
}

TEST_CASE("batch_reader: work is linear in elements that cannot be indexed") {
  TwoWays ways(Wanted({}, {}));
  const std::string texts[] = {
      "[" + repeated(R"({"a":1}, )", 100'000) + "{}]",
      "[" + repeated(R"({"a":1} ,  )", 100'000) + "{}]",
      "[" + repeated("{},", 300'000) + "{}]",
      repeated("[{[}\n", 100'000),
      repeated("[{[},{\"\n", 50'000),
      "[" + repeated("{},", 1000) + repeated("{\"\x01\":\"},{\"},", 50'000) + "{}]",
  };
  for (const std::string& text : texts) {
    const MemoryFile file(text);
    RecordReader reader({file.path()}, RecordReader::Trust::unchecked);
    const auto start = std::chrono::steady_clock::now();
    for (Batch batch; reader.next(batch);) {
    }
    UNSCOPED_INFO(text.substr(0, 40));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  }
}

TEST_CASE("batch_reader: a bad record does not have its neighbours read with care") {
  // What is read with care is read in the last phase.
  struct Counter : BatchReader::Visitor {
    void event(Event& event, const Origin&) override {
      ++events;
      if (!event.text(late).empty()) ++careful;
    }
    void error(RecordError) override { ++errors; }
    FieldRef late = 0;
    std::size_t events = 0, careful = 0, errors = 0;
  };
  const std::string begin = R"({"early":"e","late":"l","pad":")" + std::string(1000, 'x');
  struct Case {
    std::string bad;
    std::size_t careful, errors;
  };
  const std::size_t bad = 10;
  for (const auto& [spoilt, careful, errors] :
       {Case{begin + "\xff\"}", bad, 0}, Case{begin + "\t\"}", bad, 0},
        Case{begin + "\"\"}", 0, bad}, Case{begin, 0, bad}, Case{begin + "\"}x\"y", 0, bad}}) {
    INFO(spoilt.substr(begin.size()));
    std::string text;
    for (std::size_t i = 0; i < 150 * bad; ++i) {
      text += (i % 150 == 77 ? spoilt : begin + "\"}") + "\n";
    }
    const MemoryFile file(text);
    RecordReader input({file.path()}, RecordReader::Trust::unchecked);
    Wanted fields({"late"}, {"early"});
    Counter counter;
    counter.late = fields.all.add("late");
    const std::vector<FieldSet> phases = {fields.first, fields.all};
    BatchReader reader(phases);
    for (Batch batch; input.next(batch);) reader.read(batch, counter);
    CHECK(counter.events + counter.errors >= 150 * bad);
    CHECK(counter.careful <= careful + 10);  // the framer checks some itself
    CHECK(counter.errors >= errors);
  }
}

TEST_CASE("batch_reader: the payloads of a line are not in memory together") {
  // Each inflates to 8 MiB.
  const std::string payload = gzipped(gzipped(std::string(std::size_t{8} << 20, ' ') + "{}"));
  const std::string line = firehose({payload, payload, payload, payload});
  struct Counter : BatchReader::Visitor {
    void event(Event&, const Origin&) override { ++events; }
    void error(RecordError) override { ++errors; }
    std::size_t events = 0, errors = 0;
  } counter;
  Batch out;
  std::size_t largest = 0;
  Batch batch = read_records("");
  std::string padded = line + std::string(kPadding, '\0');
  const Record record{std::string_view(padded).substr(0, line.size()), {}, false, true};
  const std::uint64_t count =
      read_line(record, out, [&] { largest = std::max(largest, out.unwrapped.size()); });
  CHECK(count == 4);
  CHECK(largest == 1);
  batch.records.push_back(record);
  const std::vector<FieldSet> phases = {wanted().first, wanted().all};
  BatchReader(phases).read(batch, counter);
  CHECK(counter.events == 4);
  CHECK(counter.errors == 0);
}

TEST_CASE("batch_reader: a value too many is left out and noted") {
  const Wanted fields({"a", ""}, {"eventName"});
  TwoWays ways(fields);
  const std::string many = R"({"a":[)" + repeated("1,", limits::kEventValues) + "1]}";
  const std::string text = many + '\n' + many + '\n' + many + '\n' + R"({"a":2})";
  const Reading fast = ways.fast(text);
  REQUIRE(fast.events.size() == 4);
  CHECK(fast.events[1].fields.find("notes 16") != std::string::npos);
  CHECK(fast.events == ways.slow(text).events);
}

}  // namespace
}  // namespace tocsin::event
