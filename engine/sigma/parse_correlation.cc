#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "sigma/attributes.h"
#include "sigma/condition.h"
#include "sigma/formats.h"
#include "sigma/parser.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

using Type = Correlation::Type;
using Operator = Correlation::Operator;

// In the order of the enumeration.
constexpr std::string_view kTypes[] = {
    "event_count", "value_count",      "temporal",     "temporal_ordered", "value_sum",
    "value_avg",   "value_percentile", "value_median", "new_value",        "silent_source"};
constexpr std::string_view kOperators[] = {"lt", "lte", "gt", "gte", "eq", "neq"};

bool is_temporal(Type type) {
  return type == Type::temporal || type == Type::temporal_ordered;
}

// The index of `name`, N when it is not there.
template <std::size_t N>
std::size_t index_of(const std::string_view (&names)[N], std::string_view name) {
  return static_cast<std::size_t>(std::find(names, names + N, name) - names);
}

std::optional<double> to_number(const YamlNode& node) {
  if (!node.is_scalar()) return std::nullopt;
  const std::string text = canonical_text(node.scalar, type_of(node.scalar));
  double number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || !(number - number == 0)) return std::nullopt;
  return number;
}

class CorrelationParser {
 public:
  CorrelationParser(const YamlEntry& section, Correlation& out, Reporter& report)
      : section_(section), out_(out), report_(report) {}

  void run() {
    if (!section_.value.is_map()) {
      report_.error("S103", section_.key.at, "`correlation` must be a map");
      return;
    }
    check_keys();
    if (!parse_type()) return;
    if (const YamlEntry* rules = find("rules")) parse_rules(*rules);
    if (const YamlEntry* group_by = find("group-by")) out_.group_by = read_fields(*group_by);
    if (const YamlEntry* generate = find("generate")) parse_generate(*generate);
    if (const YamlEntry* aliases = find("aliases")) parse_aliases(*aliases);
    parse_timespan();
    parse_condition_entry();
    check_rules();
  }

  void parse_generate(const YamlEntry& entry) {
    const bool boolean =
        entry.value.is_scalar() && type_of(entry.value.scalar) == ScalarType::boolean;
    if (!boolean) {
      report_.error("S103", entry.key.at, "`generate` must be true or false");
      return;
    }
    out_.generate = canonical_text(entry.value.scalar, ScalarType::boolean) == "true";
  }

 private:
  const YamlEntry* find(std::string_view key) const { return section_.value.find(key); }

  void check_keys() {
    const std::vector<std::string_view> known{"type",      "rules",   "group-by", "timespan",
                                              "condition", "aliases", "generate"};
    for (const YamlEntry& entry : section_.value.entries) {
      if (std::find(known.begin(), known.end(), entry.key.text) != known.end()) continue;
      report_.error(
          "S409", entry.key.at,
          fmt::format("`{}` is not an attribute of correlations", text::printable(entry.key.text)),
          std::string(text::nearest(entry.key.text, known)));
    }
  }

  bool parse_type() {
    const YamlEntry* entry = find("type");
    if (entry == nullptr || !entry->value.is_scalar()) {
      report_.error("S102", section_.key.at, "the correlation has no `type`");
      return false;
    }
    const std::string name = text::folded(entry->value.scalar.text);
    const std::size_t index = index_of(kTypes, name);
    if (index == std::size(kTypes)) {
      const std::vector<std::string_view> names(std::begin(kTypes), std::end(kTypes));
      report_.error("S402", entry->value.at(),
                    fmt::format("unknown correlation type `{}`; it is one of {}",
                                text::printable(name), fmt::join(names, ", ")),
                    std::string(text::nearest(name, names)));
      return false;
    }
    out_.type = static_cast<Type>(index);
    out_.type_at = entry->value.at();
    return true;
  }

