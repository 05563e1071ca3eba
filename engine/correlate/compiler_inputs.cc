#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "correlate/codes.h"
#include "correlate/compiler.h"

namespace tocsin::correlate {
namespace {

constexpr std::size_t kMostFields = std::size_t{UINT16_MAX} + 1;

const sigma::Correlation::Alias* alias_in(const sigma::Correlation& document,
                                          const std::string& name) {
  const auto found = std::find_if(document.aliases.begin(), document.aliases.end(),
                                  [&](const auto& alias) { return alias.name == name; });
  return found == document.aliases.end() ? nullptr : &*found;
}

}  // namespace

std::string_view identity_of(const sigma::Meta& meta) {
  for (const std::string* part : {&meta.id, &meta.name}) {
    if (!part->empty()) return *part;
  }
  return meta.title;
}

bool Compiler::add_inputs(const sigma::Correlation& document, CompiledCorrelation& out) {
  const bool temporal = document.type == sigma::Correlation::Type::temporal ||
                        document.type == sigma::Correlation::Type::temporal_ordered;
  for (const sigma::RuleReference& reference : document.rules) {
    std::optional<Input> found = input(document, reference);
    if (!found) return false;
    found->position = out.positions++;
    const auto same = [&](const Input& other) {
      return other.kind == found->kind && other.index == found->index;
    };
    if (!temporal && std::any_of(out.inputs.begin(), out.inputs.end(), same)) continue;
    out.inputs.push_back(*std::move(found));
  }
  if (out.inputs.empty()) out.inputs.emplace_back().kind = Input::Kind::everything;
  return true;
}

std::optional<Input> Compiler::input(const sigma::Correlation& document,
                                     const sigma::RuleReference& reference) {
  const std::string shown = text::printable(reference.text);
  const Target target = index_.find(reference.text);
  std::string reason = fmt::format("there is no rule `{}` among the loaded ones", shown);
  Input out;
  if (target.kind == Target::Kind::rule) {
    const auto found = of_rule_.find(&rules_.rules[target.index]);
    if (found != of_rule_.end()) {
      out.index = correlated(found->second);
      return out;
    }
    reason = fmt::format("its rule `{}` could not be compiled; mend that rule first", shown);
  } else if (target.kind == Target::Kind::correlation) {
    if (const auto found = of_document_[target.index]) {
      out.kind = Input::Kind::correlation;
      out.index = *found;
      return out;
    }
    reason = fmt::format("the correlation `{}`, which it refers to, is left out itself", shown);
  }
  leave_out(document, reference.at, codes::kLeftOut, reason);
  return std::nullopt;
}

bool Compiler::add_slots(const sigma::Correlation& document, CompiledCorrelation& out) {
  bool room = true;
  const auto add = [&](std::string_view field, std::vector<Slot>& slots) {
    const std::optional<Slot> found = slot(field);
    room = room && found.has_value();
    if (found) slots.push_back(*found);
  };
  std::vector<std::string> group_by = document.group_by;
  if (group_by.empty() && out.decision == Decision::silence) group_by.emplace_back(kSourceField);
  for (Input& input : out.inputs) {
    for (const std::string& name : group_by) {
      warn_of_alias_below(document, name, input);
      add(field_of(document, name, input), input.group_by);
    }
    for (const std::string& name : document.fields) {
      add(field_of(document, name, input), input.value);
    }
  }
  if (room) return true;
  leave_out(document, document.meta.at, codes::kFields,
            fmt::format("all correlations together read more than {} fields", kMostFields));
  return false;
}

std::string_view Compiler::field_of(const sigma::Correlation& document, const std::string& name,
                                    const Input& input) const {
  const sigma::Correlation::Alias* alias = alias_in(document, name);
  if (alias == nullptr || input.kind == Input::Kind::everything) return name;
  const Target wanted = index_.find(document.rules[input.position].text);
  for (const auto& [reference, field] : alias->fields) {
    const Target target = index_.find(reference.text);
    if (target.kind == wanted.kind && target.index == wanted.index) return field;
  }
  return name;
}

// Firings have the fields of an event, not the names that their correlation gives to them.
void Compiler::warn_of_alias_below(const sigma::Correlation& document, const std::string& name,
                                   const Input& input) {
  if (input.kind != Input::Kind::correlation || alias_in(document, name) != nullptr) return;
  const sigma::Correlation& below = *out_.all_[input.index].source;
  if (alias_in(below, name) == nullptr) return;
  Diagnostic diagnostic;
  diagnostic.severity = Severity::warning;
  diagnostic.code = codes::kAliasBelow;
  diagnostic.file = document.meta.file;
  diagnostic.at = document.rules[input.position].at;
  diagnostic.message = fmt::format(
      "`{}` is an alias of the correlation `{}` only; give it under `aliases` of `{}` too, with "
      "the "
      "field of the events",
      text::printable(name), text::printable(below.meta.title),
      text::printable(document.meta.title));
  diagnostics_.add(std::move(diagnostic));
}

std::optional<Slot> Compiler::slot(std::string_view field) {
  const auto [found, added] =
      out_.slots_.try_emplace(std::string(field), static_cast<Slot>(out_.fields_.size()));
  if (added) {
    if (out_.fields_.size() == kMostFields) {
      out_.slots_.erase(found);
      return std::nullopt;
    }
    out_.fields_.emplace_back(field);
  }
  return found->second;
}

std::uint32_t Compiler::correlated(program::RuleIndex rule) {
  std::uint32_t& index = out_.by_rule_[rule];
  if (index != Correlations::kNotCorrelated) return index;
  index = static_cast<std::uint32_t>(out_.rules_.size());
  const program::CompiledRule& compiled = program_.rules()[rule];
  CorrelatedRule& out = out_.rules_.emplace_back();
  out.rule = rule;
  out.source = &compiled.source;
  out.key = unique(KeyHash()
                       .add_field("rule")
                       .add_field(as_text(compiled.meaning))
                       .add_field(identity_of(compiled.source.meta)));
  return index;
}

void Compiler::link() {
  out_.parents_.resize(out_.all_.size());
  for (CorrelationIndex i = 0; i < out_.all_.size(); ++i) {
    const CompiledCorrelation& correlation = out_.all_[i];
    for (std::uint32_t n = 0; n < correlation.inputs.size(); ++n) {
      const Input& input = correlation.inputs[n];
      if (input.kind == Input::Kind::rule) {
        out_.rules_[input.index].uses.push_back({i, n});
      }
      if (input.kind != Input::Kind::correlation) continue;
      out_.parents_[input.index].push_back({i, n});
      CompiledCorrelation& child = out_.all_[input.index];
      child.has_parents = true;
      child.silent = child.silent || !correlation.source->generate;
    }
  }
  // Nobody takes the hits of a rule that is an input only of what was left out.
  for (const CorrelatedRule& rule : out_.rules_) {
    if (rule.uses.empty()) out_.by_rule_[rule.rule] = Correlations::kNotCorrelated;
  }
}

// What a correlation reads of a firing is read of the event that closed it, and that may be of any
// rule below.
void Compiler::spread_slots() {
  std::vector<std::vector<Slot>> wanted(out_.all_.size());  // of a correlation's firings
  const auto add = [](const std::vector<Slot>& more, std::vector<Slot>& slots) {
    slots.insert(slots.end(), more.begin(), more.end());
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  };
  for (std::size_t i = out_.all_.size(); i-- > 0;) {
    for (const Input& input : out_.all_[i].inputs) {
      if (input.kind == Input::Kind::everything) continue;
      std::vector<Slot>& slots =
          input.kind == Input::Kind::rule ? out_.rules_[input.index].slots : wanted[input.index];
      for (const std::vector<Slot>* more :
           {&std::as_const(wanted[i]), &input.group_by, &input.value})
        add(*more, slots);
    }
  }
}

void Compiler::name_finders() {
  std::vector<Correlations::Finder>& finders = out_.finders_;
  for (const CorrelatedRule& rule : out_.rules_) finders.push_back({rule.key, &rule.source->meta});
  for (const std::string_view kind : {"firing of", "heard by"}) {
    for (const CompiledCorrelation& correlation : out_.all_) {
      const Key key = KeyHash().add_field(kind).add_field(as_text(correlation.key)).bytes();
      finders.push_back({key, &correlation.source->meta});
    }
  }
  for (std::uint32_t i = 0; i < finders.size(); ++i) out_.by_key_.emplace(finders[i].key, i);
}

Key Compiler::unique(KeyHash meaning) {
  const std::uint64_t before = same_keys_[meaning.bytes()]++;
  if (before != 0) meaning.add_field(std::to_string(before));
  return meaning.bytes();
}

}  // namespace tocsin::correlate
