#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/limits.h"
#include "source_dir.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (fs::temp_directory_path() / "tocsin_XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    root_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string write(const std::string& name, std::string_view text) const {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

TEST_CASE("folders are loaded in name order, with their lists") {
  const TemporaryFolder folder;
  const auto rule = [](std::string_view title) {
    return fmt::format(
        "title: {}\nlevel: low\nid: 6f3e2987-db24-4c78-a860-b4f4095a709{}\n"
        "logsource: {{product: aws}}\ndetection: {{a: {{b: c}}, condition: a}}\n",
        title, title.size() % 10);
  };
  folder.write("b/z.yml", rule("third one"));
  folder.write("b/a.yaml", rule("second"));
  folder.write("a.yml", rule("first"));
  folder.write("a.test.yml", "tests: []\n");
  folder.write("README.md", "no rule");
  folder.write(".hidden.yml", "broken: [");
  folder.write("..data/copy.yml", rule("first"));
  folder.write("b/lists/trusted.txt", "# people\n\n  alice \r\nbob\n");
  folder.write("b/lists/rules.yml", "broken: [");
  folder.write("b/lists/notes.md", "x");
  fs::create_symlink(folder.root() / "b", folder.root() / "b" / "loop");
  fs::create_symlink(folder.root() / "a.yml", folder.root() / "b" / "linked.yml");

  const Loaded loaded = load_paths({folder.root().string()});
  CHECK(codes(loaded.diagnostics) == "W608 W608");  // the linked file is the first one again
  REQUIRE(loaded.rules.rules.size() == 4);
  CHECK(loaded.rules.rules[0].meta.title == "first");
  CHECK(loaded.rules.rules[1].meta.title == "second");
  CHECK(loaded.rules.rules[2].meta.title == "first");
  CHECK(loaded.rules.rules[3].meta.title == "third one");
  CHECK(loaded.stats.files == 4);
  CHECK(loaded.stats.documents == 4);
  CHECK(loaded.stats.rejected == 0);
  REQUIRE(loaded.lists.find("trusted"));
  CHECK(*loaded.lists.find("trusted") == std::vector<std::string>{"alice", "bob"});
  CHECK(loaded.lists.names() == std::vector<std::string_view>{"trusted"});
}

// All that loading gives, in its order.
std::string everything(const Loaded& loaded) {
  std::string out =
      fmt::format("{} {} {}", loaded.stats.files, loaded.stats.documents, loaded.stats.rejected);
  for (const Rule& rule : loaded.rules.rules) {
    out += fmt::format("\n{} {} {}", rule.meta.file, rule.meta.hash, meaning(rule));
  }
  for (const Correlation& c : loaded.rules.correlations) out += "\n" + c.meta.file + c.meta.hash;
  for (const Filter& filter : loaded.rules.filters) out += "\n" + filter.meta.hash;
  return out + "\n" + render_json(loaded.diagnostics);
}

TEST_CASE("any number of threads loads the same") {
  const TemporaryFolder folder;
  const fs::path pack = fs::path(TOCSIN_SOURCE_DIR) / "rules";
  fs::copy(pack, folder.root() / "pack", fs::copy_options::recursive);
  for (int i = 0; i < 100; ++i) {
    const std::string name = fmt::format("made/{}/{}.yml", i % 7, i);
    switch (i % 4) {
      case 0:
        folder.write(name, fmt::format("title: {}\nlevel: loud\n", i));
        break;
      case 1:
        folder.write(name, "title: [\n");
        break;
      case 2:
        folder.write(name, "title: Twice\ncorrelation: {type: temporal, rules: [nobody]}\n");
        break;
      default:
        folder.write(name, rule_with_item("field|conains: 'x'"));
    }
  }
  const std::vector<std::string> paths = {(folder.root() / "made" / "3").string(), "/none",
                                          folder.root().string(), "/none.yml"};
  const std::string one = everything(load_paths(paths, 1));
  CHECK(one.find("S112") != std::string::npos);
  for (const std::size_t threads : {2u, 3u, 8u, 0u}) {
    for (int round = 0; round < 5; ++round) CHECK(everything(load_paths(paths, threads)) == one);
  }
}

TEST_CASE("paths that cannot be loaded are reported") {
  const TemporaryFolder folder;
  const std::string large = folder.write("large.yml", std::string(limits::kRuleFileBytes + 1, ' '));
  const Loaded loaded = load_paths({(folder.root() / "none.yml").string(), large, "/dev/null"});
  CHECK(codes(loaded.diagnostics) == "S112 S112 S112");
  CHECK(loaded.diagnostics.all()[0].file == (folder.root() / "none.yml").string());
}

TEST_CASE("references are checked over all files, with the line they stand in") {
  const TemporaryFolder folder;
  folder.write("c.yml",
               "title: C\ncorrelation:\n  type: temporal\n  rules: [nobody]\n  timespan: 1m\n");
  const Loaded loaded = load_paths({folder.root().string()});
  REQUIRE(loaded.diagnostics.all().size() == 1);
  CHECK(loaded.diagnostics.all()[0].code == "S407");
  CHECK(loaded.diagnostics.all()[0].snippet == "  rules: [nobody]");
  CHECK(loaded.rules.correlations.empty());
  CHECK(loaded.stats.rejected == 1);
}

TEST_CASE("diagnostics of one file are bounded, the count of errors is not") {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "title: 5\nlogsource: 5\ndetection: 5\nlevel: 5\n---\n";
  const Parsed parsed = parse(text);
  CHECK(parsed.diagnostics.all().size() == limits::kDiagnosticsPerFile);
  CHECK(parsed.stats.rejected == 60);
}

TEST_CASE("lists") {
  const TemporaryFolder folder;
  Lists lists;
  Diagnostics diagnostics;
  lists.load(folder.write("one.txt",
                          "\xEF\xBB\xBF"
                          "a\nb"),
             diagnostics);
  lists.load(folder.write("bad.txt", "a\n\xFF\n"), diagnostics);
  lists.load(folder.write("long.txt", std::string(limits::kListValueBytes + 1, 'x')), diagnostics);
  lists.load((folder.root() / "none.txt").string(), diagnostics);
  CHECK(summary(diagnostics) == "Y001 2:1+1; S505 1:1+1; S506 0:0+0");
  CHECK(lists.names() == std::vector<std::string_view>{"one"});
  CHECK(*lists.find("one") == std::vector<std::string>{"a", "b"});
  CHECK(lists.find("One") == nullptr);

  Lists other;
  other.set("one", {"c"});
  other.set("two", {});
  lists.merge(other);
  CHECK(*lists.find("one") == std::vector<std::string>{"c"});
  CHECK(lists.find("two")->empty());
}

}  // namespace
}  // namespace tocsin::sigma
