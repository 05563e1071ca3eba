#include "program/encoding.h"

#include <catch2/catch.hpp>
#include <string>

#include "differential/generate/random.h"
#include "differential/reference/values.h"

namespace tocsin::program {
namespace {

using namespace std::string_literals;

std::string random_bytes(differential::Random& random, std::size_t most) {
  std::string out;
  for (std::size_t n = random.below(most); n > 0; --n) out += static_cast<char>(random.below(256));
  return out;
}

TEST_CASE("base64") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("\xFF\xFE\xFD") == "//79");
  differential::Random random(differential::seed());
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = random_bytes(random, 20);
    REQUIRE(base64(bytes) == reference::base64(bytes));
  }
}

TEST_CASE("a text inside a longer base64 text shows one of its three forms") {
  differential::Random random(differential::seed());
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = random_bytes(random, 12);
    const std::string before = random_bytes(random, 6);
    const std::string whole = base64(before + bytes + random_bytes(random, 6));
    const std::string form = base64_offsets(bytes)[before.size() % 3];
    REQUIRE(whole.find(form) != std::string::npos);
    // At most two characters at each end depend on the neighbours.
    REQUIRE(form.size() * 6 + 22 >= bytes.size() * 8);
  }
  CHECK(base64_offsets("foobar")[0] == "Zm9vYmFy");
  CHECK(base64_offsets("foobar")[1] == "Zvb2Jhc");
  CHECK(base64_offsets("foobar")[2] == "mb29iYX");
}

TEST_CASE("UTF-16") {
  CHECK(utf16("cmd", Utf16::little_endian) == "c\0m\0d\0"s);
  CHECK(utf16("cmd", Utf16::big_endian) == "\0c\0m\0d"s);
  CHECK(utf16("cmd", Utf16::with_mark) ==
        "\xFF\xFE"
        "c\0m\0d\0"s);
  CHECK(utf16("\u20AC", Utf16::little_endian) == "\xAC\x20");
  CHECK(utf16("\U0001F600", Utf16::big_endian) == "\xD8\x3D\xDE\x00"s);
  CHECK(utf16("", Utf16::little_endian).empty());
}

TEST_CASE("dashes that begin an option") {
  struct Case {
    const char* text;
    std::vector<std::size_t> at;
  };
  const Case kCases[] = {
      {"-a", {0}},          {"/a", {0}},   {"a-b", {}},  {"a -b", {2}},    {"a -b /c", {2, 5}},
      {"--a", {1}},         {"- a", {}},   {"a/", {}},   {"-", {}},        {"", {}},
      {"-param-name", {0}}, {" /_x", {1}}, {".-1", {1}}, {"\u00E9-a", {}}, {"-\u00E9", {0}},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    CHECK(option_dashes(c.text) == c.at);
  }
}

}  // namespace
}  // namespace tocsin::program
