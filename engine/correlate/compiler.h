// Compiler: a RuleSet's correlation documents → Correlations.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "correlate/correlations.h"
#include "sigma/linker.h"

namespace tocsin::correlate {

// What tells a document from others of the same meaning, wherever it stands: its id; without one
// its name, without that its title.
std::string_view identity_of(const sigma::Meta& meta);

class Compiler {
 public:
  Compiler(std::shared_ptr<const sigma::RuleSet> rules, const program::Program& program,
           Diagnostics& diagnostics);

  Correlations run();

 private:
  using Target = sigma::ReferenceIndex::Target;

  // Indices into RuleSet::correlations, children before parents. What is in a circle is not there.
  std::vector<std::size_t> in_order() const;
  void compile(std::size_t document);
  std::optional<CompiledCorrelation> compiled(const sigma::Correlation& document);
  bool add_inputs(const sigma::Correlation& document, CompiledCorrelation& out);
  bool add_slots(const sigma::Correlation& document, CompiledCorrelation& out);
  // nullopt, reported, when it is not there.
  std::optional<Input> input(const sigma::Correlation& document,
                             const sigma::RuleReference& reference);
  // Under which name the events of an input have a field.
  std::string_view field_of(const sigma::Correlation& document, const std::string& name,
                            const Input& input) const;
  void warn_of_alias_below(const sigma::Correlation& document, const std::string& name,
                           const Input& input);
  // nullopt when there are too many.
  std::optional<Slot> slot(std::string_view field);
  std::uint32_t correlated(program::RuleIndex rule);
  // The same meaning twice gives two keys.
  Key unique(KeyHash meaning);
  KeyHash meaning_of(const CompiledCorrelation& correlation) const;

  void link();
  void spread_slots();
  void name_finders();
  void leave_out(const sigma::Correlation& document, const Span& at, const char* code,
                 const std::string& reason);

  const sigma::RuleSet& rules_;
  const program::Program& program_;
  Diagnostics& diagnostics_;
  const sigma::ReferenceIndex index_;
  std::unordered_map<const sigma::Rule*, program::RuleIndex> of_rule_;
  std::vector<std::optional<CorrelationIndex>> of_document_;
  std::unordered_map<Key, std::uint64_t, KeyHasher> same_keys_;
  Correlations out_;
};

}  // namespace tocsin::correlate
