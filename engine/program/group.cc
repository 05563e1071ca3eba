// Alternatives of one detection item → predicates. Values that ask the same kind of question share
// a predicate: a hash set of exact strings, a list of globs, a list of networks, and so on.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "base/text.h"
#include "program/codes.h"
#include "program/lower.h"
#include "program/required_literal.h"

namespace tocsin::program {
namespace {

using Kind = Operand::Kind;

constexpr std::size_t kPatternsKept = 100;  // shown to people; an indicator list can have 10,000

Pattern folded(Pattern pattern) {
  for (Pattern::Part& part : pattern.parts) part.text = text::folded(part.text);
  return pattern;
}

std::string operation_name(const sigma::DetectionItem& item) {
  std::string name;
  for (const sigma::ModifierUse& use : item.modifiers) {
    if (use.kind == sigma::Modifier::all || use.kind == sigma::Modifier::neq) continue;
    if (!name.empty()) name += '|';
    name += sigma::to_string(use.kind);
  }
  return name.empty() ? "equals" : name;
}

class Grouping {
 public:
  Grouping(const sigma::DetectionItem& item, event::FieldSet& fields,
           std::vector<GroupProblem>& problems)
      : item_(item), fields_(fields), problems_(problems), operation_(operation_name(item)) {
    field_ = fields.add(item.field.empty() ? event::kWholeEvent : std::string_view(item.field));
  }

  void add(const Alternative& alternative) {
    const Operand& operand = alternative.operand;
    switch (operand.kind) {
      case Kind::null:
        return put(MatchNull{}, "null", alternative);
      case Kind::exists:
        return put(MatchExists{operand.pattern.plain() == "true"}, operand.pattern.plain(),
                   alternative);
      case Kind::scalar:
        return item_.field.empty() ? add_string(alternative) : add_scalar(alternative);
      case Kind::string:
        return add_string(alternative);
      case Kind::regex:
        return add_regex(alternative);
      case Kind::cidr:
        return add_cidr(alternative);
      case Kind::order:
        return add_order(alternative);
      case Kind::time_part:
        return add_time_part(alternative);
      case Kind::field:
        return add_field(alternative);
    }
  }

  std::vector<GroupedPredicate> finish() {
    if (groups_.empty()) put_never();
    for (GroupedPredicate& group : groups_) {
      build_filter(group.predicate.matcher);
      group.identity = fmt::format("{}\x1f{}\x1f{}", group.predicate.field,
                                   group.predicate.matcher.index(), group.identity);
    }
    return std::move(groups_);
  }

 private:
  // The matcher of the group for type M and `variant` ("cased" or not), made when it is missing;
  // `identity` is what the alternative adds to it. An item has few groups: they are searched.
  template <class M>
  M& shared(std::string_view variant, std::string_view identity, const Alternative& alternative) {
    auto group = std::find_if(groups_.begin(), groups_.end(), [&](const GroupedPredicate& known) {
      return std::holds_alternative<M>(known.predicate.matcher) &&
             known.identity.starts_with(variant);
    });
    if (group == groups_.end()) {
      groups_.push_back({make_predicate(M{}), std::string(variant)});
      group = groups_.end() - 1;
    }
    group->identity += fmt::format("\x1e{}:{}", identity.size(), identity);
    show(*group, alternative);
    return std::get<M>(group->predicate.matcher);
  }

  // A group of its own.
  template <class M>
  void put(M matcher, std::string_view identity, const Alternative& alternative) {
    groups_.push_back({make_predicate(std::move(matcher)), std::string(identity)});
    show(groups_.back(), alternative);
  }

  void put_never() {
    groups_.push_back({make_predicate(MatchStrings{}), "never"});
    groups_.back().predicate.patterns.push_back("(an empty list)");
  }

  template <class M>
  Predicate make_predicate(M matcher) const {
    return {field_, std::move(matcher), item_.field, operation_, {}};
  }

  static void build_filter(Matcher& matcher) {
    if (auto* strings = std::get_if<MatchStrings>(&matcher)) {
      strings->filter = PatternFilter::over(strings->glob_literals);
    } else if (auto* regexes = std::get_if<MatchRegexes>(&matcher)) {
      regexes->filter = PatternFilter::over(regexes->literals);
    }
  }

  static void show(GroupedPredicate& group, const Alternative& alternative) {
    std::vector<std::string>& patterns = group.predicate.patterns;
    if (patterns.size() >= kPatternsKept) return;
    const std::string& text = alternative.value->text;
    const std::string shown = alternative.value->kind == sigma::Value::Kind::null ? "null" : text;
    if (patterns.empty() || patterns.back() != shown) patterns.push_back(shown);
  }

