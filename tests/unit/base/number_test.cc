#include "base/number.h"

#include <catch2/catch.hpp>

#include "differential/generate/random.h"
#include "differential/reference/values.h"

namespace tocsin {
namespace {

TEST_CASE("canonical text of numbers") {
  struct Case {
    const char* token;
    const char* canonical;
  };
  const Case kCases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"007", "7"},
      {"+5", "5"},
      {"-12", "-12"},
      {"1.0", "1"},
      {"-0.0", "0"},
      {"1e0", "1"},
      {"1E2", "100"},
      {"15e-1", "1.5"},
      {"1.50", "1.5"},
      {"0.1", "0.1"},
      {"1e-7", "1e-07"},
      {"123456.789", "123456.789"},
      {"9007199254740992.0", "9007199254740992"},
      {"1e21", "1e+21"},
      {"9007199254740993", "9007199254740993"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"1e400", "1e400"},
      {"-1e400", "-1e400"},
      {"1e-400", "1e-400"},
      {"abc", "abc"},
      {"", ""},
      {"1.", "1."},
      {".5", ".5"},
      {"0x10", "0x10"},
  };
  for (const Case& c : kCases) {
    INFO(c.token);
    CHECK(canonical_number(c.token) == c.canonical);
    CHECK(canonical_number(c.canonical) == c.canonical);
  }
}

TEST_CASE("canonical text agrees with the long way round") {
  differential::Random random(differential::seed());
  const auto digits = [&](std::size_t most) {
    std::string out;
    for (std::size_t n = 1 + random.below(most); n > 0; --n) {
      out += static_cast<char>('0' + random.below(10));
    }
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string token = (random.percent(30) ? "-" : "") + digits(random.percent(90) ? 6 : 25);
    if (random.percent(70)) token += "." + digits(8);
    if (random.percent(40)) token += (random.percent(50) ? "e-" : "E") + digits(2);
    INFO(token);
    REQUIRE(canonical_number(token) == reference::canonical(token));
  }
}

TEST_CASE("order of numbers") {
  // Strictly ascending.
  const char* const kAscending[] = {"-1.5e999",
                                    "-1e300",
                                    "-9223372036854775808",
                                    "-2.5",
                                    "-2",
                                    "-1e-300",
                                    "0",
                                    "1e-300",
                                    "0.5",
                                    "1",
                                    "1.5",
                                    "2",
                                    "+3",
                                    "1e1",
                                    "9007199254740992",
                                    "9007199254740993",
                                    "9223372036854775807",
                                    "18446744073709551616",
                                    "1e300",
                                    "1.5e999"};
  for (std::size_t a = 0; a < std::size(kAscending); ++a) {
    for (std::size_t b = 0; b < std::size(kAscending); ++b) {
      INFO(kAscending[a] << " and " << kAscending[b]);
      const auto x = Number::parse(kAscending[a]);
      const auto y = Number::parse(kAscending[b]);
      REQUIRE((x && y));
      CHECK((Number::compare(*x, *y) < 0) == (a < b));
      CHECK((Number::compare(*x, *y) > 0) == (a > b));
    }
  }
  const auto same = [](const char* a, const char* b) {
    return Number::compare(*Number::parse(a), *Number::parse(b)) == 0;
  };
  CHECK(same("1", "1.0"));
  CHECK(same("-0", "0"));
  CHECK(same("100", "1e2"));
  CHECK(same("1e400", "1.5e400"));                                 // both beyond any double
  CHECK(same("0", ("0." + std::string(400, '0') + "1").c_str()));  // below any double
  CHECK(same("0", ("-0." + std::string(400, '0') + "1").c_str()));
  CHECK(same("1e999", (std::string(400, '9') + ".5").c_str()));
  CHECK(same("1e99999999999999999999", "1e400"));
  CHECK(same("1e-99999999999999999999", "0"));
}

TEST_CASE("what is not a number") {
  for (const char* text : {"", " 1", "1 ", "1.", ".5", "1e", "1e+", "e1", "--1", "+-1", "0x10",
                           "1_000", "1,5", "NaN", "inf", "1.5.5"}) {
    INFO(text);
    CHECK_FALSE(Number::parse(text));
  }
  CHECK_FALSE(Number::parse(std::string(513, '1')));
}

}  // namespace
}  // namespace tocsin
