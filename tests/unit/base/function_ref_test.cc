#include "base/function_ref.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin {
namespace {

int twice(FunctionRef<int(int)> function) {
  return function(function(1));
}

TEST_CASE("a FunctionRef calls what it was made of, and does not copy it") {
  auto counting = [calls = 0](int) mutable { return ++calls; };
  CHECK(twice(counting) == 2);
  CHECK(counting(0) == 3);
  const auto constant = [](int) { return 7; };
  CHECK(twice(constant) == 7);
  CHECK(twice([](int number) { return -number; }) == 1);
}

TEST_CASE("a FunctionRef passes references on") {
  std::string text;
  const auto append = [&](FunctionRef<std::string&(std::string&, const std::string&)> function) {
    return &function(text, "more");
  };
  CHECK(append([](std::string& to, const std::string& what) -> std::string& {
          return to += what;
        }) == &text);
  CHECK(text == "more");
}

}  // namespace
}  // namespace tocsin
