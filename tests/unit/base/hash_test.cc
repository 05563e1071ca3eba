// Hashes: the published test vectors, and the texts that collided before.
#include "base/hash.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "base/siphash.h"
#include "unit/colliding_names.h"

namespace tocsin {
namespace {

std::string blake2b(const std::string& text, std::size_t piece) {
  Blake2b hash;
  for (std::size_t at = 0; at < text.size(); at += piece) hash.add(text.substr(at, piece));
  return hex_of(hash.digest());
}

// As other implementations of RFC 7693 say it, with 16 bytes of digest.
TEST_CASE("BLAKE2b, whole and in pieces") {
  const auto piece = GENERATE(as<std::size_t>{}, 1, 7, 127, 128, 129, 10'000);
  CHECK(blake2b("", piece) == "cae66941d9efbd404e4d88758ea67670");
  CHECK(blake2b("abc", piece) == "cf4ab791c62b8d2b2109c90275287816");
  CHECK(blake2b(std::string(128, 'x'), piece) == "874acca82a22239ec64a3e70c3ae494e");
  CHECK(blake2b(std::string(129, 'x'), piece) == "b9ee96f69e8210c624fee55d71d5a54f");
  CHECK(blake2b(std::string(256, 'z'), piece) == "3960886b0325740f56846a77bca2ce57");
  CHECK(blake2b(std::string(1000, 'y'), piece) == "32c9d1110d574fd44a49ea642f753122");
}

TEST_CASE("a digest may be taken and more be added") {
  Blake2b hash;
  hash.add("ab");
  (void)hash.digest();
  hash.add("c");
  CHECK(hex_of(hash.digest()) == "cf4ab791c62b8d2b2109c90275287816");
}

// The vectors of the paper: key 00 01 … 0f, text 00 01 … of growing length.
TEST_CASE("SipHash-2-4") {
  const SipKey key{0x0706050403020100u, 0x0F0E0D0C0B0A0908u};
  std::string text;
  CHECK(siphash(key, text) == 0x726FDB47DD0E0E31u);
  for (char i = 0; i < 15; ++i) text += i;
  CHECK(siphash(key, text) == 0xA129CA6149BE45E5u);
  CHECK(siphash(SipKey{1, 2}, text) != siphash(key, text));
}

TEST_CASE("fields are told apart, and names that collide in FNV are") {
  const auto of = [](std::initializer_list<const char*> fields) {
    KeyHash hash;
    for (const char* const field : fields) hash.add_field(field);
    return hex_of(hash);
  };
  CHECK(of({"ab", "c"}) != of({"a", "bc"}));
  CHECK(of({"a"}) != of({"a", ""}));
  CHECK(of({"a", "b"}) == of({"a", "b"}));
  std::set<std::uint64_t> weak;
  std::set<std::string> strong;
  for (const std::string& name : colliding_names()) {
    weak.insert(Fnv64().add_field(name).value());
    strong.insert(hex_of(KeyHash().add_field(name)));
  }
  CHECK(weak.size() == 1);
  CHECK(strong.size() == colliding_names().size());
}

}  // namespace
}  // namespace tocsin
