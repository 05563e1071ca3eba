#include "sigma/yaml_reader.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "base/limits.h"
#include "sigma/yaml_scalar.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

struct Read {
  std::string json;  // of the valid documents
  std::string problems;
  std::size_t documents = 0;
};

Read read(std::string_view text) {
  const std::string file = "test.yml";
  Diagnostics diagnostics;
  Reporter report(text, file, diagnostics);
  Read result;
  const std::vector<YamlDocument> documents = read_yaml(report);
  for (const YamlDocument& document : documents) {
    if (document.valid) result.json += to_json(document.root) + "\n";
  }
  result.documents = documents.size();
  result.problems = summary(diagnostics);
  return result;
}

TEST_CASE("documents are read in order and empty ones left out") {
  CHECK(read("a: 1\nb: [x, 'y', {c: null}]\n").json ==
        "{\"a\":1,\"b\":[\"x\",\"y\",{\"c\":null}]}\n");
  CHECK(read("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n").json == "{\"a\":1}\n{\"b\":2}\n");
  CHECK(read("").documents == 0);
  CHECK(read("\xEF\xBB\xBF"
             "a: 1\n")
            .json == "{\"a\":1}\n");
  CHECK(read("a: |\n  x\n  y\nb: >-\n  x\n  y\n").json == "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}\n");
}

TEST_CASE("keys and values know their places") {
  const std::string file = "test.yml";
  Diagnostics diagnostics;
  Reporter report(
      "\xC3\xA9k: 'it''s'\nlist:\n  - plain text # note\n  - |\n    block\nnone:\nlast: x", file,
      diagnostics);
  const std::vector<YamlDocument> documents = read_yaml(report);
  REQUIRE(documents.size() == 1);
  const auto place = [](const Span& at) {
    return fmt::format("{}:{}+{}", at.line, at.column, at.length);
  };
  const YamlNode& root = documents[0].root;
  CHECK(place(root.entries[0].key.at) == "1:1+3");
  CHECK(place(root.entries[0].value.at()) == "1:6+7");
  CHECK(place(root.find("list")->value.items[0].at()) == "3:5+10");
  CHECK(place(root.find("list")->value.items[1].at()) == "4:5+1");
  CHECK(place(root.find("none")->value.at()) == "6:1+4");
  CHECK(place(root.find("last")->value.at()) == "7:7+1");
}

TEST_CASE("what YAML allows and rules must not use is refused with its place") {
  struct Case {
    const char* text;
    const char* problems;
  };
  const Case kCases[] = {
      {"a: 'x", "Y004 1:6+1"},
      {"a: 'x\nb: y\n", "Y005 1:4+1"},
      {"- a\nb: 1\n", "Y013 2:1+1"},
      {"a: &x 1\n", "Y009 1:4+1"},
      {"a: &x 1\nb: *x\n", "Y009 1:4+1; Y009 2:4+1"},
      {"a: &x [*x]\n", "Y009 1:4+1; Y009 1:8+1"},
      {"a: !!str 1\n", "Y010 1:4+1"},
      {"a: !foo [1]\n", "Y010 1:4+1"},
      {"a: 1\nb: 2\na: 3\n", "Y011 3:1+1"},
      {"a: {b: 1, c: 2, b: 3}\n", "Y011 1:17+1"},
      {"? [a]\n: 1\n", "Y012 1:3+1"},
      {": 1\n", "Y012 1:1+1"},
      {"<<: {a: 1}\n", "Y014 1:1+2"},
      {"a: \x01\n", "Y002 1:4+1"},
      {"a: b\nc: \xC3(\n", "Y001 2:4+1"},
      {"a: \xC2\x85 x\xC2\x9B\n", "Y002 1:8+1"},
      {"a: [1\n", "Y004 2:1+1"},
      {"a: b: c\n", "Y004 1:5+1"},
      {"\ta: 1\n", "Y004 1:3+1"},
      {"a: 1\n b: 2\n", "Y004 2:3+1"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const Read result = read(c.text);
    CHECK(result.problems == c.problems);
    CHECK(result.json.empty());
  }
}

TEST_CASE("an error in one document keeps those before it") {
  const Read result = read("a: 1\n---\nb: 1\nb: 2\n---\nc: 3\n---\nd: [\n");
  CHECK(result.json == "{\"a\":1}\n{\"c\":3}\n");
  CHECK(result.documents == 4);
}

TEST_CASE("limits hold and name the place") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(read(nested(limits::kYamlDepth)).problems.empty());
  CHECK(read(nested(limits::kYamlDepth + 1)).problems ==
        fmt::format("Y006 1:{}+1", limits::kYamlDepth + 1));
  CHECK(read(nested(100'000)).problems == fmt::format("Y006 1:{}+1", limits::kYamlDepth + 1));

  std::string many = "[";
  for (std::size_t i = 0; i < limits::kYamlNodes; ++i) many += "x,";
  CHECK(read(many + "]").problems.starts_with("Y007 1:"));

  std::string documents;
  for (std::size_t i = 0; i <= limits::kYamlDocuments; ++i) documents += "--- a\n";
  CHECK(read(documents).problems == fmt::format("Y008 {}:1+1", limits::kYamlDocuments + 1));

  CHECK(read(std::string(limits::kRuleFileBytes + 1, ' ')).problems == "Y003 0:0+0");
}

// yaml-cpp's own loader never returns for 26 of these and eats all memory.
TEST_CASE("every text of at most two syntax characters returns at once") {
  constexpr std::string_view kSyntax = ",[]{}?:-&*!|>'\"%@`# \n\t";
  const auto start = std::chrono::steady_clock::now();
  std::size_t count = 0;
  for (const char first : kSyntax) {
    read(std::string(1, first));
    ++count;
    for (const char second : kSyntax) {
      read(std::string{first, second});
      ++count;
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  CHECK(count == kSyntax.size() * (kSyntax.size() + 1));
  CHECK(count >= 506);
  CHECK(taken.count() < 5.0);
}

TEST_CASE("a map of many keys is checked for duplicates quickly") {
  std::string text = "{";
  for (int i = 0; i < 4900; ++i) text += fmt::format("key{}: x, ", i);
  const auto start = std::chrono::steady_clock::now();
  CHECK(read(text + "key7: y}").problems.starts_with("Y011"));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  CHECK(taken.count() < 2.0);
}

}  // namespace
}  // namespace tocsin::sigma