  void parse_rules(const YamlEntry& entry) {
    const auto add = [&](const YamlNode& node) {
      if (!node.is_text() || node.scalar.text.empty()) {
        report_.error("S103", node.at(), "a rule is referred to by its id, name or title");
        return;
      }
      out_.rules.push_back({node.scalar.text, node.at()});
    };
    if (entry.value.is_map()) {
      report_.error("S103", entry.key.at, "`rules` must be a list of rules");
    } else if (entry.value.is_sequence()) {
      for (const YamlNode& node : entry.value.items) add(node);
    } else if (!entry.value.is_null()) {
      add(entry.value);
    }
  }

  // One field, or a list of them.
  std::vector<std::string> read_fields(const YamlEntry& entry) {
    std::vector<std::string> fields;
    const auto add = [&](const YamlNode& node) {
      if (node.is_scalar() && !node.is_null() && !node.scalar.text.empty()) {
        fields.push_back(node.scalar.text);
      } else {
        report_.error("S103", node.at(),
                      fmt::format("`{}` is a field or a list of fields", entry.key.text));
      }
    };
    if (entry.value.is_sequence()) {
      for (const YamlNode& node : entry.value.items) add(node);
    } else if (!entry.value.is_null()) {
      add(entry.value);
    }
    return fields;
  }

  void parse_aliases(const YamlEntry& entry) {
    if (entry.value.is_null()) return;
    if (!entry.value.is_map()) {
      report_.error("S410", entry.key.at, "`aliases` must be a map from aliases to maps");
      return;
    }
    for (const YamlEntry& alias : entry.value.entries) {
      if (!alias.value.is_map()) {
        report_.error("S410", alias.key.at, "an alias is a map from rules to their fields");
        continue;
      }
      Correlation::Alias parsed{alias.key.text, {}, alias.key.at};
      for (const YamlEntry& field : alias.value.entries) {
        if (!field.value.is_scalar() || field.value.is_null()) {
          report_.error("S410", field.value.at(), "an alias gives one field for each rule");
          continue;
        }
        parsed.fields.push_back({{field.key.text, field.key.at}, field.value.scalar.text});
      }
      out_.aliases.push_back(std::move(parsed));
    }
  }

  void parse_timespan() {
    const YamlEntry* entry = find("timespan");
    if (entry == nullptr || entry->value.is_null()) {
      report_.error("S102", section_.key.at, "the correlation has no `timespan`");
      return;
    }
    const auto seconds =
        entry->value.is_scalar() ? parse_timespan_text(entry->value.scalar.text) : std::nullopt;
    if (seconds) {
      out_.timespan_seconds = *seconds;
    } else {
      report_.error("S403", entry->value.at(),
                    "a time span is a whole number and one of s, m, h, d, for example 15m");
    }
  }

  void parse_condition_entry() {
    const YamlEntry* entry = find("condition");
    if (entry == nullptr || entry->value.is_null()) {
      if (is_temporal(out_.type)) return;
      report_.error("S102", section_.key.at, "the correlation has no `condition`");
    } else if (entry->value.is_map()) {
      parse_bounds(*entry);
    } else if (entry->value.is_text() && is_temporal(out_.type)) {
      parse_expression(entry->value.scalar);
    } else {
      report_.error("S404", entry->value.at(),
                    is_temporal(out_.type) ? "`condition` is a map or a boolean expression"
                                           : "`condition` must be a map, for example `gte: 10`");
    }
  }

