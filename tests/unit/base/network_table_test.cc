#include "base/network_table.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/text_hash.h"

namespace tocsin {

TEST_CASE("a table of networks answers as each network does") {
  const std::vector<std::string> networks = {
      "10.0.0.0/8",    "10.1.0.0/16", "10.1.2.3",       "0.0.0.0/0", "192.0.2.128/25",
      "2001:db8::/32", "2001:db8::1", "::/0",           "fe80::/10", "::ffff:10.0.0.0/104",
      "10.0.0.0/8",    "128.0.0.0/1", "2001:db8::/127", "::1"};
  const std::vector<std::string> addresses = {
      "10.1.2.3", "10.1.2.4", "10.200.0.1",  "192.0.2.127", "192.0.2.128",    "255.255.255.255",
      "0.0.0.0",  "::",       "::1",         "2001:db8::1", "2001:db8::2",    "fe80::1",
      "febf::1",  "fec0::1",  "127.255.0.1", "128.0.0.0",   "::ffff:10.1.2.3"};
  NetworkTable table;
  for (const std::string& network : networks) table.insert(parse_cidr(network).value());
  CHECK(table.networks().size() == networks.size() - 2);  // two are written twice
  for (const std::string& text : addresses) {
    const IpPrefix address = parse_ip(text).value();
    std::set<std::uint32_t> wanted, found;
    for (std::uint32_t i = 0; i < table.networks().size(); ++i) {
      if (contains(table.networks()[i], address)) wanted.insert(i);
    }
    table.find(address, [&](std::uint32_t number) {
      found.insert(number);
      return false;
    });
    INFO(text);
    CHECK(found == wanted);
  }
}

TEST_CASE("the caseless hash is the hash of the lower text") {
  std::string upper, lower;
  for (int i = 0; i < 70; ++i) {
    CHECK(caseless_hash(upper) == text_hash(lower));
    CHECK(equals_caseless(upper, lower));
    if (!lower.empty()) {
      std::string other = lower;
      other[other.size() / 2] = '#';
      CHECK(text_hash(other) != text_hash(lower));
      CHECK_FALSE(equals_caseless(upper, other));
    }
    const char c = "AzZ[@`{\x80\xC3\xFF_5kM"[i % 13];
    upper += c;
    lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
}

}  // namespace tocsin
