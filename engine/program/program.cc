#include "program/program.h"

#include <fmt/format.h>

#include "event/cloudtrail.h"
#include "program/codes.h"
#include "program/lower.h"

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

Program Program::compile(const sigma::RuleSet& rules, const sigma::Lists& lists,
                         Diagnostics& diagnostics) {
  Program program;
  // Every record's kind is told by these two.
  program.fields_.add("eventSource");
  program.fields_.add("eventName");

  Lowering lowering(program, lists, diagnostics);
  std::vector<bool> used(rules.filters.size(), false);
  for (const sigma::Rule& rule : rules.rules) {
    std::vector<const sigma::Filter*> filters;
    for (std::size_t i = 0; i < rules.filters.size(); ++i) {
      if (!applies(rules.filters[i], rule)) continue;
      filters.push_back(&rules.filters[i]);
      used[i] = true;
    }
    lowering.add(rule, filters);
  }
  for (std::size_t i = 0; i < rules.filters.size(); ++i) {
    if (!used[i]) report_unused(rules.filters[i], diagnostics);
  }

  const LogsourceDeclaration cloudtrail{"aws", "cloudtrail", ""};
  for (RuleIndex i = 0; i < program.rules_.size(); ++i) {
    program.all_rules_.push_back(i);
    if (accepts(program.rules_[i].source.logsource, cloudtrail)) {
      program.cloudtrail_rules_.push_back(i);
    }
  }
  event::FactFields::complete(program.fields_);
  return program;
}

}  // namespace tocsin::program
