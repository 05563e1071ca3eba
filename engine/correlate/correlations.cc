#include "correlate/correlations.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "correlate/compiler.h"

namespace tocsin::correlate {
namespace {

// Adds what belongs together, so that lists of different lengths differ.
class Meaning {
 public:
  Meaning& text(std::string_view text) {
    hash_.add_field(text);
    return *this;
  }
  Meaning& key(const Key& key) { return text(as_text(key)); }
  template <class Number>
  Meaning& number(Number number) {
    return text(fmt::format("{}", number));
  }
  template <class List, class Add>
  Meaning& list(const List& list, Add add) {
    number(list.size());
    for (const auto& item : list) add(item);
    return *this;
  }
  KeyHash hash() const { return hash_; }

 private:
  KeyHash hash_;
};

}  // namespace

// Whatever changes what fires, and when, and which document it is; not what is told about it.
KeyHash Compiler::meaning_of(const CompiledCorrelation& correlation) const {
  const sigma::Correlation& document = *correlation.source;
  Meaning meaning;
  meaning.text("correlation").text(identity_of(document.meta)).text(to_string(document.type));
  meaning.number(static_cast<int>(document.window)).number(correlation.timespan);
  const auto field = [&](Slot slot) { meaning.text(out_.fields_[slot]); };
  meaning.list(correlation.inputs, [&](const Input& input) {
    if (input.kind == Input::Kind::rule) meaning.key(out_.rules_[input.index].key);
    if (input.kind == Input::Kind::correlation) meaning.key(out_.all_[input.index].key);
    meaning.list(input.group_by, field).list(input.value, field);
  });
  const auto name = [&](const std::string& text) { meaning.text(text); };
  meaning.list(document.group_by, name).list(document.fields, name);
  meaning.list(document.bounds, [&](const sigma::Correlation::Bound& bound) {
    meaning.number(static_cast<int>(bound.op)).number(bound.value);
  });
  const auto position = [&](std::uint16_t number) { meaning.number(number); };
  meaning.list(correlation.alternatives, [&](const Alternative& one) {
    meaning.list(one.must, position).list(one.must_not, position);
  });
  meaning.number(document.percentile.value_or(-1));
  meaning.number(correlation.learning).number(correlation.forget).number(correlation.min_known);
  meaning.list(document.ignore_versions, name);
  meaning.list(document.networks, [&](const sigma::Correlation::Network& network) {
    meaning.text(network.field).number(network.ipv4).number(network.ipv6);
  });
  return meaning.hash();
}

Correlations Correlations::compile(std::shared_ptr<const sigma::RuleSet> rules,
                                   const program::Program& program, Diagnostics& diagnostics) {
  return Compiler(std::move(rules), program, diagnostics).run();
}

std::optional<std::uint32_t> Correlations::finder(const Key& key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

std::optional<Slot> Correlations::slot_of(const std::string& field) const {
  const auto found = slots_.find(field);
  if (found == slots_.end()) return std::nullopt;
  return found->second;
}

std::optional<CorrelationIndex> Correlations::find(std::string_view reference) const {
  if (reference.empty()) return std::nullopt;
  for (const auto part : {&sigma::Meta::id, &sigma::Meta::name, &sigma::Meta::title}) {
    for (CorrelationIndex i = 0; i < all_.size(); ++i) {
      if (all_[i].source->meta.*part == reference) return i;
    }
  }
  return std::nullopt;
}

}  // namespace tocsin::correlate
