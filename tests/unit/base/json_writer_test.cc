#include "base/json_writer.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "base/json_escape.h"
#include "differential/reference/json_dom.h"

namespace tocsin {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).string(text);
  return out;
}

TEST_CASE("commas are placed by the writer") {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("a", "b").key("n").number(std::int64_t{-1}).key("u").number(UINT64_MAX);
  json.key("t").boolean(true).key("z").null();
  json.key("empty").begin_array().end_array();
  json.key("o").begin_object().end_object();
  json.key("list").begin_array().string("x").number(std::int64_t{2}).begin_array().end_array();
  json.raw("{\"r\":1}").end_array().member("last", "");
  json.end_object();
  CHECK(out == R"({"a":"b","n":-1,"u":18446744073709551615,"t":true,"z":null,"empty":[],"o":{},)"
               R"("list":["x",2,[],{"r":1}],"last":""})");
}

TEST_CASE("strings are one line of valid JSON whatever comes in") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(quoted("\n\r\t") == R"("\n\r\t")");
  CHECK(quoted(std::string("\0\x1F\x7F", 3)) == R"("\u0000\u001f\u007f")");
  CHECK(quoted("\u2028\u2029") == R"("\u2028\u2029")");
  CHECK(quoted("\u00E9\U0001F600") == "\"\u00E9\U0001F600\"");
  CHECK(quoted("a\xFF"
               "b\xE2\x82") ==
        "\"a\uFFFD"
        "b\uFFFD\"");
}

TEST_CASE("every byte and every pair of bytes comes out as strict JSON") {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const auto read = reference::parse_strict_json(quoted(text));
      REQUIRE(read);
      REQUIRE(read->text == reference::encode(reference::decode(text)));
    }
  }
}

// What json_escape() does eight bytes at a time.
std::string escaped_slowly(std::string_view text) {
  std::string out;
  char bytes[6];
  while (!text.empty()) out.append(bytes, json_escape_one(text, bytes));
  return out;
}

TEST_CASE("text is escaped alike wherever in a word an odd byte stands") {
  const std::string kOdd[] = {
      "\"",     "\\",     "\n",         "\x7F", "\x1F",    "\x80", "\xFF",
      "\u00E9", "\u2028", "\U0001F600", " ",    "\x7E!#[", "]",    std::string(1, '\0')};
  for (std::size_t size = 0; size < 20; ++size) {
    for (std::size_t first = 0; first <= size; ++first) {
      for (std::size_t second = first; second <= size; ++second) {
        for (const std::string& odd : kOdd) {
          std::string text(size, 'a');
          text.insert(second, odd).insert(first, odd);
          std::string out(escaped_room(text.size()), '\0');
          out.resize(static_cast<std::size_t>(json_escape(text, out.data()) - out.data()));
          REQUIRE(out == escaped_slowly(text));
          REQUIRE(quoted(text) == '"' + out + '"');
        }
      }
    }
  }
}

}  // namespace
}  // namespace tocsin
