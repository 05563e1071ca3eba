// Real rules over real events: exactly the matches that an independent evaluator found, no fewer
// and no more.
#include <catch2/catch.hpp>
#include <iostream>
#include <set>
#include <string>
#include <tuple>

#include "corpus/corpus.h"
#include "differential/reference/json_dom.h"
#include "differential/reference/padded.h"
#include "event/event_reader.h"
#include "program/match.h"
#include "program/program.h"
#include "sigma/loader.h"

namespace {

using namespace tocsin;
using corpus::Path;
using reference::Json;

// Events file, line, rule.
using Found = std::tuple<std::string, std::size_t, std::string>;
using FoundSet = std::set<Found>;

// A pattern meets the scalars below an object; expectations name the readings they hold under.
constexpr std::string_view kOurMode = "leaf";

bool in_our_mode(const Json& line) {
  const Json* modes = line.find("modes");
  if (modes == nullptr) return true;
  return std::any_of(modes->elements.begin(), modes->elements.end(),
                     [](const Json& mode) { return mode.text == kOurMode; });
}

FoundSet expected_matches(const Path& file) {
  FoundSet expected;
  for (const std::string& text : corpus::lines_of(file)) {
    const auto line = reference::parse_json(text);
    REQUIRE(line);
    if (!in_our_mode(*line)) continue;
    expected.emplace(line->text_of("source"), std::stoul(std::string(line->text_of("line_no"))),
                     line->text_of("rule_id"));
  }
  return expected;
}

class Engine {
 public:
  explicit Engine(const sigma::RuleSet& rules)
      : program_(program::Program::compile(rules, {}, diagnostics_)),
        reader_(program_.fields()),
        matching_(program_) {}

  const program::Program& program() const { return program_; }

  // What compilation left out.
  void report() const {
    for (const Diagnostic& d : diagnostics_.all()) {
      std::cout << Path(d.file).filename() << ": " << d.code << ' ' << d.message << '\n';
    }
  }

  // The ids of all alerting rules that the event fulfils, whatever their log source.
  std::vector<std::string> match(const std::string& json) {
    const reference::Padded padded(json);
    std::vector<program::RuleIndex> fired;
    const auto read = reader_.read(padded.view(), event_);
    if (!read) FAIL(read.error().message << ": " << json.substr(0, 200));
    matching_.run_gated(event_, gates_, fired);
    std::vector<std::string> ids;
    for (const auto rule : fired) {
      if (program_.raises_alert(rule)) ids.push_back(program_.rules()[rule].source.meta.id);
    }
    return ids;
  }

 private:
  Diagnostics diagnostics_;
  program::Program program_;
  program::Gates gates_ = program_.gates_of(program_.all_rules());
  event::EventReader reader_;
  program::Matching matching_;
  event::Event event_;
};

FoundSet actual_matches(const Path& corpus, Engine& engine, std::size_t& events) {
  FoundSet actual;
  for (const Path& file : corpus::event_files(corpus)) {
    std::size_t number = 0;
    for (const std::string& line : corpus::lines_of(file)) {
      ++number;
      ++events;
      for (std::string& id : engine.match(line)) {
        actual.emplace(file.stem().string(), number, std::move(id));
      }
    }
  }
  return actual;
}

std::size_t count_without(const FoundSet& all, const FoundSet& known, const char* what) {
  constexpr std::size_t kShown = 20;
  std::size_t count = 0;
  for (const Found& found : all) {
    if (known.count(found) != 0) continue;
    if (++count <= kShown) {
      std::cout << what << ": " << std::get<0>(found) << " line " << std::get<1>(found) << " rule "
                << std::get<2>(found) << '\n';
    }
  }
  return count;
}

void check_rule_set(const char* rules, const char* expectations) {
  const auto corpus = corpus::find(rules);
  if (!corpus) return;
  const auto loaded = sigma::load_paths({(*corpus / "rules" / rules).string()});
  Engine engine(loaded.rules);
  std::size_t events = 0;
  const FoundSet expected = expected_matches(*corpus / "expected" / expectations);
  const FoundSet actual = actual_matches(*corpus, engine, events);
  const std::size_t missing = count_without(expected, actual, "missing");
  const std::size_t extra = count_without(actual, expected, "extra");
  engine.report();
  std::cout << rules << ": " << engine.program().rules().size() << " of "
            << loaded.rules.rules.size() << " rules compiled, " << events << " events, "
            << expected.size() << " matches expected, " << actual.size() << " found, " << missing
            << " missing, " << extra << " extra\n";
  CHECK(!expected.empty());
  CHECK(missing == 0);
  CHECK(extra == 0);
}

}  // namespace

TEST_CASE("SigmaHQ's AWS rules find what they must find") {
  check_rule_set("sigmahq-aws", "sigmahq_matches.jsonl");
}

TEST_CASE("Suzaku's AWS rules find what they must find") {
  check_rule_set("suzaku-aws", "suzaku_matches.jsonl");
}

TEST_CASE("SigmaHQ's regression tests have the verdict that they ask for") {
  const auto corpus = corpus::find("regression tests");
  if (!corpus) return;
  std::size_t right = 0, wrong = 0;
  for (const std::string& text : corpus::lines_of(*corpus / "regression/events.jsonl")) {
    const auto test = reference::parse_json(text);
    REQUIRE(test);
    const std::string path(test->text_of("rule_path"));
    const auto loaded = sigma::load_paths({(*corpus / "regression" / path).string()});
    Engine engine(loaded.rules);
    INFO(path);
    REQUIRE(engine.program().rules().size() == 1);
    const bool matched = !engine.match(reference::to_text(*test->find("event"))).empty();
    const bool as_wanted = matched == (test->text_of("oracle_match") == "true");
    ++(as_wanted ? right : wrong);
    if (!as_wanted) std::cout << "wrong verdict " << matched << ": " << path << '\n';
  }
  std::cout << "regression tests: " << right << " right, " << wrong << " wrong\n";
  CHECK(right > 0);
  CHECK(wrong == 0);
}
