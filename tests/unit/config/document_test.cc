#include "config/document.h"

#include <catch2/catch.hpp>

#include "support.h"

namespace tocsin::config {
namespace {

TEST_CASE("problems of a file are shown as a compiler shows them") {
  const Read found = read("server:\n  listen: here\nrecievers: []\n", [](Settings& s) {
    Settings server = s.map("server");
    server.text("listen");
    server.error("listen", "not an address");
    server.finish();
    (void)s.maps("receivers");
  });
  REQUIRE(found.diagnostics.all().size() == 2);
  CHECK(render_text(found.diagnostics.all()[0], false) ==
        "tocsin.yml:2:11: error C906: not an address\n"
        "    listen: here\n"
        "            ^~~~\n");
  CHECK(render_text(found.diagnostics.all()[1], false) ==
        "tocsin.yml:3:1: error C903: unknown key `recievers`\n"
        "  recievers\n"
        "  ^~~~~~~~~\n"
        "  did you mean `receivers`?\n");
}

TEST_CASE("only a whole line's beginning is quoted, and only up to what is meant") {
  const auto use = [](Settings& s) {
    Settings inner = s.map("m");
    inner.text("a");
    inner.finish();
  };
  const auto quoted = [&](std::string_view text) {
    const Read found = read(text, use);
    REQUIRE(found.diagnostics.all().size() == 1);
    return found.diagnostics.all()[0].snippet;
  };
  CHECK(quoted("m:\n  b: beside") == "  b");
  CHECK(quoted("m: {b: beside}").empty());
  CHECK(quoted("m: {a: beside, b: beside}").empty());
  CHECK(quoted("m: wrong  # beside") == "m: wrong");
  CHECK(quoted("m: {a: 'beside").empty());
  CHECK(quoted("m: https://hooks.example/beside").empty());
}

TEST_CASE("a variable that YAML cannot read without quotes is explained") {
  const Read found = read("m: {a: ${A}, b: 1}", [](Settings&) {});
  REQUIRE(found.diagnostics.all().size() == 1);
  CHECK(found.diagnostics.all()[0].code == "Y004");
  CHECK(found.diagnostics.all()[0].message.ends_with("stands in quotes: \"${NAME}\""));
}

TEST_CASE("a configuration is one document, or none") {
  const auto nothing = [](Settings& s) { CHECK_FALSE(s.has("a")); };
  CHECK(read("", nothing).summary().empty());
  CHECK(read("# nothing\n", nothing).summary().empty());
  CHECK(read("---\n", nothing).summary().empty());
  CHECK(read("a: 1\n---\nb: 2\n", [](Settings&) { FAIL("not read"); }).summary() == "C901 3:1+1");
  CHECK(read("- a\n", nothing).summary() == "C902 1:1+1");
  CHECK(read("text\n", nothing).summary() == "C902 1:1+4");
  CHECK(read("a: &x 1\n", [](Settings&) { FAIL("not read"); }).summary() == "Y009 1:4+1");
}

}  // namespace
}  // namespace tocsin::config
