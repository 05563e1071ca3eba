// Rules and correlations from YAML texts.
#pragma once

#include <memory>
#include <string>

#include "correlate/correlations.h"
#include "program/program.h"
#include "sigma/lists.h"
#include "sigma/loader.h"

namespace tocsin::correlate {

struct Compiled {
  std::shared_ptr<const sigma::RuleSet> rules;
  program::Program program;
  std::shared_ptr<const Correlations> correlations;
  Diagnostics diagnostics;  // of compiling only
};

inline Compiled compile_yaml(const std::string& yaml, const sigma::Lists& lists = {}) {
  Compiled out;
  sigma::RuleSet rules;
  Diagnostics loading;
  sigma::load_text(yaml, "rules.yml", rules, loading);
  out.rules = std::make_shared<const sigma::RuleSet>(std::move(rules));
  Diagnostics ignored;
  out.program = program::Program::compile(out.rules, lists, ignored);
  out.correlations = std::make_shared<const Correlations>(
      Correlations::compile(out.rules, out.program, out.diagnostics));
  return out;
}

// A document; the next one may follow.
inline std::string rule_yaml(const std::string& name, const std::string& detection) {
  return "title: Rule " + name + "\nname: " + name +
         "\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n    s: " + detection +
         "\n    condition: s\n---\n";
}
// `body`: lines of the section `correlation`, or one flow map.
inline std::string correlation_yaml(const std::string& name, const std::string& body) {
  return "title: Correlation " + name + "\nname: " + name + "\nlevel: high\ncorrelation: " + body +
         "\n---\n";
}

}  // namespace tocsin::correlate
