#include "config/settings.h"

#include <catch2/catch.hpp>

#include "support.h"

namespace tocsin::config {
namespace {

struct Case {
  std::string_view text;
  std::string_view reported;
};

TEST_CASE("each reader says what is wrong, and where") {
  // `key` is read in every way that can take the value's form.
  const std::vector<std::pair<std::function<void(Settings&)>, std::vector<Case>>> readers = {
      {[](Settings& s) { s.text("key"); },
       {{"key: a text", ""},
        {"key: 12", ""},
        {"key:", ""},
        {"", ""},
        {"key: [a]", "C902 1:6+1"},
        {"key: {a: b}", "C902 1:6+1"},
        {"key: a ${HOME} b", "C908 1:8+7"},
        {"key: \"a ${HOME} b\"", "C908 1:9+7"},
        {"key: cost $5", "C908 1:11+1"},
        {"key: ${HOME", "C908 1:6+2"},
        {"key: ${}", "C908 1:6+3"},
        {"key: ${1A}", "C908 1:6+5"},
        {"key: ${HOME:-/root}", ""},
        {"key: \"a\\0b\"", "C906 1:6+6"}}},
      {[](Settings& s) { s.required_text("key"); },
       {{"other: 1", "C904 1:1+1; C903 1:1+5"},
        {"key: ''", "C904 1:6+2"},
        {"key:", "C904 1:1+3"},
        {"key: [a]", "C902 1:6+1"},
        {"kye: a", "C904 1:1+1; C903 1:1+3 key"}}},
      {[](Settings& s) {
         s.choice("key", {"json", "text"}, "json");
       },
       {{"key: text", ""}, {"key: txt", "C905 1:6+3 text"}, {"key: xml", "C905 1:6+3"}}},
      {[](Settings& s) { s.boolean("key", true); },
       {{"key: false", ""},
        {"key: 'false'", ""},
        {"key: ${X:-true}", ""},
        // As in YAML 1.2, this is a text.
        {"key: ${X:-yes}", "C906 1:6+9"},
        {"key: 1", "C906 1:6+1"},
        {"key: maybe", "C906 1:6+5"}}},
      {[](Settings& s) { s.integer("key", 5, 1, 10); },
       {{"key: 10", ""},
        {"key: '3'", ""},
        {"key: 11", "C907 1:6+2"},
        {"key: 0", "C907 1:6+1"},
        {"key: -1", "C907 1:6+2"},
        {"key: 1.0", "C906 1:6+3"},
        {"key: 0x1", "C906 1:6+3"},
        {"key: 99999999999999999999", "C906 1:6+20"},
        {"key: '1 '", "C906 1:6+4"}}},
      {[](Settings& s) { s.number("key", 1, 0, 10); },
       {{"key: 0.5", ""},
        {"key: 3", ""},
        {"key: 1e1", ""},
        {"key: .inf", "C906 1:6+4"},
        {"key: inf", "C906 1:6+3"},
        {"key: nan", "C906 1:6+3"},
        {"key: 10.5", "C907 1:6+4"}}},
      {[](Settings& s) { s.duration_ms("key", 5, 100, 10'000); },
       {{"key: 5s", ""},
        {"key: 100ms", ""},
        {"key: 5", "C906 1:6+1"},
        {"key: 5 s", "C906 1:6+3"},
        {"key: 99ms", "C907 1:6+4"},
        {"key: 1m", "C907 1:6+2"}}},
      {[](Settings& s) { s.bytes("key", 5, 1, 1 << 20); },
       {{"key: 512", ""},
        {"key: 1MiB", ""},
        {"key: 1M", "C906 1:6+2"},
        {"key: 2MiB", "C907 1:6+4"},
        {"key: 0", "C907 1:6+1"}}},
      {[](Settings& s) { s.path("key"); },
       {{"key: a/b", ""}, {"key: ~/b", "C906 1:6+3"}, {"key: ''", "C904 1:6+2"}}},
      {[](Settings& s) { s.texts("key"); },
       {{"key: [a, b]", ""},
        {"key: a", ""},
        {"key: []", ""},
        {"key: [a, '', ~, [b]]", "C904 1:10+2; C904 1:14+1; C902 1:17+1"},
        {"key:\n- a\n- ${X}", "C908 3:3+4"},
        {"key: {a: b}", "C902 1:6+1"}}},
      {[](Settings& s) { s.text_map("key"); },
       {{"key: {a: b, c: 1}", ""}, {"key: [a]", "C902 1:6+1"}, {"key: {a: [b]}", "C902 1:10+1"}}},
      {[](Settings& s) { s.map("key").finish(); },
       {{"key:", ""}, {"key: a", "C902 1:6+1"}, {"key: {a: b}", "C903 1:7+1"}}},
      {[](Settings& s) {
         for (Settings& entry : s.maps("key", false)) {
           entry.text("name");
           entry.finish();
         }
       },
       {{"key:\n- name: a\n- name: b", ""},
        {"key: []", "C904 1:6+1"},
        {"key: {name: a}", "C902 1:6+1"},
        {"key: [a]", "C902 1:7+1"},
        {"key:\n- nmae: a", "C903 2:3+4 name"}}},
  };
  std::size_t reader = 0;
  for (const auto& [use, cases] : readers) {
    for (const Case& c : cases) {
      INFO("reader " << reader << ": " << c.text);
      CHECK(read(c.text, use).summary() == c.reported);
    }
    ++reader;
  }
}

TEST_CASE("values are what was written, or the default") {
  const auto reported = read(
      "name: ${WHO}-${HOW:-x}-$$\n"
      "yes: \"${YES}\"\n"
      "count: ${COUNT}\n"
      "rate: 2.5\n"
      "wait: 90s\n"
      "size: 64KiB\n"
      "near: a/../b\n"
      "far: /x/y\n"
      "both: [1, two]\n"
      "map: {a: '1', b: '${WHO}'}\n"
      "inner: {key: v}\n"
      "nothing:\n",
      [](Settings& s) {
        CHECK(s.text("name") == "me-x-$");
        CHECK(s.boolean("yes", false));
        CHECK(s.integer("count", 0) == 7);
        CHECK(s.number("rate", 0) == 2.5);
        CHECK(s.duration_ms("wait", 0) == 90'000);
        CHECK(s.bytes("size", 0) == 65'536);
        CHECK(s.path("near") == "/etc/tocsin/b");
        CHECK(s.path("far") == "/x/y");
        CHECK(s.path("none").empty());
        CHECK(s.path("none", "data") == "/etc/tocsin/data");
        CHECK(s.texts("both") == std::vector<std::string>{"1", "two"});
        const auto map = s.text_map("map");
        REQUIRE(map.size() == 2);
        CHECK(map[1] == std::pair<std::string, std::string>("b", "me"));
        Settings inner = s.map("inner");
        CHECK(inner.what() == "inner");
        CHECK(inner.text("key") == "v");
        CHECK(s.has("inner"));
        CHECK_FALSE(s.has("nothing"));
        CHECK(s.text("nothing", "otherwise") == "otherwise");
        CHECK(s.choice("nothing", {"a"}, "b") == "b");
        CHECK(s.integer("absent", 3) == 3);
        CHECK(s.at("rate").line == 4);
      },
      {{"WHO", "me"}, {"YES", "true"}, {"COUNT", "7"}, {"HOW", ""}});
  CHECK(reported.summary() == "");
}

TEST_CASE("a key that nobody asked for is told once, with what it was meant to be") {
  const Read found = read("server: {recievers: 1, other: 2}\n", [](Settings& s) {
    Settings server = s.map("server");
    server.text("receivers");
    server.finish();
    server.finish();
  });
  CHECK(found.summary() == "C903 1:10+9 receivers; C903 1:24+5");
  CHECK(found.diagnostics.all()[0].message == "unknown key `recievers` in server");
  CHECK(found.diagnostics.all()[1].message == "unknown key `other` in server; there are receivers");
}

TEST_CASE("asked keys are recorded by their path") {
  std::set<std::string> asked;
  Document document("list: [{a: 1}, {b: 2}]\n", "f");
  document.context().asked = &asked;
  std::optional<Settings> root = document.root();
  REQUIRE(root);
  for (Settings& entry : root->maps("list")) (void)entry.secret("a");
  (void)root->map("empty").text("x");
  CHECK(asked == std::set<std::string>{"empty", "empty.x", "list", "list[].a", "list[].a_file"});
}

TEST_CASE("what a variable holds is not shown") {
  const auto use = [](Settings& s) {
    s.integer("a", 1);
    s.duration_ms("b", 1);
    s.choice("c", {"x"}, "x");
    s.boolean("d", true);
    s.bytes("e", 1);
    s.number("f", 1);
  };
  const Read found =
      read("a: ${V}\nb: ${V}\nc: ${V}\nd: ${V}\ne: ${V}\nf: ${V}\n", use, {{"V", "canary-4711"}});
  CHECK(found.diagnostics.count(Severity::error) == 6);
  CHECK(found.shown().find("canary") == std::string::npos);
  CHECK(found.shown().find("${V}") != std::string::npos);
}

}  // namespace
}  // namespace tocsin::config
