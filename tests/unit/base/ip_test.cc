#include "base/ip.h"

#include <catch2/catch.hpp>

namespace tocsin {
namespace {

TEST_CASE("addresses parse strictly and print canonically") {
  struct Case {
    const char* text;
    const char* canonical;  // nullptr: not an address
  };
  const Case kCases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.255", "192.0.2.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::1", "2001:db8::1"},
      {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::ffff:c000:201", "192.0.2.1"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
      {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
      {"", nullptr},
      {"1.2.3", nullptr},
      {"1.2.3.4.5", nullptr},
      {"1.2.3.256", nullptr},
      {"1.2.3.04", nullptr},
      {"0x1.2.3.4", nullptr},
      {"1.2.3.-4", nullptr},
      {"1.2.3.+4", nullptr},
      {"1.2.3.", nullptr},
      {" 1.2.3.4", nullptr},
      {"1.2.3.4 ", nullptr},
      {"1.2.3.4:80", nullptr},
      {"[::1]", nullptr},
      {"fe80::1%eth0", nullptr},
      {":", nullptr},
      {":::", nullptr},
      {"1::2::3", nullptr},
      {"1:2:3:4:5:6:7", nullptr},
      {"1:2:3:4:5:6:7:8:9", nullptr},
      {"1:2:3:4:5:6:7:8::", nullptr},
      {"::1:2:3:4:5:6:7:8", nullptr},
      {"12345::", nullptr},
      {"g::", nullptr},
      {"1:2:3:4:5:6:7:192.0.2.1", nullptr},
      {"192.0.2.1::", nullptr},
      {":1", nullptr},
      {"1:", nullptr},
      {"AWS Internal", nullptr},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const auto ip = parse_ip(c.text);
    REQUIRE(ip.has_value() == (c.canonical != nullptr));
    if (ip) CHECK(to_string(*ip) == c.canonical);
    if (ip) CHECK(parse_ip(to_string(*ip)) == ip);
  }
}

TEST_CASE("networks") {
  struct Case {
    const char* text;
    const char* canonical;  // "" is an error
    const char* corrected;
  };
  const Case kCases[] = {
      {"10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"},
      {"10.1.2.3", "10.1.2.3", "10.1.2.3"},
      {"10.1.2.3/32", "10.1.2.3", "10.1.2.3"},
      {"0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"},
      {"2001:db8::/32", "2001:db8::/32", "2001:db8::/32"},
      {"::/0", "::/0", "::/0"},
      {"10.1.2.3/8", "", "10.0.0.0/8"},
      {"10.0.0.128/24", "", "10.0.0.0/24"},
      {"2001:db8::1/32", "", "2001:db8::/32"},
      {"10.0.0.0/33", "", ""},
      {"::/129", "", ""},
      {"10.0.0.0/", "", ""},
      {"10.0.0.0/08", "", ""},
      {"10.0.0.0/255.0.0.0", "", ""},
      {"10.0.0.0/8/8", "", ""},
      {"/8", "", ""},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const auto network = parse_cidr(c.text);
    CHECK(network.has_value() == (*c.canonical != '\0'));
    if (network) CHECK(to_string(*network) == c.canonical);
    CHECK(corrected_cidr(c.text).value_or("") == c.corrected);
  }
}

TEST_CASE("containment keeps the address families apart") {
  struct Case {
    const char* network;
    const char* address;
    bool inside;
  };
  const Case kCases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", true},
      {"10.0.0.128/25", "10.0.0.127", false},
      {"10.0.0.128/25", "10.0.0.128", true},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "10.0.0.1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"192.0.2.1", "192.0.2.1", true},
  };
  for (const Case& c : kCases) {
    INFO(c.network << " " << c.address);
    CHECK(contains(*parse_cidr(c.network), *parse_ip(c.address)) == c.inside);
  }
}

}  // namespace
}  // namespace tocsin
