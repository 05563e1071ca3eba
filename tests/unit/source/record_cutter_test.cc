#include "source/record_cutter.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/limits.h"
#include "event/record_reader.h"
#include "unit/event/framing.h"

namespace tocsin::source {
namespace {

using Until = RecordCutter::Until;

struct Reading {
  std::vector<std::string> records;
  std::size_t errors = 0;
  bool operator==(const Reading&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  for (const std::string& record : reading.records) out << record.substr(0, 100) << '\n';
  return out << reading.errors << " errors";
}

void read(std::string_view bytes, Reading& reading) {
  const event::Batch batch = event::read_records(bytes);
  for (const event::Record& record : batch.records) reading.records.emplace_back(record.json);
  reading.errors += batch.errors.size();
}

Reading read(std::string_view bytes) {
  Reading reading;
  read(bytes, reading);
  return reading;
}

// Cuts `text`, which arrives in chunks, and reads each piece on its own; now and then a new cutter
// goes on where the last one was.
struct Cutting {
  Reading reading;
  std::size_t pieces = 0;
};

Cutting cut(std::string_view text, std::size_t chunk, Until until, unsigned restart_every = 0) {
  Cutting result;
  RecordCutter cutter;
  std::size_t base = 0;  // of the cutter
  std::size_t fed = 0, taken = 0;
  std::string open;
  unsigned calls = 0;
  const auto take = [&](Until how) {
    while (const auto piece = cutter.take(how)) {
      ++result.pieces;
      CHECK(base + piece->consumed > taken);
      CHECK(piece->text() == text.substr(taken, base + piece->consumed - taken));
      taken = base + piece->consumed;
      REQUIRE(taken <= fed);
      open = piece->open;
      read(piece->bytes, result.reading);
    }
    CHECK(cutter.pending() == fed - taken);
  };
  while (fed < text.size()) {
    const std::string_view next = text.substr(fed, chunk);
    cutter.feed(next);
    fed += next.size();
    take(until);
    if (restart_every != 0 && ++calls % restart_every == 0) {
      cutter = RecordCutter(open);
      const std::size_t before = fed;
      base = fed = taken;
      // What was fed and not taken is fed again, and more.
      const std::string_view again = text.substr(taken, before - taken + chunk);
      cutter.feed(again);
      fed += again.size();
      take(until);
    }
  }
  take(Until::end);
  CHECK(taken == text.size());
  CHECK(cutter.pending() == 0);
  return result;
}

const char* const kTexts[] = {
    "",
    "\n\n",
    "{\"a\":1}\n{\"b\":2}\n",
    "{\"a\":1}\n{\"b\":2}",
    "{\"a\":1}{\"b\":2} {\"c\":3}\r\n{\"d\":4}",
    "{\n \"a\": 1,\n \"b\": {\"c\": [1, 2]}\n}\n{\n \"d\": 2\n}\n",
    "[{\"a\":1},{\"b\":2},\n{\"c\":3}]\n{\"d\":4}\n",
    "{\"Records\":[{\"a\":1},{\"b\":2} , {\"c\":[{\"x\":1}]}],\"z\":[{\"y\":1}]}\n{\"Records\":[]}",
    "{\"x\":1,\"Records\" : [ {\"a\":1}\n,\n{\"b\":2} ] }",
    "[{\"Records\":[{\"a\":1},{\"b\":2}]},{\"Records\":[{\"c\":3}]}]",
    "{\"Records\":[{\"a\":1},\n{\"b\":2}],\"eventName\":\"own\"}\n{\"c\":3}",
    "{\"Records\":[null,{\"a\":1},[{\"b\":2},\n3]],\"Records\":[{\"c\":3},\n{\"d\":4}]}\n",
    R"({"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"{}"},{"message":"x"}]})",
    "{\"requestId\":\"r\",\"records\":[{\"data\":\"eyJhIjoxfQ==\"},{\"data\":\"eyJiIjoyfQ==\"}]}",
    "garbage\n{\"a\":1}\nmore garbage {\"b\":2}\n{\"c\":3}\n",
    "\xef\xbb\xbf{\"a\":1}\n",
};

TEST_CASE("pieces hold what the text holds") {
  for (const char* text : kTexts) {
    const Reading whole = read(text);
    for (const std::size_t chunk : event::kChunks) {
      for (const Until until : {Until::full, Until::lines, Until::records}) {
        INFO(text << " in chunks of " << chunk);
        CHECK(cut(text, chunk, until).reading == whole);
      }
    }
  }
}