  void parse_bounds(const YamlEntry& condition) {
    for (const YamlEntry& entry : condition.value.entries) {
      const std::size_t op = index_of(kOperators, entry.key.text);
      if (op < std::size(kOperators)) {
        if (const auto number = to_number(entry.value)) {
          out_.bounds.push_back({static_cast<Operator>(op), *number, entry.key.at});
        } else {
          report_.error("S404", entry.value.at(),
                        fmt::format("`{}` takes a number", entry.key.text));
        }
      } else if (entry.key.text == "field") {
        out_.fields = read_fields(entry);
      } else if (entry.key.text == "percentile") {
        out_.percentile = to_number(entry.value);
        if (!out_.percentile || *out_.percentile < 0 || *out_.percentile > 100) {
          report_.error("S404", entry.value.at(), "`percentile` is a number from 0 to 100");
        }
      } else {
        std::vector<std::string_view> known(std::begin(kOperators), std::end(kOperators));
        known.insert(known.end(), {"field", "percentile"});
        report_.error("S409", entry.key.at,
                      fmt::format("`{}` is not part of a correlation's condition",
                                  text::printable(entry.key.text)),
                      std::string(text::nearest(entry.key.text, known)));
      }
    }
    if (out_.bounds.empty()) {
      report_.error("S404", condition.key.at,
                    "the condition has none of lt, lte, gt, gte, eq, neq");
    }
    const bool needs_field = !is_temporal(out_.type) && out_.type != Type::event_count;
    if (needs_field && out_.fields.empty()) {
      report_.error("S405", condition.key.at,
                    fmt::format("`{}` needs a `field` in its condition", to_string(out_.type)));
    }
  }

  // The 2.2 draft: a boolean expression over the rules. Without `rules` it also names them.
  void parse_expression(const YamlScalar& scalar) {
    if (out_.rules.empty()) add_rules_named_in(scalar);
    ConditionNames names{{}, false};
    for (const RuleReference& rule : out_.rules) names.names.push_back(rule.text);
    out_.expression = parse_condition(scalar, names, report_);
    if (!out_.expression) return;
    for (const RuleReference& rule : out_.rules) {
      if (names_rule(*out_.expression, rule.text)) continue;
      report_.error(
          "S406", rule.at,
          fmt::format("the condition does not use the rule `{}`", text::printable(rule.text)));
    }
  }

  void add_rules_named_in(const YamlScalar& scalar) {
    constexpr std::string_view kKeywords[] = {"and", "or", "not"};
    constexpr std::string_view kBreaks = " \t\r\n()";
    const std::string_view text = scalar.text;
    for (std::size_t start = 0; (start = text.find_first_not_of(kBreaks, start)) != text.npos;) {
      const std::size_t end = std::min(text.find_first_of(kBreaks, start), text.size());
      const std::string_view word = text.substr(start, end - start);
      const bool known = std::any_of(out_.rules.begin(), out_.rules.end(),
                                     [&](const RuleReference& rule) { return rule.text == word; });
      if (!known && index_of(kKeywords, word) == std::size(kKeywords)) {
        out_.rules.push_back({std::string(word), scalar.within(start, word.size())});
      }
      start = end;
    }
  }

  static bool names_rule(const Condition& condition, std::string_view rule) {
    if (condition.kind == Condition::Kind::identifier) return condition.name == rule;
    return std::any_of(condition.args.begin(), condition.args.end(),
                       [&](const Condition& arg) { return names_rule(arg, rule); });
  }

  void check_rules() {
    if (out_.rules.empty()) {
      report_.error("S102", section_.key.at, "the correlation has no `rules`");
    }
    const YamlEntry* condition = find("condition");
    if (is_temporal(out_.type) && (condition == nullptr || condition->value.is_null())) {
      // Without a condition, every rule must have matched.
      out_.bounds.push_back(
          {Operator::gte, static_cast<double>(out_.rules.size()), section_.key.at});
    }
  }

  const YamlEntry& section_;
  Correlation& out_;
  Reporter& report_;
};

}  // namespace

std::string_view to_string(Correlation::Type type) {
  return kTypes[static_cast<std::size_t>(type)];
}

std::optional<Correlation> parse_correlation(const YamlNode& root, Reporter& report) {
  const std::size_t errors = report.errors();
  Correlation correlation;
  correlation.meta = parse_meta(root, {"correlation", "generate"}, report);
  CorrelationParser parser(*root.find("correlation"), correlation, report);
  if (const YamlEntry* generate = root.find("generate")) parser.parse_generate(*generate);
  parser.run();
  if (report.errors() != errors) return std::nullopt;
  return correlation;
}

}  // namespace tocsin::sigma
