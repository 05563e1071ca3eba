#include "event/line_check.h"

#include <catch2/catch.hpp>

#include "differential/generate/random.h"
#include "framing.h"

namespace tocsin::event {
namespace {

// The same as is_plain_object, one byte at a time.
bool is_plain_object_slowly(std::string_view line) {
  std::size_t depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && !escaped) in_string = !in_string;
    escaped = c == '\\' && !escaped;
    if (in_string) continue;
    if (c == '{' || c == '[') {
      if (++depth != 2 || c != '[') continue;
      const std::string_view key = key_before(line, i);
      if (is_container_key(key) || key.find('\\') != key.npos) return false;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1 == line.size();
    }
  }
  return false;
}

TEST_CASE("line_check: agrees with a byte-wise reading") {
  static constexpr std::string_view kParts[] = {"\"",
                                                "\"",
                                                "\\",
                                                "\\\\\\",
                                                "{",
                                                "}",
                                                "[",
                                                "]",
                                                "x",
                                                "    ",
                                                "\"abcdefghijklmnopqrstuvwxyz\":",
                                                ",\"Records\": [",
                                                "\"\\u0052ecords\":[",
                                                ":"};
  std::size_t plain = 0;
  const auto lines = static_cast<unsigned>(differential::scaled(200'000));
  for (unsigned seed = 0; seed < lines; ++seed) {
    Random random(seed);
    std::string line = "{";
    for (std::size_t i = pick(random, 40); i > 0; --i)
      line += kParts[pick(random, std::size(kParts))];
    if (pick(random, 2) == 1) line.insert(1, "\"" + std::string(pick(random, 130), 'y') + "\":");
    line += "}";
    const bool expected = is_plain_object_slowly(line);
    plain += expected ? 1 : 0;
    if (is_plain_object(line) != expected) FAIL(line);
  }
  CHECK(plain > lines / 200);
  CHECK(is_plain_object(R"({"a":"\\","b":[{"Records":[{}]}]})"));
  CHECK(!is_plain_object(R"({"a":"\\","Records" : [{}]})"));
  CHECK(!is_plain_object(R"({"R\u0065cords":[{}]})"));
  CHECK(is_plain_object(R"({"a":{"R\u0065cords":[{}]}})"));
  CHECK(!is_plain_object("{}{}"));
  CHECK(!is_plain_object("{"));
  CHECK(!is_plain_object(""));
}

}  // namespace
}  // namespace tocsin::event
