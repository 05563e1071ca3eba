#include "sigma/codes.h"

#include <catch2/catch.hpp>
#include <set>
#include <string_view>

namespace tocsin::sigma {
namespace {

TEST_CASE("diagnostic codes are unique, well formed and explained") {
  std::set<std::string_view> seen;
  for (const CodeMeaning& known : kCodes) {
    INFO(known.code);
    CHECK(seen.insert(known.code).second);
    CHECK(known.code.size() == 4);
    CHECK(std::string_view("YSWC").find(known.code[0]) != std::string_view::npos);
    CHECK_FALSE(known.meaning.empty());
  }
}

}  // namespace
}  // namespace tocsin::sigma
