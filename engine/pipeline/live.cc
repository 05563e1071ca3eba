#include "pipeline/live.h"

#include "metrics/families.h"

namespace tocsin::pipeline {

Live::Live(Ruleset loaded, const Source& source, metrics::Registry& registry, const Live* before,
           bool rule_labels)
    : ruleset(std::move(loaded)),
      plan(program(), source),
      hash(hash_of(ruleset)),
      hits(program().rules().size()) {
  for (const program::CompiledRule& rule : program().rules()) {
    const sigma::Meta& meta = rule.source.meta;
    const std::string& id = meta.id.empty() ? meta.title : meta.id;
    const auto index = static_cast<program::RuleIndex>(matches.size());
    rules.try_emplace(id, index);
    if (before != nullptr) {
      const auto old = before->rules.find(id);
      if (old != before->rules.end()) hits[index] = before->hits[old->second].load();
    }
    matches.push_back(registry.counter(
        metrics::kRuleMatches, {rule_labels ? std::string_view(id) : "all",
                                meta.level.empty() ? std::string_view("medium") : meta.level}));
  }
}

const std::vector<std::string>& Live::tags_of(const std::string& rule) const {
  static const std::vector<std::string> none;
  if (const auto found = rules.find(rule); found != rules.end()) {
    return program().rules()[found->second].source.meta.tags;
  }
  const auto correlation = ruleset.correlations->find(rule);
  return correlation ? (*ruleset.correlations)[*correlation].facts->tags : none;
}

const std::vector<program::RuleCost>& Live::costs() const {
  std::call_once(costs_made_, [this] { costs_ = program::estimate_costs(program()); });
  return costs_;
}

}  // namespace tocsin::pipeline
