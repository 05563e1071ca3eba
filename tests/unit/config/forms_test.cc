#include "config/forms.h"

#include <catch2/catch.hpp>
#include <vector>

#include "config/listen_address.h"

namespace tocsin::config {
namespace {

TEST_CASE("durations") {
  const std::vector<std::pair<std::string_view, std::int64_t>> good = {
      {"0", 0},        {"0s", 0},           {"250ms", 250},      {"30s", 30'000},
      {"5m", 300'000}, {"12h", 43'200'000}, {"3d", 259'200'000}, {"007s", 7'000}};
  for (const auto& [text, milliseconds] : good) {
    INFO(text);
    CHECK(parse_duration(text) == milliseconds);
  }
  for (const std::string_view text :
       {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5.5s", "1h30m", "5S", "5w", "5min",
        "106751991168d", "99999999999999999999ms", "9223372036854775808ms"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("sizes") {
  const std::vector<std::pair<std::string_view, std::uint64_t>> good = {
      {"0", 0},          {"512", 512},         {"512B", 512},
      {"64KiB", 65'536}, {"1MiB", 1'048'576},  {"1GiB", 1u << 30},
      {"1kB", 1'000},    {"10MB", 10'000'000}, {"1GB", 1'000'000'000}};
  for (const auto& [text, size] : good) {
    INFO(text);
    CHECK(parse_bytes(text) == size);
  }
  for (const std::string_view text : {"", "KiB", "-1", "1K", "1kb", "1KB", "1kib", "1 MiB",
                                      "1.5MiB", "18446744073709551616", "16777216TiB"}) {
    INFO(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("quantities are shown as they are written") {
  for (const std::string_view text : {"0", "1ms", "1500ms", "90s", "5m", "36h", "3d"}) {
    CHECK(show_duration(*parse_duration(text)) == text);
  }
  for (const std::string_view text :
       {"0", "1B", "1023B", "64KiB", "10MiB", "3GiB", "1kB", "10MB"}) {
    CHECK(show_bytes(*parse_bytes(text)) == text);
  }
}

TEST_CASE("listen addresses") {
  struct Case {
    std::string_view text, address;
    std::uint16_t port;
    bool loopback;
  };
  for (const Case& c :
       {Case{"127.0.0.1:8484", "127.0.0.1", 8484, true}, Case{"127.8.9.1:1", "127.8.9.1", 1, true},
        Case{"localhost:0", "127.0.0.1", 0, true}, Case{"[::1]:8484", "::1", 8484, true},
        Case{"[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80, true},
        Case{"0.0.0.0:65535", "0.0.0.0", 65535, false}, Case{"[::]:8484", "::", 8484, false},
        Case{"10.0.0.1:8484", "10.0.0.1", 8484, false},
        Case{"[2001:db8::1]:8484", "2001:db8::1", 8484, false}}) {
    INFO(c.text);
    const auto parsed = parse_listen_address(c.text);
    REQUIRE(parsed);
    CHECK(parsed->address == c.address);
    CHECK(parsed->port == c.port);
    CHECK(parsed->loopback == c.loopback);
  }
  for (const std::string_view text : {"",
                                      ":",
                                      "8484",
                                      ":8484",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:x",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1: 1",
                                      "127.1:80",
                                      "0x7f.0.0.1:80",
                                      "127.0.0.01:80",
                                      "::1:8484",
                                      "[::1]",
                                      "[::1]8484",
                                      "[::1:8484",
                                      "[127.0.0.1]:80",
                                      "[]:80",
                                      "[localhost]:80",
                                      "example.com:80",
                                      "LOCALHOST:80",
                                      "[fe80::1%eth0]:80",
                                      "127.0.0.1:80:80"}) {
    INFO(text);
    CHECK_FALSE(parse_listen_address(text));
  }
}

}  // namespace
}  // namespace tocsin::config
