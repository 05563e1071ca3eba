// Accept and reject exactly what the reference implementation does, on every rule of SigmaHQ.
// Needs the corpus (not part of this repository): $TOCSIN_CORPUS, or ../shared/corpus beside it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "sigma/collection.h"
#include "sigma/file.h"
#include "sigma/parser.h"
#include "sigma/value_text.h"
#include "sigma/yaml_reader.h"
#include "source_dir.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

namespace fs = std::filesystem;

// Differences that are meant, each with its reason. None at present.
struct Difference {
  const char* path;
  const char* reason;
};
const std::vector<Difference> kDifferences{};

fs::path corpus_folder() {
  const char* given = std::getenv("TOCSIN_CORPUS");
  return given != nullptr ? fs::path(given)
                          : fs::path(TOCSIN_SOURCE_DIR) / ".." / "shared" / "corpus";
}

struct Expected {
  bool accepted;
  std::string error;
};

// One JSON object a line; JSON is YAML enough for our own reader.
std::map<std::string, std::vector<Expected>> read_expectations(const fs::path& path) {
  std::map<std::string, std::vector<Expected>> expected;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    const std::string file = path.string();
    Diagnostics diagnostics;
    Reporter report(line, file, diagnostics);
    const auto documents = read_yaml(report);
    REQUIRE(documents.size() == 1);
    const YamlNode& row = documents[0].root;
    const YamlEntry* error = row.find("error");
    expected[row.find("path")->value.scalar.text].push_back(
        {row.find("ok")->value.scalar.text == "true",
         error != nullptr ? error->value.scalar.text : ""});
  }
  return expected;
}

bool has_placeholder(const Detection& detection) {
  const auto in_item = [](const DetectionItem& item) {
    return item.has(Modifier::expand) &&
           std::any_of(item.values.begin(), item.values.end(),
                       [](const Value& value) { return !placeholder_names(value.text).empty(); });
  };
  return std::any_of(detection.items.begin(), detection.items.end(), in_item) ||
         std::any_of(detection.groups.begin(), detection.groups.end(), has_placeholder);
}

// Whether each document is accepted. A placeholder without a list counts as a rejection here, as
// it does in the compiler.
std::vector<bool> verdicts(const std::string& text) {
  const std::string file = "corpus.yml";
  Diagnostics diagnostics;
  Reporter report(text, file, diagnostics);
  std::vector<bool> accepted;
  for (const CollectionItem& item : merge_collection(read_yaml(report), report)) {
    const auto rule = item.valid ? parse_rule(item.root, report) : std::nullopt;
    accepted.push_back(rule && std::none_of(rule->detections.begin(), rule->detections.end(),
                                            [](const NamedDetection& named) {
                                              return has_placeholder(named.detection);
                                            }));
  }
  return accepted;
}

TEST_CASE("every SigmaHQ rule is accepted or rejected as by the reference implementation") {
  const fs::path corpus = corpus_folder();
  if (!fs::exists(corpus / "expected" / "parse_all.jsonl")) {
    std::cout << "SKIPPED: no corpus at " << corpus << " (set TOCSIN_CORPUS)\n";
    return;
  }
  std::map<std::string, std::string> reasons;
  for (const Difference& known : kDifferences) reasons[known.path] = known.reason;

  std::size_t documents = 0;
  std::size_t rejected = 0;
  for (const auto& [path, rows] : read_expectations(corpus / "expected" / "parse_all.jsonl")) {
    INFO(path);
    const auto text =
        read_file((corpus / "rules" / "sigma-all" / path).string(), std::size_t{1} << 20);
    REQUIRE(text);
    if (text->size() > limits::kRuleFileBytes) {
      std::cout << "difference: " << path << ": larger than limits::kRuleFileBytes\n";
      continue;
    }
    const std::vector<bool> accepted = verdicts(*text);
    REQUIRE(accepted.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ++documents;
      if (!accepted[i]) ++rejected;
      if (const auto known = reasons.find(path); known != reasons.end()) {
        std::cout << "difference: " << path << ": " << known->second << "\n";
        CHECK(accepted[i] != rows[i].accepted);
        continue;
      }
      INFO(rows[i].error);
      CHECK(accepted[i] == rows[i].accepted);
    }
  }
  CHECK(documents >= 3240);
  CHECK(rejected == 68);
}

TEST_CASE("the AWS rule sets load") {
  const fs::path rules = corpus_folder() / "rules";
  if (!fs::exists(rules)) return;
  const Loaded sigmahq = load_paths({(rules / "sigmahq-aws").string()});
  CHECK(sigmahq.stats.documents == 66);
  CHECK(sigmahq.stats.rejected == 7);  // the pipe syntax, all in unsupported/
  const Loaded suzaku = load_paths({(rules / "suzaku-aws").string()});
  CHECK_FALSE(suzaku.diagnostics.has_errors());
  CHECK(suzaku.rules.correlations.size() == 2);
  CHECK(suzaku.rules.rules.size() == 394);
}

TEST_CASE("all of SigmaHQ loads quickly", "[.benchmark]") {
  const fs::path rules = corpus_folder() / "rules" / "sigma-all";
  if (!fs::exists(rules)) return;
  const auto start = std::chrono::steady_clock::now();
  const Loaded loaded = load_paths({rules.string()});
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  std::cout << loaded.stats.files << " files in " << taken.count() << " ms\n";
}

}  // namespace
}  // namespace tocsin::sigma
