// The framer on bad and hostile text.
#include <catch2/catch.hpp>
#include <tuple>

#include "base/limits.h"
#include "differential/generate/random.h"
#include "event/framer.h"
#include "framing.h"

namespace tocsin::event {
namespace {

TEST_CASE("framer: damaged streams give the same items in any chunks") {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    Random random(seed);
    std::string text;
    for (std::size_t i = 1 + pick(random, 6); i > 0; --i) {
      text += random_record(random, pick(random, 2) == 1 ? "\n" : "") +
              (pick(random, 3) == 0 ? "," : "\n");
    }
    if (pick(random, 2) == 1) text = "{\"Records\":[" + text + "]}";
    for (std::size_t i = 1 + pick(random, 3); i > 0; --i) {
      static constexpr std::string_view kBytes = "{}[],:\"\\\nx0";
      const std::size_t at = pick(random, text.size());
      if (pick(random, 2) == 1)
        text.erase(at, 1 + pick(random, 5));
      else
        text.insert(at, 1, kBytes[pick(random, kBytes.size())]);
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
  return "{" + inner + "\"eventVersion\":\"1.08\"," + inner +
         "\"userIdentity\":{\"type\":\"Root\"}," + inner +
         "\"resources\":[{\"ARN\":\"arn:1\"},{\"ARN\":\"arn:2\"}]," + inner + "\"eventID\":\"" +
         std::to_string(i) + "\"" + line + "}";
}

std::string poisoned(std::size_t kind, std::string record) {
  const std::size_t comma = record.find("\",");
  switch (kind) {
    case 0:
      return record.substr(0, record.size() / 2);
    case 1:
      return record.substr(0, record.size() - 1);
    case 2:
      return record.erase(comma, 1);  // no closing quote
    case 3:
      return record.insert(comma, "\n");  // line break in a string
    case 4:
      return record.insert(comma + 1, ",");  // two commas
    case 5:
      return record.insert(comma + 1, "}");  // closed too early
    case 6:
      return record.insert(comma, "\\x");  // bad escape
    case 7:
      return record.insert(record.find(":[") + 1, "[");  // opened twice
    case 8:
      return record.replace(record.find("\"1.08\""), 6, "01");
    case 9:
      return record.replace(record.find("\"1.08\""), 6, "NaN");
    case 10:
      return record.replace(record.find("\"1.08\""), 6, repeated("[", 100) + repeated("]", 100));
    case 11:
      return record.erase(record.find("}"), 1);
    case 12:
      return record.erase(record.find("]"), 1);
    case 13:
      return record.erase(record.find(":"), 1);
    case 14:
      return "garbage";
    case 15:
      return "123";
    case 16:
      return record.substr(0, record.find("{\"ARN\"") + 3);
    default:
      return {};
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
  const std::size_t count = 10'000 / differential::stride(10);
  for (std::size_t kind = 0; kind <= 16; ++kind) {
    for (const Shape& shape : kShapes) {
      std::vector<std::string> good;
      std::string text = shape.open;
      for (std::size_t i = 0; i < count; ++i) {
        const std::string record = sample(i, shape.line);
        if (i != 0) text += shape.between;
        if (i == count / 2) {
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
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  constexpr std::size_t kSmall = std::size_t{200} << 10;  // enough to reach the work limits
  static constexpr std::string_view kUnits[] = {"[",
                                                "[\n",
                                                "{",
                                                "{\n",
                                                "{\"a\":",
                                                "{\"a\":\n",
                                                "{\"a\":[",
                                                "{\"a\":[\n",
                                                " {\"a\":[\n",
                                                "{\"a\":[{},",
                                                "\"",
                                                "\"\n",
                                                "{\"",
                                                ",{\"",
                                                "[{\"a\"",
                                                "[{\"a\":1,",
                                                "\\",
                                                "{\"a\":\"},",
                                                "{\"a\":[{\"a\":1},",
                                                "{\"a\":1}}",
                                                "}",
                                                "]",
                                                "{}",
                                                "{}\n",
                                                "[]",
                                                "0",
                                                "x\n",
                                                "\n",
                                                " ",
                                                "{\"Records\":[",
                                                "{\"Records\":[{},",
                                                "{\"Records\":[\n",
                                                "{\"a\":[1},{\"b\":[",
                                                "{\"a\":\"x},{\"b\":",
                                                "{\n{\"",
                                                "{\"a\":1,{\"a\":[",
                                                "\n {\n{",
                                                "{\"a\":[\"\n"};
  std::size_t cases = 0;
  for (const std::string_view unit : kUnits) {
    for (const std::string_view open : {"", "{\"Records\":[", "[{\"a\":["}) {
      if (++cases % differential::stride(7) != 0) continue;
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
  std::string text = "{\"owner\":[1,2],\"Records\":[";
  for (std::size_t i = 0; i < 200'000; ++i) text += "{\"a\":[{\"b\":" + std::to_string(i) + "}]},";
  text += "{}]," + repeated("\"region\":[[1,2,3]],", 100'000) + "\"owner\":0}";
  const Framing got = frame_text(text, 4096);
  CHECK(got.items.size() == 200'001);
  CHECK(got.errors() == 0);
  CHECK(got.largest_window < 300'000);
  CHECK(got.scanned < text.size() + text.size() / 2);
}

TEST_CASE("framer: an event with records of its own is whole up to a limit, then reported") {
  const auto event = [](std::size_t size, bool first) {
    const std::string beside = "\"a\":1";
    const std::string empty = "{\"Records\":[],\"a\":1}";
    std::string elements;
    while (empty.size() + elements.size() + 10 < size) elements += "{\"b\":2},";
    elements += "{" + std::string(size - empty.size() - elements.size() - 2, ' ') + "}";
    const std::string records = "\"Records\":[" + elements + "]";
    return "{" + (first ? records + "," + beside : beside + "," + records) + "}";
  };
  for (const bool first : {false, true}) {
    for (const std::size_t over : {0u, 1u}) {
      const std::string text = event(Framer::kContainerEventBytes + over, first);
      REQUIRE(text.size() == Framer::kContainerEventBytes + over);
      const std::string stream = "\n" + text + "{\"c\":3}";
      const Framing whole = frame_text(stream, stream.size());
      CHECK(frame_text(stream, 1009).items == whole.items);
      CHECK(frame_text(stream, 1009).largest_window < Framer::kContainerEventBytes + 2000);
      const Item& object = whole.items.at(whole.items.size() - 2);
      CHECK(object.line == 2);
      CHECK(object.offset == 1);
      CHECK((object.text == text) == (over == 0));
      CHECK(whole.errors() == over);
      CHECK(whole.items.back().text == "{\"c\":3}");
    }
  }
}

TEST_CASE("framer: containers in each other beyond what is followed are handed on") {
  std::string text = "{\"a\":1}";
  for (std::size_t i = 0; i < 12; ++i) text = "{\"Records\":[" + text + ",[],2]}";
  Framer framer;
  std::size_t frames = 0, closed = 0;
  for (auto step = framer.next(text, true); step != Framer::Step::end;) {
    if (step == Framer::Step::frame) ++frames;
    if (framer.frame().closed) ++closed;
    step = framer.next(text, true);
  }
  CHECK(frames == 1);
  CHECK(closed == 1);
}

TEST_CASE("framer: odd elements cost what they measure") {
  for (const std::string_view unit :
       {"0,", "\"\",", "[],", "[[[[[[[[[[]]]]]]]]]],", "[", "null,"}) {
    for (const std::string_view open : {"{\"Records\":[", "{\"a\":1,\"logEvents\":[{},"}) {
      const std::string text = std::string(open) + repeated(unit, (1u << 20) / unit.size()) + "0]}";
      Framer framer;
      std::size_t items = 0;
      while (framer.next(text, true) != Framer::Step::end) ++items;
      INFO(open << " and many " << unit);
      CHECK(framer.scanned() < 14 * text.size());
      CHECK(items < text.size());
    }
  }
}

TEST_CASE("framer: a record that is too large is skipped without being kept") {
  const std::string large = "{\"a\":\"" + std::string(limits::kRecordBytes + 12345, 'x') + "\"}";
  for (const auto& [open, between, close] : {std::tuple{"", "\n", "\n"}, std::tuple{"[", ",", "]"},
                                             std::tuple{"{\"Records\":[", ",", "]}"}}) {
    const std::string text =
        open + std::string("{\"b\":1}") + between + large + between + "{\"c\":2}" + close;
    const Framing got = frame_text(text, 1 << 20);
    CHECK(got.frames() == std::vector<std::string>{"{\"b\":1}", "{\"c\":2}"});
    CHECK(got.errors() == 1);
    CHECK(got.largest_window < limits::kRecordBytes + (4 << 20));
  }
}

}  // namespace
}  // namespace tocsin::event
