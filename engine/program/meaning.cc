#include "program/meaning.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/hash.h"

namespace tocsin::program {
namespace {

std::string_view text_of(const Meaning& meaning) {
  return {reinterpret_cast<const char*>(meaning.data()), meaning.size()};
}

// Adds parts of which neither the order nor the number of equal ones matters.
void add_set(std::vector<Meaning> parts, KeyHash& hash) {
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  hash.add_field(std::to_string(parts.size()));
  for (const Meaning& part : parts) hash.add_field(text_of(part));
}

template <class List, class Of>
void add_set_of(const List& list, Of of, KeyHash& hash) {
  std::vector<Meaning> parts;
  parts.reserve(list.size());
  for (const auto& one : list) parts.push_back(of(one));
  add_set(std::move(parts), hash);
}

std::string_view kind_of(const sigma::Value& value) {
  using Kind = sigma::Value::Kind;
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
    case Kind::floating:
      return "number";
    case Kind::string:
      break;
  }
  return "string";
}

std::string_view kind_of(const sigma::Condition& condition) {
  using Kind = sigma::Condition::Kind;
  switch (condition.kind) {
    case Kind::identifier:
      return "name";
    case Kind::one_of:
      return "1 of";
    case Kind::all_of:
      return "all of";
    case Kind::conjunction:
      return "and";
    case Kind::disjunction:
      return "or";
    case Kind::negation:
      break;
  }
  return "not";
}

Meaning of_value(const sigma::Value& value) {
  return KeyHash().add_field(kind_of(value)).add_field(value.text).bytes();
}

Meaning of_item(const sigma::DetectionItem& item) {
  KeyHash hash;
  hash.add_field(item.field).add_field(std::to_string(item.modifiers.size()));
  for (const sigma::ModifierUse& use : item.modifiers) hash.add_field(sigma::to_string(use.kind));
  // `field: []` reads as null.
  static const std::vector<sigma::Value> kNull(1);
  add_set_of(item.values.empty() ? kNull : item.values, of_value, hash);
  return hash.bytes();
}

Meaning of_detection(const sigma::Detection& detection) {
  KeyHash hash;
  add_set_of(detection.items, of_item, hash);
  add_set_of(detection.groups, of_detection, hash);
  return hash.bytes();
}

Meaning of_named(const sigma::NamedDetection& named) {
  return KeyHash().add_field(named.name).add_field(text_of(of_detection(named.detection))).bytes();
}

Meaning of_condition(const sigma::Condition& condition) {
  KeyHash hash;
  hash.add_field(kind_of(condition)).add_field(condition.name);
  add_set_of(condition.args, of_condition, hash);
  return hash.bytes();
}

// Of a rule or a filter.
template <class Document>
Meaning of_question(const Document& document) {
  KeyHash hash;
  add_set_of(document.detections, of_named, hash);
  add_set_of(document.conditions, of_condition, hash);
  return hash.bytes();
}

}  // namespace

const Meaning& ListMeanings::of(const std::string& name) {
  const auto [found, added] = known_.try_emplace(name);
  if (!added) return found->second;
  KeyHash hash;
  hash.add_field(name);
  if (const std::vector<std::string>* values = lists_.find(name)) {
    const auto of_text = [](const std::string& text) { return KeyHash().add_field(text).bytes(); };
    add_set_of(*values, of_text, hash);
  }
  return found->second = hash.bytes();
}

Meaning meaning_of(const sigma::Rule& rule, const std::vector<const sigma::Filter*>& filters,
                   const std::vector<std::string>& lists_used, ListMeanings& lists) {
  KeyHash hash;
  for (const std::string* part :
       {&rule.logsource.category, &rule.logsource.product, &rule.logsource.service}) {
    hash.add_field(*part);
  }
  hash.add_field(text_of(of_question(rule)));
  add_set_of(
      filters, [](const sigma::Filter* one) { return of_question(*one); }, hash);
  add_set_of(
      lists_used, [&](const std::string& name) { return lists.of(name); }, hash);
  return hash.bytes();
}

}  // namespace tocsin::program
