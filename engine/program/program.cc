#include "program/program.h"

#include <fmt/format.h>

#include "event/cloudtrail.h"
#include "program/codes.h"
#include "program/gate.h"
#include "program/lower.h"
#include "sigma/linker.h"

namespace tocsin::program {
namespace {

bool refers_to(const sigma::RuleReference& reference, const sigma::Meta& rule) {
  return !reference.text.empty() &&
         (reference.text == rule.id || reference.text == rule.name || reference.text == rule.title);
}

bool covers(const std::string& general, const std::string& special) {
  return general.empty() || general == special;
}

// A filter's log source must not be narrower than the rule's in any part.
bool applies(const sigma::Filter& filter, const sigma::Rule& rule) {
  if (!covers(filter.logsource.product, rule.logsource.product) ||
      !covers(filter.logsource.service, rule.logsource.service) ||
      !covers(filter.logsource.category, rule.logsource.category)) {
    return false;
  }
  if (filter.any_rule) return true;
  for (const sigma::RuleReference& reference : filter.rules) {
    if (refers_to(reference, rule.meta)) return true;
  }
  return false;
}

// For each rule: whether a correlation refers to it and does not say `generate: true`.
std::vector<bool> only_correlated(const sigma::RuleSet& rules) {
  std::vector<bool> out(rules.rules.size(), false);
  const sigma::ReferenceIndex index(rules);
  for (const sigma::Correlation& correlation : rules.correlations) {
    if (correlation.generate) continue;
    for (const sigma::RuleReference& reference : correlation.rules) {
      const auto target = index.find(reference.text);
      if (target.kind == sigma::ReferenceIndex::Target::Kind::rule) out[target.index] = true;
    }
  }
  return out;
}

void report_unused(const sigma::Filter& filter, Diagnostics& diagnostics) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::warning;
  diagnostic.code = codes::kFilterUnused;
  diagnostic.file = filter.meta.file;
  diagnostic.at = filter.meta.at;
  diagnostic.message = fmt::format(
      "the filter `{}` applies to no loaded rule: check the names under `rules` and the log source",
      filter.meta.title);
  diagnostics.add(std::move(diagnostic));
}

}  // namespace

bool accepts(const sigma::Logsource& rule, const LogsourceDeclaration& declared) {
  return covers(rule.product, declared.product) && covers(rule.service, declared.service) &&
         covers(rule.category, declared.category);
}

std::vector<RuleIndex> Program::rules_for(const LogsourceDeclaration& declared) const {
  std::vector<RuleIndex> out;
  for (const RuleIndex rule : all_rules_) {
    if (accepts(rules_[rule].source.logsource, declared)) out.push_back(rule);
  }
  return out;
}

Gates Program::gates_of(std::span<const RuleIndex> rules) const {
  return Gates::derive(*this, rules, options_);
}

Program Program::compile(const sigma::RuleSet& rules, const sigma::Lists& lists,
                         Diagnostics& diagnostics, const CompileOptions& options) {
  return compile(std::make_shared<const sigma::RuleSet>(rules), lists, diagnostics, options);
}

Program Program::compile(std::shared_ptr<const sigma::RuleSet> sources, const sigma::Lists& lists,
                         Diagnostics& diagnostics, const CompileOptions& options) {
  const sigma::RuleSet& rules = *sources;
  Program program;
  program.sources_ = std::move(sources);
  program.options_ = options;
  program.rules_.reserve(rules.rules.size());
  // Every record's kind is told by these two.
  program.fields_.add("eventSource");
  program.fields_.add("eventName");
  if (!rules.correlations.empty()) program.fields_.add(kTimeField);

  Lowering lowering(program, lists, diagnostics);
  std::vector<bool> used(rules.filters.size(), false);
  const std::vector<bool> silent = only_correlated(rules);
  for (std::size_t r = 0; r < rules.rules.size(); ++r) {
    const sigma::Rule& rule = rules.rules[r];
    std::vector<const sigma::Filter*> filters;
    for (std::size_t i = 0; i < rules.filters.size(); ++i) {
      if (!applies(rules.filters[i], rule)) continue;
      filters.push_back(&rules.filters[i]);
      used[i] = true;
    }
    if (lowering.add(rule, filters)) program.rules_.back().correlation_only = silent[r];
  }
  for (std::size_t i = 0; i < rules.filters.size(); ++i) {
    if (!used[i]) report_unused(rules.filters[i], diagnostics);
  }

  for (RuleIndex i = 0; i < program.rules_.size(); ++i) {
    program.roots_.push_back(program.rules_[i].root);
    program.all_rules_.push_back(i);
  }
  program.cloudtrail_rules_ = program.rules_for({"aws", "cloudtrail", ""});
  event::FactFields::complete(program.fields_);
  return program;
}

}  // namespace tocsin::program
