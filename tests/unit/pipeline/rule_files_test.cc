// Which version of a file is in force: at a reload, after a restart, strictly or not.
#include "pipeline/rule_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "unit/pipeline/support.h"

namespace tocsin::pipeline {
namespace {

namespace fs = std::filesystem;

std::string rule(const std::string& title, const std::string& selection = "{eventName: Delete}") {
  return fmt::format(
      "title: {}\nlogsource: {{product: aws, service: cloudtrail}}\n"
      "detection: {{selection: {}, condition: selection}}\n",
      title, selection);
}

std::string correlation(const std::string& title, const std::string& of) {
  return fmt::format(
      "title: {}\nname: {}\ncorrelation: {{type: event_count, rules: [{}], group-by: [a], "
      "timespan: 1h, condition: {{gte: 2}}}}\n",
      title, title.substr(0, title.find(' ')), of);
}

const std::string kBroken = "title: [\n";
const std::string kHalf = rule("H 2") + "---\n" + "title: broken\n";
const std::string kRemoved;

struct Step {
  const char* what;
  std::map<std::string, std::string> write;  // by name; kRemoved: the file or folder is removed
  std::string in_force;                      // titles of rules and correlations
  std::string failed;  // "name:line code in_force" of each failed file; strict: it fails if any
};

struct Scenario {
  const char* name;
  std::vector<Step> steps;
};

const std::vector<Scenario> kScenarios = {
    {"a new file with an error",
     {{"all is well", {{"a", rule("A 1")}}, "A 1", ""},
      {"others are taken", {{"a", rule("A 2")}, {"b", kBroken}}, "A 2", "b:2 Y004 nothing"},
      {"bad again", {{"b", rule("B 1", "{a|nonsense: 1}")}}, "A 2", "b:3 S201 nothing"},
      {"mended", {{"b", rule("B 2")}}, "A 2, B 2", ""}}},
    {"a good file turns bad",
     {{"all is well", {{"a", rule("A 1")}, {"b", rule("B 1")}}, "A 1, B 1", ""},
      {"it keeps its last good version",
       {{"a", rule("A 2")}, {"b", kBroken}},
       "A 2, B 1",
       "b:2 Y004 last_version"},
      {"bad again", {{"b", rule("B 2", "{}")}}, "A 2, B 1", "b:3 S108 last_version"},
      {"mended", {{"b", rule("B 3")}}, "A 2, B 3", ""},
      {"bad once more", {{"b", kBroken}}, "A 2, B 3", "b:2 Y004 last_version"},
      {"removed", {{"b", kRemoved}}, "A 2", ""},
      {"back, with nothing to fall back to", {{"b", kBroken}}, "A 2", "b:2 Y004 nothing"}}},
    {"one bad document condemns its file",
     {{"left out whole", {{"a", rule("A 1")}, {"h", kHalf}}, "A 1", "h:5 S102 nothing"},
      {"good", {{"h", rule("H 1")}}, "A 1, H 1", ""},
      {"the last version whole", {{"h", kHalf}}, "A 1, H 1", "h:5 S102 last_version"}}},
    {"an error that only the compiler finds",
     {{"new",
       {{"a", rule("A 1")}, {"r", rule("R 1", "{eventName|re: '(?=a)b'}")}},
       "A 1",
       "r:3 P701 nothing"},
      {"good", {{"r", rule("R 2", "{eventName|re: 'ab'}")}}, "A 1, R 2", ""},
      {"turned bad",
       {{"r", rule("R 3", "{eventName|re: '(?=a)b'}")}},
       "A 1, R 2",
       "r:3 P701 last_version"}}},
    {"a file that cannot be read",
     {{"all is well", {{"a", rule("A 1")}}, "A 1", ""},
      {"too large",
       {{"a", std::string(limits::kRuleFileBytes + 1, '#')}},
       "A 1",
       "a:0 S112 last_version"}}},
    {"a correlation and its rule's file",
     {{"the rule is bad from the start",
       {{"a", rule("A 1")}, {"r", kBroken}, {"c", correlation("C 1", "R 1")}},
       "A 1",
       "c:3 S407 nothing, r:2 Y004 nothing"},
      {"mended", {{"r", rule("R 1")}}, "A 1, R 1, C 1", ""},
      {"the rule turns bad, the correlation is new",
       {{"r", kBroken}, {"c", correlation("C 2", "R 1")}},
       "A 1, R 1, C 2",
       "r:2 Y004 last_version"},
      {"the rule has another name", {{"r", rule("R 2")}}, "A 1, R 2", "c:3 S407 nothing"},
      {"the rule is back", {{"r", rule("R 1")}}, "A 1, R 1, C 2", ""},
      {"the rule is removed", {{"r", kRemoved}}, "A 1", "c:3 S407 nothing"}}},
    {"only the cause falls back, not what follows from it",
     {{"all is well",
       {{"a", rule("A 1")}, {"b", correlation("B 1", "C")}, {"c", correlation("C 1", "A 1")}},
       "A 1, C 1, B 1",
       ""},
      {"both change, one is wrong",
       {{"b", correlation("B 2", "C")}, {"c", correlation("C 2", "nobody")}},
       "A 1, C 1, B 2",
       "c:3 S407 last_version"},
      {"a circle is the fault of what has changed",
       {{"c", correlation("C 3", "B")}},
       "A 1, C 1, B 2",
       "c:1 S408 last_version"}}},
    {"lists",
     {{"all is well",
       {{"a", rule("A 1")}, {"r", rule("R 1", "{u|expand: '%who%'}")}, {"lists/who.txt", "me\n"}},
       "A 1, R 1, [me]",
       ""},
      {"a bad list keeps its values",
       {{"lists/who.txt", "you\n\xFF\n"}},
       "A 1, R 1, [me]",
       "lists/who.txt:2 Y001 last_version"},
      {"mended", {{"lists/who.txt", "us\n"}}, "A 1, R 1, [us]", ""},
      {"without its list the rule is wrong", {{"lists", kRemoved}}, "A 1", "r:3 P703 nothing"}}},
    {"a folder that is gone is not a folder that is empty",
     {{"all is well",
       {{"a", rule("A 1")}, {"r", rule("R 1", "{u|expand: '%who%'}")}, {"lists/who.txt", "me\n"}},
       "A 1, R 1, [me]",
       ""},
      {"gone", {{"", kRemoved}}, "A 1, R 1, [me]", ":0 S112 last_version"},
      {"back", {{"a", rule("A 2")}}, "A 2", ""}}},
};

std::string titles(const Ruleset& ruleset) {
  std::vector<std::string> out;
  for (const program::CompiledRule& one : ruleset.program.rules()) {
    out.push_back(one.source.meta.title);
  }
  for (const auto& one : ruleset.correlations->all()) out.push_back(one.source->meta.title);
  if (const auto* values = ruleset.lists.find("who")) {
    out.push_back(fmt::format("[{}]", fmt::join(*values, " ")));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

class World {
 public:
  explicit World(bool restarts) : restarts_(restarts) { open(); }

  void write(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, text] : files) {
      if (text == kRemoved) {
        fs::remove_all(path(name));
        continue;
      }
      fs::create_directories(fs::path(path(name)).parent_path());
      std::ofstream(path(name), std::ios::binary) << text;
    }
  }

  // As the service does it.
  Ruleset load(bool strict) {
    if (restarts_) open();
    auto ruleset = files_->load({{folder_ / "rules"}, {}}, strict);
    if (!ruleset) FAIL(ruleset.error().message);
    if (!strict || !ruleset->diagnostics.has_errors()) REQUIRE(files_->keep());
    return std::move(*ruleset);
  }

  std::string failed(const Ruleset& ruleset) const {
    std::vector<std::string> out;
    for (const FailedFile& file : ruleset.failed) {
      std::string name = file.problem.file.substr((folder_ / "rules").size());
      if (name.starts_with('/')) name.erase(0, 1);
      if (name.ends_with(".yml")) name.resize(name.size() - 4);
      out.push_back(fmt::format("{}:{} {} {}", name, file.problem.at.line, file.problem.code,
                                file.last_version ? "last_version" : "nothing"));
    }
    return fmt::format("{}", fmt::join(out, ", "));
  }

  store::Store& store() { return *store_; }
  std::size_t kept_bytes() {
    const auto kept = store_->kept_files();
    REQUIRE(kept);
    std::size_t bytes = 0;
    for (const auto& [path, text] : *kept) bytes += text.size();
    return bytes;
  }

 private:
  std::string path(const std::string& name) const {
    if (name.empty()) return folder_ / "rules";
    return folder_ / ("rules/" + name + (name.starts_with("lists") ? "" : ".yml"));
  }

  void open() {
    files_.reset();
    store_.reset();
    store::StoreOptions options;
    options.folder = folder_ / "store";
    options.reserve_bytes = 0;
    auto opened = store::Store::open(options);
    if (!opened) FAIL(opened.error().message);
    store_ = std::move(*opened);
    files_ = std::make_unique<RuleFiles>(*store_);
  }

  const bool restarts_;
  Folder folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<RuleFiles> files_;
};

}  // namespace

TEST_CASE("a file with an error keeps its last good version, also after a restart") {
  const bool restarts = GENERATE(false, true);
  for (const Scenario& scenario : kScenarios) {
    World world(restarts);
    for (const Step& step : scenario.steps) {
      CAPTURE(restarts, scenario.name, step.what);
      world.write(step.write);
      const Ruleset ruleset = world.load(false);
      CHECK(titles(ruleset) == step.in_force);
      CHECK(world.failed(ruleset) == step.failed);
      CHECK_FALSE(ruleset.diagnostics.has_errors());
    }
  }
}

TEST_CASE("strictly, a set with an error is not taken at all") {
  const bool restarts = GENERATE(false, true);
  for (const Scenario& scenario : kScenarios) {
    World world(restarts);
    for (const Step& step : scenario.steps) {
      CAPTURE(restarts, scenario.name, step.what);
      world.write(step.write);
      const Ruleset ruleset = world.load(true);
      CHECK(ruleset.diagnostics.has_errors() == !step.failed.empty());
      CHECK(ruleset.failed.empty());
      if (step.failed.empty()) CHECK(titles(ruleset) == step.in_force);
    }
  }
}

TEST_CASE("what is not put into force is not the last good version") {
  World world(false);
  world.write({{"a", rule("A 1")}});
  world.load(false);
  const auto kept = world.store().kept_files();
  REQUIRE(kept);
  world.write({{"a", rule("A 2")}});
  RuleFiles other(world.store());
  const std::string path = kept->begin()->first;
  REQUIRE(other.load({{path}, {}}, false));  // and then something else prevents the reload
  CHECK(*world.store().kept_files() == *kept);
  world.write({{"a", kBroken}});
  CHECK(titles(world.load(false)) == "A 1");
}

TEST_CASE("versions beyond the bound are not kept, and an older one does not stand in for them") {
  World world(true);
  std::string list;
  while (list.size() + 4001 < limits::kListBytes) list += std::string(4000, 'x') + "\n";
  world.write({{"a", rule("A 1")}, {"lists/b.txt", "small\n"}, {"lists/c.txt", list}});
  world.load(false);
  CHECK(world.store().kept_files()->size() == 3);
  world.write({{"lists/b.txt", list}});
  world.load(false);
  CHECK(world.kept_bytes() <= limits::kKeptRuleBytes);
  world.write({{"lists/b.txt", list + "y\n"}, {"lists/d.txt", list}});
  world.load(false);
  CHECK(world.kept_bytes() <= limits::kKeptRuleBytes);
  CHECK(world.store().kept_files()->size() < 4);
}

}  // namespace tocsin::pipeline