TEST_CASE("a new cutter goes on where the last one was") {
  for (const char* text : kTexts) {
    const Reading whole = read(text);
    for (const std::size_t chunk : event::kChunks) {
      INFO(text << " in chunks of " << chunk);
      CHECK(cut(text, chunk, Until::records, 2).reading == whole);
      CHECK(cut(text, chunk, Until::lines, 3).reading == whole);
    }
  }
}

TEST_CASE("random records, arrays and log files") {
  event::Random random(1);
  for (unsigned round = 0; round < 300; ++round) {
    std::string text;
    for (std::size_t unit = event::pick(random, 6); unit > 0; --unit) {
      const std::string line = event::pick(random, 2) == 0 ? "" : "\n";
      const std::size_t kind = event::pick(random, 4);
      if (kind < 2) {
        text += event::random_record(random, line);
      } else {
        text += kind == 2 ? "[" : "{\"Records\":[";
        for (std::size_t i = event::pick(random, 5) + 1; i-- > 0;) {
          text += event::random_record(random, line) + (i != 0 ? "," : "");
        }
        text += kind == 2 ? "]" : "]}";
      }
      text += "\n";
    }
    const Reading whole = read(text);
    const std::size_t chunk = event::kChunks[event::pick(random, std::size(event::kChunks))];
    INFO(text);
    CHECK(cut(text, chunk, Until::records, 1 + round % 5).reading == whole);
  }
}

TEST_CASE("damage is in the pieces, and hides no other record") {
  event::Random random(2);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (int i = 0; i < 20; ++i) text += event::random_record(random, "") + "\n";
    text += "{\"last\":1}\n";
    text[event::pick(random, text.size() - 20)] = "\"{}[]\n,x"[event::pick(random, 8)];
    const Reading whole = read(text);
    const Reading pieces = cut(text, 64, Until::lines).reading;
    INFO(text);
    CHECK((pieces.errors == 0) == (whole.errors == 0));
    CHECK(pieces.records.back() == "{\"last\":1}");
    CHECK(pieces.records.size() + 3 >= whole.records.size());
  }
}

TEST_CASE("only whole lines, until more is said") {
  RecordCutter cutter;
  cutter.feed("{\"a\":1}\n{\"b\":2}");
  CHECK(cutter.take(Until::lines).value().bytes == "{\"a\":1}\n");
  CHECK_FALSE(cutter.take(Until::lines));
  CHECK(cutter.pending() == 7);
  cutter.feed("\n{\"c\":");
  CHECK(cutter.take(Until::lines).value().bytes == "{\"b\":2}\n");
  CHECK_FALSE(cutter.take(Until::records));
  cutter.feed("3}");
  CHECK_FALSE(cutter.take(Until::lines));
  CHECK(cutter.take(Until::records).value().bytes == "{\"c\":3}");
  cutter.feed("\n{\"d\"");
  CHECK_FALSE(cutter.take(Until::full));
  CHECK(cutter.take(Until::end).value().bytes == "\n{\"d\"");
}

TEST_CASE("a log file without end is cut, in bounded memory") {
  std::string text = "{\"Records\":[{\"n\":0}";
  const std::string record = ",{\"n\":1,\"x\":\"" + std::string(1000, 'x') + "\"}";
  for (std::size_t i = 0; i < 5000; ++i) text += record;
  text += "]}";
  const Cutting result = cut(text, 100'000, Until::full, 7);
  CHECK(result.pieces >= 4);
  CHECK(result.reading.records.size() == 5001);
  CHECK(result.reading.errors == 0);
}

TEST_CASE("text without any place to cut does not stay in memory") {
  RecordCutter cutter;
  const std::string chunk(std::size_t{1} << 20, 'x');
  std::uint64_t most = 0;
  for (int i = 0; i < 60; ++i) {
    cutter.feed(chunk);
    while (cutter.take(Until::full)) {
    }
    most = std::max(most, cutter.pending());
  }
  CHECK(most < 2 * limits::kRecordBytes);
}

TEST_CASE("UTF-16 is told of once") {
  Reading reading;
  RecordCutter cutter;
  cutter.feed(std::string_view("\xff\xfe{\0\"\0", 6));
  for (int i = 0; i < 3; ++i) {
    while (const auto piece = cutter.take(Until::records)) {
      if (!piece->is_known) read(piece->bytes, reading);
    }
    cutter.feed(std::string_view("a\0\n\0", 4));
  }
  CHECK(reading.errors == 1);
  CHECK(reading.records.empty());
}

}  // namespace
}  // namespace tocsin::source
