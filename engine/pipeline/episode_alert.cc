#include "pipeline/episode_alert.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace tocsin::pipeline {
namespace {

using correlate::Change;
using correlate::CompiledCorrelation;
using correlate::Correlations;
using correlate::KeptHit;
using Named = std::vector<std::pair<std::string, std::string>>;

alert::CorrelatedEvent event_of(const KeptHit& hit) {
  alert::CorrelatedEvent event;
  event.rule = hit.finder_title;
  alert::copy_facts(hit.evidence, event);
  return event;
}

const std::vector<std::string>* values_of(const KeptHit& hit, const std::string& field) {
  for (const auto& [name, values] : hit.fields) {
    if (name == field) return &values;
  }
  return nullptr;
}

// The hit is of that input, as far as its finder tells.
bool is_of(const KeptHit& hit, const correlate::Input& input, const Correlations& correlations) {
  if (input.kind == correlate::Input::Kind::everything) return true;
  const bool rule = input.kind == correlate::Input::Kind::rule;
  const std::uint32_t finder = rule ? input.index : correlations.firing_of(input.index);
  const sigma::Meta& meta = *correlations.finders()[finder].meta;
  return meta.id.empty() ? meta.title == hit.finder_title : meta.id == hit.finder_id;
}

// The values of the document's fields, by the names that it gives them; empty when the hit lacks
// one of them under the names that the events of `input` have for them.
Named values_by_name(const CompiledCorrelation& correlation, const correlate::Input& input,
                     const Correlations& correlations, const KeptHit& hit) {
  Named out;
  for (std::size_t i = 0; i < input.value.size(); ++i) {
    const auto* values = values_of(hit, correlations.fields()[input.value[i]]);
    if (values == nullptr || values->empty()) return {};
    out.emplace_back(correlation.source->fields[i], values->front());
  }
  return out;
}

// Of a new_value: what was used for the first time.
Named new_values(const Correlations& correlations, correlate::CorrelationIndex index,
                 const KeptHit& hit) {
  const CompiledCorrelation& correlation = correlations[index];
  if (correlation.decision != correlate::Decision::novelty) return {};
  for (const bool own : {true, false}) {
    for (const correlate::Input& input : correlation.inputs) {
      if (is_of(hit, input, correlations) != own) continue;
      Named out = values_by_name(correlation, input, correlations, hit);
      if (!out.empty()) return out;
    }
  }
  return {};
}

}  // namespace

// Of the combinations of a hit's values, the one that has the group's key.
Named group_values(const Correlations& correlations, correlate::CorrelationIndex index,
                   const KeptHit& hit, const correlate::Key& group) {
  const CompiledCorrelation& correlation = correlations[index];
  const std::vector<std::string>& names = correlation.source->group_by;
  for (const correlate::Input& input : correlation.inputs) {
    std::vector<const std::vector<std::string>*> all;
    for (const correlate::Slot slot : input.group_by) {
      const auto* values = values_of(hit, correlations.fields()[slot]);
      if (values != nullptr && !values->empty()) all.push_back(values);
    }
    if (all.size() != input.group_by.size()) continue;
    std::vector<std::size_t> at(all.size(), 0);
    constexpr int kMostTried = 1024;
    for (int tried = 0; tried < kMostTried; ++tried) {
      std::vector<std::string_view> tuple;
      for (std::size_t i = 0; i < all.size(); ++i) tuple.push_back((*all[i])[at[i]]);
      if (correlate::group_key(tuple) == group) {
        Named out;
        for (std::size_t i = 0; i < all.size(); ++i) {
          out.emplace_back(i < names.size() ? names[i] : correlations.fields()[input.group_by[i]],
                           std::string(tuple[i]));
        }
        return out;
      }
      std::size_t i = all.size();
      while (i > 0 && ++at[i - 1] == all[i - 1]->size()) at[--i] = 0;
      if (i == 0) break;
    }
  }
  return {};
}

Result<alert::CorrelationAlert> make_episode_alert(const Correlations& correlations,
                                                   const Change& change, const FindHit& find,
                                                   std::int64_t detected_at) {
  const CompiledCorrelation& correlation = correlations[change.correlation];
  alert::CorrelationAlert out;
  out.rule = correlation.facts;
  out.id = hex_of(change.episode);
  out.fingerprint = hex_of(
      correlate::key_of({correlate::as_text(correlation.key), correlate::as_text(change.group)}));
  out.detected_at = detected_at;
  alert::CorrelationFacts& facts = out.correlation;
  facts.type = sigma::to_string(correlation.source->type);
  facts.condition = alert::condition_text(*correlation.source);
  facts.field = correlation.source->fields;
  facts.timespan = correlation.timespan;
  facts.window_begin = change.window_begin;
  facts.window_end = change.window_end;
  facts.measure = change.measure;
  facts.hits = change.hits;
  facts.firings = change.firings;
  facts.first = change.first;
  facts.last = change.last;
  for (const correlate::HitRef ref : change.evidence) {
    Result<std::optional<KeptHit>> hit = find(ref);
    if (!hit) return tl::unexpected(std::move(hit.error()));
    if (*hit) facts.events.push_back(event_of(**hit));
  }
  Result<std::optional<KeptHit>> closing = find(change.closing);
  if (!closing) return tl::unexpected(std::move(closing.error()));
  if (*closing) {
    out.closing = event_of(**closing);
    facts.group_by = group_values(correlations, change.correlation, **closing, change.group);
    facts.values = new_values(correlations, change.correlation, **closing);
  }
  return out;
}

}  // namespace tocsin::pipeline
