#include "event/json_text.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::event {
namespace {

TEST_CASE("strings are unescaped") {
  struct Case {
    const char* text;
    const char* unescaped;  // nullptr: an escape that JSON does not know
    bool lone = false;
  };
  const Case kCases[] = {
      {"", ""},
      {"plain", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u0041\u00e9\u20AC)", "A\u00E9\u20AC"},
      {R"(\ud83d\uDE00!)", "\U0001F600!"},
      {R"(\ud83d)", "\uFFFD", true},
      {R"(\ude00)", "\uFFFD", true},
      {R"(\ud83dx)", "\uFFFDx", true},
      {R"(\ud83d\n)", "\uFFFD\n", true},
      {R"(\ud83d\u0041)",
       "\uFFFD"
       "A",
       true},
      {R"(\ud83d\ud83d\ude00)", "\uFFFD\U0001F600", true},
      {R"(\u)", nullptr},
      {R"(\u12)", nullptr},
      {R"(\u12g4)", nullptr},
      {R"(\ud83d\u12)", nullptr},
      {R"(\x41)", nullptr},
      {R"(\')", nullptr},
      {R"(\U0041)", nullptr},
      {"a\\", nullptr},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const std::string text = c.text;
    std::string out(text.size(), '?');
    const Unescaped result = unescape(text, out.data());
    REQUIRE(result.ok == (c.unescaped != nullptr));
    const Escapes checked = check_escapes(text);
    CHECK(checked.ok == result.ok);
    if (!result.ok) continue;
    CHECK(out.substr(0, result.size) == c.unescaped);
    CHECK(result.lone_surrogate == c.lone);
    CHECK(checked.lone_surrogate == c.lone);
  }
  CHECK(check_escapes(R"({"a":"\n\q"})").offset == 8);
}

TEST_CASE("lone surrogates are replaced in place") {
  struct Case {
    const char* json;
    const char* replaced;
  };
  const Case kCases[] = {
      {R"({"a":"\ud800"})", R"({"a":"\ufffd"})"},
      {R"({"\uDC00":"\ud83d\ude00\ud800\n\\ud800"})",
       R"({"\ufffd":"\ud83d\ude00\ufffd\n\\ud800"})"},
      {R"("\ud800\ud800\udc00\udc00")", R"("\ufffd\ud800\udc00\ufffd")"},
      {"{}", "{}"},
  };
  for (const Case& c : kCases) {
    std::string out;
    replace_lone_surrogates(c.json, out);
    CHECK(out == c.replaced);
    CHECK_FALSE(check_escapes(out).lone_surrogate);
    std::string in_place = c.json;
    replace_lone_surrogates(in_place, in_place);
    CHECK(in_place == c.replaced);
  }
}

TEST_CASE("the grammar of numbers") {
  for (const char* good : {"0", "-0", "1", "-1", "10", "1.5", "-0.0", "1e5", "1E+5", "1e-5", "0e0",
                           "1.25e10", "123456789012345678901234567890"}) {
    INFO(good);
    CHECK(is_json_number(good));
  }
  for (const char* bad :
       {"",   "-",     "+1",    "01",  "-01", "1.", ".5", "1.e5", "1e",  "1e+",
        "e5", "1.5.5", "1e5e5", "0x1", "1_0", " 1", "1 ", "--1",  "NaN", "1e5.5"}) {
    INFO(bad);
    CHECK_FALSE(is_json_number(bad));
  }
  CHECK(is_json_integer("-12"));
  CHECK_FALSE(is_json_integer("1.0"));
  CHECK_FALSE(is_json_integer("1e2"));
}

TEST_CASE("bytes that are no JSON text are repaired") {
  struct Case {
    std::string json, repaired;
    bool utf8, control;
  };
  const Case kCases[] = {
      {R"({"a":"b"})", R"({"a":"b"})", false, false},
      {"{\"a\":\"\xFF\"}", "{\"a\":\"\uFFFD\"}", true, false},
      {"{\"a\":\"x\ny\"}", R"({"a":"x\u000ay"})", false, true},
      {"{\n\"a\":\t1}", "{\n\"a\":\t1}", false, false},  // white space between tokens stays
      {"{\"a\":\"\\\"\n\"}", R"({"a":"\"\u000a"})", false, true},
      {"{\"a\":\"\\\n\"}", R"({"a":"\\\u000a"})", false, true},  // no escape: a backslash
      {"{\"a\":\"\xE2\x82\x01\"}", "{\"a\":\"\uFFFD\\u0001\"}", true, true},
  };
  for (const Case& c : kCases) {
    std::string out;
    const Repaired result = repair(c.json, out);
    CHECK(out == c.repaired);
    CHECK(result.invalid_utf8 == c.utf8);
    CHECK(result.control_byte == c.control);
  }
}

TEST_CASE("compact JSON keeps white space inside strings") {
  CHECK(compact_json(" { \"a b\" : [ 1 , \"c \\\" d\\\\\" ]\r\n}\t") ==
        R"({"a b":[1,"c \" d\\"]})");
}

}  // namespace
}  // namespace tocsin::event
