#include "differential/correlation_rules.h"

#include "sigma/linker.h"
#include "sigma/loader.h"

namespace tocsin::differential {

const std::string& CorrelationRules::title_of_rule(std::uint32_t index) const {
  return program.rules()[correlations->rules()[index].rule].source.meta.title;
}

std::size_t CorrelationRules::document_of(correlate::CorrelationIndex index) const {
  return static_cast<std::size_t>((*correlations)[index].source - set->correlations.data());
}

CorrelationRules load_correlations(const std::string& yaml) {
  CorrelationRules out;
  auto set = std::make_shared<sigma::RuleSet>();
  sigma::load_text(yaml, "rules.yml", *set, out.diagnostics);
  sigma::link(
      *set, [](const std::string&, std::uint32_t) { return std::string(); }, out.diagnostics);
  out.set = std::move(set);
  out.program = program::Program::compile(out.set, {}, out.diagnostics);
  out.correlations = std::make_shared<const correlate::Correlations>(
      correlate::Correlations::compile(out.set, out.program, out.diagnostics));
  return out;
}

}  // namespace tocsin::differential
