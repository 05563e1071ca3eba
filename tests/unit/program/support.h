// Rules as YAML text, events as JSON text, and what the engine makes of them.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "differential/reference/padded.h"
#include "event/event_reader.h"
#include "program/explain.h"
#include "program/match.h"
#include "program/program.h"
#include "sigma/loader.h"

namespace tocsin::program {

inline Program compile(const std::string& yaml, const sigma::Lists& lists = {},
                       Diagnostics* out = nullptr) {
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(yaml, "test.yml", rules, diagnostics);
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) FAIL(d.code << ' ' << d.message << '\n' << yaml);
  }
  Program program = Program::compile(rules, lists, out != nullptr ? *out : diagnostics);
  if (out == nullptr && diagnostics.has_errors()) FAIL(diagnostics.all().back().message);
  return program;
}

// A rule of one selection. `selection` is YAML flow: "{a: 1}", "['x', 'y']".
inline std::string rule_of(const std::string& selection, const std::string& condition = "selection",
                           const std::string& title = "Test") {
  return "title: " + title +
         "\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n    selection: " +
         selection + "\n    condition: " + condition + "\n";
}

// A program with what it needs to run.
class Runner {
 public:
  explicit Runner(Program program, Work::Clock clock = nullptr)
      : program_(std::move(program)), reader_(program_.fields()), matching_(program_, clock) {}
  explicit Runner(const std::string& yaml, const sigma::Lists& lists = {})
      : Runner(compile(yaml, lists)) {}

  const Program& program() const { return program_; }

  // The event stays readable until the next call.
  event::Event& read(const std::string& json) {
    texts_.assign(1, reference::Padded(json));
    const auto read = reader_.read(texts_.front().view(), event_);
    if (!read) FAIL(read.error().message << ": " << json);
    return event_;
  }

  // The titles of the rules that fire.
  std::vector<std::string> fired(const std::string& json) {
    std::vector<RuleIndex> rules;
    matching_.run_gated(read(json), gates_, rules);
    std::vector<std::string> titles;
    for (const RuleIndex rule : rules) titles.push_back(program_.rules()[rule].source.meta.title);
    return titles;
  }
  bool fires(const std::string& json) { return !fired(json).empty(); }
  // Of the last event.
  const Matching& matching() const { return matching_; }

 private:
  const Program program_;
  const Gates gates_ = program_.gates_of(program_.all_rules());
  event::EventReader reader_;
  Matching matching_;
  event::Event event_;
  std::vector<reference::Padded> texts_;
};

}  // namespace tocsin::program
