#include "cli/rule_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/timeline.h"
#include "event/event_reader.h"
#include "event/record_reader.h"
#include "program/evidence.h"
#include "program/explain.h"
#include "program/match.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffixes[] = {".test.yml", ".test.yaml"};

bool is_test_file(std::string_view name) {
  return std::any_of(std::begin(kSuffixes), std::end(kSuffixes),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

void report(Diagnostics& diagnostics, const std::string& file, const char* code,
            std::string message) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.file = file;
  diagnostic.message = std::move(message);
  diagnostics.add(std::move(diagnostic));
}

// One test case against the rules of its file.
class CaseRunner {
 public:
  CaseRunner(const Ruleset& ruleset, const sigma::RuleTestFile& tests)
      : ruleset_(ruleset),
        program_(ruleset.program),
        tests_(tests),
        folder_(fs::path(tests.file).parent_path()),
        rule_(tests.rule) {}

  CaseResult run(const sigma::RuleTestCase& test) {
    CaseResult result;
    result.name = test.name;
    const auto start = std::chrono::steady_clock::now();
    result.failure = test.is_timeline() ? run_timeline(ruleset_, tests_, test) : failure(test);
    result.passed = result.failure.empty();
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

 private:
  // "" when the test passes.
  std::string failure(const sigma::RuleTestCase& test) {
    event::Batch batch;
    if (test.event_file.empty()) {
      batch = event::read_records(test.event_json, "(test)");
    } else {
      const std::string path = (folder_ / test.event_file).lexically_normal().string();
      event::RecordReader reader({path});
      bool more = reader.next(batch);
      while (more && batch.records.empty() && batch.errors.empty()) more = reader.next(batch);
      if (!more) return fmt::format("{} holds no record", path);
    }
    if (!batch.errors.empty()) return batch.errors.front().error.message;
    if (batch.records.empty()) return "the event is empty";

    bool fires = false;
    std::string why;
    for (const event::Record& record : batch.records) {
      std::string missing;
      if (auto read = reader_.read(record.json, event_); !read) return read.error().message;
      if (const auto rule = first_match()) {
        fires = true;
        missing = missing_field(test, *rule);
        if (test.fires && !missing.empty()) return missing;
      }
      if (why.empty() || fires) why = sentence();
    }
    if (fires == test.fires) return {};
    return fmt::format("expected {}; {}", test.fires ? "to fire" : "not to fire", why);
  }

  std::optional<program::RuleIndex> first_match() {
    for (program::RuleIndex i = 0; i < program_.rules().size(); ++i) {
      if (selected(i) && program::explain(program_, i, event_).holds) return i;
    }
    return std::nullopt;
  }

  std::string sentence() {
    std::string out;
    for (program::RuleIndex i = 0; i < program_.rules().size(); ++i) {
      if (!selected(i)) continue;
      const program::Explained tree = program::explain(program_, i, event_);
      if (out.empty() || tree.holds) out = program::closing_sentence(tree);
      if (tree.holds) break;
    }
    return out;
  }

  bool selected(program::RuleIndex i) const {
    const sigma::Meta& meta = program_.rules()[i].source.meta;
    return rule_.empty() || rule_ == meta.id || rule_ == meta.name || rule_ == meta.title;
  }

  std::string missing_field(const sigma::RuleTestCase& test, program::RuleIndex rule) {
    if (test.matched.empty()) return {};
    program::MatchView details;
    evidence_.begin_event();
    evidence_.find(rule, event_, details);
    for (const std::string& wanted : test.matched) {
      const bool found = std::any_of(details.fields.begin(), details.fields.end(),
                                     [&](const auto& field) { return field.name == wanted; });
      if (!found) return fmt::format("it fires, but `{}` is not among the matched fields", wanted);
    }
    return {};
  }

  const Ruleset& ruleset_;
  const program::Program& program_;
  const sigma::RuleTestFile& tests_;
  const fs::path folder_;
  const std::string& rule_;
  event::EventReader reader_{program_.fields()};
  program::Evidence evidence_{program_};
  event::Event event_;
};

}  // namespace

std::vector<std::string> find_test_files(const std::vector<std::string>& paths,
                                         Diagnostics& diagnostics) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      std::vector<std::string> found;
      for (fs::recursive_directory_iterator it(path, error), end; it != end && !error;
           it.increment(error)) {
        if (is_test_file(it->path().filename().string())) found.push_back(it->path().string());
      }
      std::sort(found.begin(), found.end());
      files.insert(files.end(), found.begin(), found.end());
    } else if (!fs::exists(path, error)) {
      report(diagnostics, path, "S501", "there is no such file or folder");
    } else if (is_test_file(path)) {
      files.push_back(path);
    } else {
      const std::string beside = fs::path(path).replace_extension(".test.yml").string();
      if (fs::exists(beside, error)) {
        files.push_back(beside);
      } else {
        report(diagnostics, path, "S501", fmt::format("there are no tests: add {}", beside));
      }
    }
  }
  return files;
}

std::string rule_file_of(const std::string& test_file) {
  for (const std::string_view suffix : kSuffixes) {
    if (!std::string_view(test_file).ends_with(suffix)) continue;
    const std::string stem = test_file.substr(0, test_file.size() - suffix.size());
    std::error_code error;
    return fs::exists(stem + ".yaml", error) ? stem + ".yaml" : stem + ".yml";
  }
  return {};
}

FileResult run_test_file(const std::string& file, const std::vector<std::string>& lists) {
  FileResult result;
  result.file = file;
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  if (!stream) {
    report(result.diagnostics, file, "S501", "the file cannot be read");
    return result;
  }
  const auto tests = sigma::parse_rule_tests(text, file, result.diagnostics);
  if (!tests) return result;

  RuleOptions options;
  options.rules = {rule_file_of(file)};
  options.lists = lists;
  Ruleset ruleset = load_ruleset(options);
  if (!tests->lists.names().empty()) {
    sigma::Lists merged = ruleset.lists;
    merged.merge(tests->lists);
    Diagnostics compiled;
    ruleset.program = program::Program::compile(ruleset.rules, merged, compiled);
    ruleset.correlations = std::make_shared<const correlate::Correlations>(
        correlate::Correlations::compile(ruleset.rules, ruleset.program, compiled));
    ruleset.diagnostics = std::move(compiled);
  }
  if (ruleset.program.rules().empty() && ruleset.correlations->empty()) {
    result.diagnostics.append(std::move(ruleset.diagnostics));
    if (!result.diagnostics.has_errors()) {
      report(result.diagnostics, file, "S501", "its rule file holds no rule that can be tested");
    }
    return result;
  }
  CaseRunner runner(ruleset, *tests);
  for (const sigma::RuleTestCase& test : tests->tests) result.cases.push_back(runner.run(test));
  return result;
}

}  // namespace tocsin::cli
