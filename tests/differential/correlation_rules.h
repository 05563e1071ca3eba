// Rules and correlations out of YAML text, compiled and as the reference reads them.
#pragma once

#include <memory>
#include <string>

#include "base/diagnostic.h"
#include "correlate/correlations.h"
#include "program/program.h"
#include "sigma/ast.h"

namespace tocsin::differential {

struct CorrelationRules {
  std::shared_ptr<const sigma::RuleSet> set;
  std::shared_ptr<const correlate::Correlations> correlations;
  Diagnostics diagnostics;

  // The title of Correlations::rules()[index].
  const std::string& title_of_rule(std::uint32_t index) const;
  // Index into RuleSet::correlations.
  std::size_t document_of(correlate::CorrelationIndex index) const;

  program::Program program;
};

CorrelationRules load_correlations(const std::string& yaml);

}  // namespace tocsin::differential
