#include "differential/reference/matcher.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/limits.h"
#include "differential/reference/pattern.h"
#include "differential/reference/values.h"

namespace tocsin::reference {
namespace {

using sigma::Modifier;
using sigma::Value;

template <class Range, class Test>
bool any(const Range& range, Test test) {
  return std::any_of(range.begin(), range.end(), test);
}
template <class Range, class Test>
bool all(const Range& range, Test test) {
  return std::all_of(range.begin(), range.end(), test);
}

// `them`, or a name with `*` for any characters. Names that begin with `_` must be asked for.
bool selects(const std::string& pattern, const std::string& name) {
  if (name.starts_with('_') && !pattern.starts_with('_')) return false;
  return pattern == "them" || glob(read_pattern(pattern), decode(name));
}

bool is_null(const Scalar& scalar) {
  return scalar.kind == Json::Kind::null;
}

const Modifier* find(const sigma::DetectionItem& item, std::initializer_list<Modifier> wanted) {
  const Modifier* found = nullptr;
  for (const sigma::ModifierUse& use : item.modifiers) {
    if (any(wanted, [&](Modifier m) { return m == use.kind; })) found = &use.kind;
  }
  return found;
}

bool in_order(Modifier modifier, int comparison) {
  switch (modifier) {
    case Modifier::lt:
      return comparison < 0;
    case Modifier::lte:
      return comparison <= 0;
    case Modifier::gt:
      return comparison > 0;
    default:
      return comparison >= 0;
  }
}

// A number or boolean of the rule: the canonical texts are equal, whatever their case.
bool same_scalar(const sigma::DetectionItem& item, const Value& value, const Field& field) {
  const std::u32string wanted = fold(decode(value.text));
  return any(field.scalars, [&](const Scalar& scalar) {
    if (is_null(scalar)) return false;
    if (item.field.empty()) return scalar.folded.find(wanted) != std::u32string::npos;
    return !scalar.nested && scalar.folded == wanted;
  });
}

bool number_matches(Modifier modifier, const std::string& bound, const Field& field) {
  return any(field.scalars, [&](const Scalar& scalar) {
    if (scalar.nested || is_null(scalar) || scalar.kind == Json::Kind::boolean) return false;
    const auto comparison = compare_numbers(scalar.text, bound);
    return comparison && in_order(modifier, *comparison);
  });
}

bool time_matches(Modifier part, const Modifier* order, const std::string& wanted,
                  const Field& field) {
  return any(field.scalars, [&](const Scalar& scalar) {
    if (scalar.nested || is_null(scalar) || scalar.kind == Json::Kind::boolean) return false;
    const auto actual = time_part(scalar.text, part);
    if (!actual) return false;
    const int comparison = *compare_numbers(std::to_string(*actual), wanted);
    return order != nullptr ? in_order(*order, comparison) : comparison == 0;
  });
}

bool reference_matches(const sigma::DetectionItem& item, const Field& field, const Field& other) {
  const Modifier* affix =
      find(item, {Modifier::contains, Modifier::startswith, Modifier::endswith});
  const auto text = [&](const Scalar& s) {
    return item.has(Modifier::cased) ? s.characters : s.folded;
  };
  return any(field.scalars, [&](const Scalar& scalar) {
    if (scalar.nested || is_null(scalar)) return false;
    return any(other.scalars, [&](const Scalar& with) {
      if (with.nested || is_null(with)) return false;
      if (affix == nullptr) return text(scalar) == text(with);
      if (*affix == Modifier::startswith) return text(scalar).starts_with(text(with));
      if (*affix == Modifier::endswith) return text(scalar).ends_with(text(with));
      return text(scalar).find(text(with)) != std::u32string::npos;
    });
  });
}

}  // namespace

Matcher::Matcher(const sigma::Lists& lists) : lists_(lists) {}
Matcher::~Matcher() = default;

bool applies(const sigma::Filter& filter, const sigma::Rule& rule) {
  const auto covers = [](const std::string& general, const std::string& special) {
    return general.empty() || general == special;
  };
  const sigma::Meta& meta = rule.meta;
  return covers(filter.logsource.category, rule.logsource.category) &&
         covers(filter.logsource.product, rule.logsource.product) &&
         covers(filter.logsource.service, rule.logsource.service) &&
         (filter.any_rule || any(filter.rules, [&](const sigma::RuleReference& r) {
            return r.text == meta.id || r.text == meta.name || r.text == meta.title;
          }));
}

bool Matcher::matches(const sigma::Rule& rule, const Event& event) {
  return conditions(rule.conditions, rule.detections, event);
}

bool Matcher::matches(const sigma::Rule& rule, const std::vector<sigma::Filter>& filters,
                      const Event& event) {
  return matches(rule, event) && all(filters, [&](const sigma::Filter& filter) {
           return !applies(filter, rule) || conditions(filter.conditions, filter.detections, event);
         });
}

bool Matcher::conditions(const std::vector<sigma::Condition>& list, const Detections& named,
                         const Event& event) {
  return any(list, [&](const sigma::Condition& one) { return condition(one, named, event); });
}

bool Matcher::condition(const sigma::Condition& one, const Detections& named, const Event& event) {
  using Kind = sigma::Condition::Kind;
  const auto holds = [&](const sigma::Condition& arg) { return condition(arg, named, event); };
  const auto is_true = [&](const sigma::NamedDetection& d) {
    return detection(d.detection, event);
  };
  Detections selected;
  switch (one.kind) {
    case Kind::conjunction:
      return all(one.args, holds);
    case Kind::disjunction:
      return any(one.args, holds);
    case Kind::negation:
      return !holds(one.args.front());
    case Kind::identifier:
      return any(named, [&](const auto& d) { return d.name == one.name && is_true(d); });
    case Kind::one_of:
      return any(named, [&](const auto& d) { return selects(one.name, d.name) && is_true(d); });
    case Kind::all_of:
      std::copy_if(named.begin(), named.end(), std::back_inserter(selected),
                   [&](const auto& d) { return selects(one.name, d.name); });
      return !selected.empty() && all(selected, is_true);
  }
  return false;
}

bool Matcher::detection(const sigma::Detection& one, const Event& event) {
  if (!one.groups.empty()) {
    return any(one.groups, [&](const sigma::Detection& group) { return detection(group, event); });
  }
  return all(one.items, [&](const sigma::DetectionItem& i) { return item(i, event); });
}

bool Matcher::item(const sigma::DetectionItem& one, const Event& event) {
  const std::vector<Value> null(1);
  const std::vector<Value>& values = one.values.empty() ? null : one.values;
  const auto holds = [&](const Value& v) { return value(one, v, event); };
  const bool linked = one.has(Modifier::all) ? all(values, holds) : any(values, holds);
  return one.has(Modifier::neq) ? !linked : linked;
}

bool Matcher::value(const sigma::DetectionItem& one, const Value& value, const Event& event) {
  const Field& field = event.field(one.field);
  if (one.has(Modifier::exists)) return field.present == (value.text == "true");
  if (value.kind == Value::Kind::null) {
    return !field.present ||
           any(field.scalars, [](const Scalar& s) { return is_null(s) && !s.nested; });
  }
  if (one.has(Modifier::fieldref)) {
    const Symbols name = read_pattern(value.text);
    std::u32string path;
    for (const Symbol& symbol : name) path.push_back(symbol.character);
    return reference_matches(one, field, event.field(encode(path)));
  }
  if (one.has(Modifier::re)) return regex_matches(one, value.text, field);
  if (one.has(Modifier::cidr)) return cidr_matches(one, value.text, field);
  const Modifier* order = find(one, {Modifier::lt, Modifier::lte, Modifier::gt, Modifier::gte});
  const Modifier* part = find(one, {Modifier::minute, Modifier::hour, Modifier::day, Modifier::week,
                                    Modifier::month, Modifier::year});
  if (part != nullptr) return time_matches(*part, order, value.text, field);
  if (order != nullptr) return number_matches(*order, value.text, field);
  if (value.kind != Value::Kind::string) return same_scalar(one, value, field);
  return text_matches(one, value.text, field);
}

bool Matcher::text_matches(const sigma::DetectionItem& one, const std::string& value,
                           const Field& field) {
  if (field.scalars.empty()) return false;
  const bool cased = one.has(Modifier::cased);
  for (Symbols& pattern : patterns_of(one, value, lists_)) {
    if (one.field.empty()) {  // a keyword stands anywhere
      pattern.insert(pattern.begin(), {Symbol::Kind::any_string, 0});
      pattern.push_back({Symbol::Kind::any_string, 0});
    }
    if (!cased) {
      for (Symbol& s : pattern) s.character = fold(std::u32string(1, s.character)).front();
    }
    const auto meets = [&](const Scalar& scalar) {
      return !is_null(scalar) && glob(pattern, cased ? scalar.characters : scalar.folded);
    };
    if (any(field.scalars, meets)) return true;
  }
  return false;
}

bool Matcher::regex_matches(const sigma::DetectionItem& one, const std::string& value,
                            const Field& field) {
  if (field.scalars.empty()) return false;
  std::string flags;
  if (one.has(Modifier::i)) flags += 'i';
  if (one.has(Modifier::m)) flags += 'm';
  if (one.has(Modifier::s)) flags += 's';
  if (!flags.empty()) flags = "(?" + flags + ")";
  const bool expand = one.has(Modifier::expand);
  return any(expand ? expanded_text(value, lists_) : std::vector{value}, [&](const std::string& v) {
    auto& regex = regexes_[flags + v];
    if (regex == nullptr) regex = std::make_unique<re2::RE2>(flags + v);
    return any(field.scalars, [&](const Scalar& scalar) {
      const std::string text = scalar.text.substr(0, limits::kRegexSubjectBytes);
      return !is_null(scalar) && re2::RE2::PartialMatch(text, *regex);
    });
  });
}

bool Matcher::cidr_matches(const sigma::DetectionItem& one, const std::string& value,
                           const Field& field) {
  const bool expand = one.has(Modifier::expand);
  return any(expand ? expanded_text(value, lists_) : std::vector{value}, [&](const std::string& v) {
    return any(field.scalars, [&](const Scalar& scalar) {
      return !scalar.nested && scalar.kind == Json::Kind::string && in_network(scalar.text, v);
    });
  });
}

}  // namespace tocsin::reference