  void problem(const char* code, std::string message, bool fatal = true) {
    problems_.push_back({code, std::move(message), fatal});
  }

  void add_scalar(const Alternative& alternative) {
    const std::string text = text::folded(alternative.operand.pattern.plain());
    shared<MatchScalars>("scalars", text, alternative).exact.insert(text);
  }

  void add_string(const Alternative& alternative) {
    Pattern pattern = alternative.operand.pattern;
    if (item_.field.empty()) {  // keywords are looked for anywhere inside a value
      Pattern anywhere;
      const Pattern::Part star{Pattern::Part::Kind::any_string, {}};
      anywhere.append(star);
      anywhere.append(pattern);
      anywhere.append(star);
      pattern = std::move(anywhere);
    }
    const bool cased = alternative.operand.cased;
    if (!cased) pattern = folded(std::move(pattern));
    auto& strings =
        shared<MatchStrings>(cased ? "cased" : "folded", pattern.to_string(), alternative);
    strings.cased = cased;
    if (pattern.has_wildcards()) {
      const Glob& glob = strings.globs.emplace_back(pattern);
      strings.glob_literals.push_back(required_literal(glob, cased, Haystack::value));
      strings.glob_sources.push_back(item_.has(sigma::Modifier::expand)
                                         ? alternative.operand.pattern.to_string()
                                         : alternative.value->text);
    } else {
      strings.exact.insert(pattern.plain());
    }
  }

  void add_regex(const Alternative& alternative) {
    const Operand& operand = alternative.operand;
    auto regex = Regex::compile(operand.pattern.plain(),
                                {operand.ignore_case, operand.dot_all, operand.multi_line});
    if (!regex) {
      const bool large = regex.error().code == Code::limit;
      return problem(large ? codes::kRegexTooLarge : codes::kRegexInvalid, regex.error().message);
    }
    const auto identity =
        fmt::format("{}:{}:{}", operand.ignore_case, operand.dot_all, regex->pattern());
    auto& matcher = shared<MatchRegexes>("regex", identity, alternative);
    matcher.literals.push_back(required_literals(regex->re2(), Haystack::value));
    matcher.regexes.push_back(std::move(*regex));
  }

  void add_cidr(const Alternative& alternative) {
    const std::string text = alternative.operand.pattern.plain();
    const auto network = parse_cidr(text);
    if (!network) {
      // The parser has checked what the rule itself says, so this comes from a list.
      return problem(
          codes::kListValue,
          fmt::format("`{}` is ignored: {}", text::printable(text), network.error().message),
          false);
    }
    shared<MatchCidrs>("cidr", text, alternative).networks.insert(*network);
  }

  void add_order(const Alternative& alternative) {
    const std::string text = alternative.operand.pattern.plain();
    const auto bound = Number::parse(text);
    if (!bound) return problem(codes::kExpansion, "this comparison needs a number");
    put(MatchOrder{*alternative.operand.order, *bound},
        fmt::format("{}:{}", static_cast<int>(*alternative.operand.order), text), alternative);
  }

  void add_time_part(const Alternative& alternative) {
    const Operand& operand = alternative.operand;
    const std::string text = operand.pattern.plain();
    std::int64_t wanted = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), wanted);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
      return problem(codes::kExpansion, "a part of a date is compared with a whole number");
    }
    if (operand.order) {
      const auto order = *operand.order;
      return put(
          MatchTimePart{operand.part, false, order, {wanted}},
          fmt::format("{}:{}:{}", static_cast<int>(operand.part), static_cast<int>(order), wanted),
          alternative);
    }
    auto& matcher = shared<MatchTimePart>(
        "time", fmt::format("{}:{}", static_cast<int>(operand.part), wanted), alternative);
    matcher.part = operand.part;
    matcher.values.push_back(wanted);
  }

  void add_field(const Alternative& alternative) {
    const Operand& operand = alternative.operand;
    const std::string name = operand.pattern.plain();
    put(MatchField{fields_.add(name), operand.affix, operand.cased},
        fmt::format("{}:{}:{}", name, static_cast<int>(operand.affix), operand.cased), alternative);
  }

  const sigma::DetectionItem& item_;
  event::FieldSet& fields_;
  std::vector<GroupProblem>& problems_;
  std::string operation_;
  event::FieldRef field_;
  std::vector<GroupedPredicate> groups_;
};

}  // namespace

std::vector<GroupedPredicate> group_alternatives(const sigma::DetectionItem& item,
                                                 const std::vector<Alternative>& alternatives,
                                                 event::FieldSet& fields,
                                                 std::vector<GroupProblem>& problems) {
  Grouping grouping(item, fields, problems);
  for (const Alternative& alternative : alternatives) grouping.add(alternative);
  return grouping.finish();
}

}  // namespace tocsin::program
