#include "base/arena.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tocsin {
namespace {

TEST_CASE("texts stay where they are until the arena is reset") {
  Arena arena;
  std::vector<std::string> wanted;
  std::vector<std::string_view> kept;
  for (std::size_t i = 0; i < 5'000; ++i) {
    wanted.push_back(std::string(i % 97, static_cast<char>('a' + i % 26)));
    kept.push_back(arena.copy(wanted.back()));
  }
  wanted.push_back(std::string(3'000'000, 'x'));  // larger than any block
  kept.push_back(arena.copy(wanted.back()));
  wanted.push_back("after");
  kept.push_back(arena.copy(wanted.back()));
  CHECK(std::equal(kept.begin(), kept.end(), wanted.begin(), wanted.end()));
}

TEST_CASE("a warm arena gives the same memory again") {
  Arena arena;
  const char* first = arena.allocate(100);
  arena.allocate(20'000);
  arena.reset();
  CHECK(arena.allocate(100) == first);
}

TEST_CASE("memory of a freak record is returned") {
  Arena arena;
  arena.allocate(std::size_t{8} << 20);
  arena.reset();
  const std::string_view small = arena.copy("small");
  CHECK(small == "small");
}

TEST_CASE("the unused tail of an allocation is used again") {
  Arena arena;
  char* first = arena.allocate(100);
  arena.shrink_last(60);
  CHECK(arena.allocate(10) == first + 40);
}

TEST_CASE("an empty text needs no memory") {
  Arena arena;
  CHECK(arena.copy("").empty());
}

}  // namespace
}  // namespace tocsin
