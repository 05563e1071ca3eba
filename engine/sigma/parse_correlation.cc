#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sigma/attributes.h"
#include "sigma/correlation_section.h"
#include "sigma/formats.h"
#include "sigma/parser.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

using Type = Correlation::Type;
using Window = Correlation::Window;

// In the order of the enumerations.
constexpr std::string_view kTypes[] = {
    "event_count", "value_count",      "temporal",     "temporal_ordered", "value_sum",
    "value_avg",   "value_percentile", "value_median", "new_value",        "silent_source"};
constexpr std::string_view kWindows[] = {"sliding", "tumbling", "session"};

// The kinds of types that a key belongs to.
constexpr unsigned kMeasured = 1, kNewValue = 2, kSilentSource = 4;
constexpr unsigned kAll = kMeasured | kNewValue | kSilentSource;

unsigned kind_of(Type type) {
  if (type == Type::new_value) return kNewValue;
  return type == Type::silent_source ? kSilentSource : kMeasured;
}

struct Key {
  std::string_view name;
  unsigned kinds;
  std::string_view hint;  // what another type should say instead
};

constexpr Key kKeys[] = {
    {"type", kAll, ""},
    {"rules", kAll, ""},
    {"group-by", kAll, ""},
    {"aliases", kAll, ""},
    {"generate", kAll, ""},
    {"timespan", kMeasured | kSilentSource,
     "`learning` says for how long nothing is told of a young group, `forget` after what time "
     "without use a value is new again"},
    {"condition", kMeasured | kNewValue,
     "it holds when nothing has come for as long as `timespan` says"},
    {"window", kMeasured, "only counts, sums, averages and temporal ones have windows"},
    {"field", kNewValue, "put `field` into `condition`"},
    {"learning", kNewValue, "it is a key of `new_value`"},
    {"forget", kNewValue, "it is a key of `new_value`"},
    {"min-known", kNewValue, "it is a key of `new_value`"},
    {"ignore-versions", kNewValue, "it is a key of `new_value`"},
    {"prefix-length", kNewValue, "it is a key of `new_value`"},
};

class CorrelationParser {
 public:
  CorrelationParser(const YamlEntry& section, Correlation& out, Reporter& report)
      : in_{section, out, report}, section_(section), out_(out), report_(report) {}

  void run() {
    if (!section_.value.is_map()) {
      report_.error("S103", section_.key.at, "`correlation` must be a map");
      return;
    }
    const bool known = parse_type();
    check_keys(known);
    if (!known) return;
    if (const YamlEntry* rules = in_.find("rules")) parse_rules(*rules);
    if (const YamlEntry* group_by = in_.find("group-by")) {
      out_.group_by = read_fields(*group_by, report_);
    }
    if (const YamlEntry* generate = in_.find("generate")) parse_generate(*generate);
    if (const YamlEntry* aliases = in_.find("aliases")) parse_aliases(*aliases);
    if (out_.type == Type::new_value) {
      parse_new_value(in_);
    } else {
      parse_timespan();
    }
    if (kind_of(out_.type) == kMeasured) {
      parse_window();
      parse_correlation_condition(in_);
    }
    if (out_.rules.empty() && out_.type != Type::silent_source) {
      report_.error("S102", section_.key.at, "the correlation has no `rules`");
    }
    check_aliases();
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
  void check_keys(bool type_known) {
    std::vector<std::string_view> names;
    for (const Key& key : kKeys) names.push_back(key.name);
    for (const YamlEntry& entry : section_.value.entries) {
      const auto key = std::find_if(std::begin(kKeys), std::end(kKeys),
                                    [&](const Key& one) { return one.name == entry.key.text; });
      if (key == std::end(kKeys)) {
        report_.error("S409", entry.key.at,
                      fmt::format("`{}` is not an attribute of correlations",
                                  text::printable(entry.key.text)),
                      std::string(text::nearest(entry.key.text, names)));
      } else if (type_known && (key->kinds & kind_of(out_.type)) == 0) {
        report_.error(
            "S411", entry.key.at,
            fmt::format("`{}` has no `{}`: {}", to_string(out_.type), key->name, key->hint));
      }
    }
  }

  // The index of the entry's text among `names`; nullopt, reported, when it is not there.
  template <std::size_t N>
  std::optional<std::size_t> choice(const YamlEntry& entry, const std::string_view (&names)[N],
                                    DiagnosticCode code, std::string_view what) {
    const std::string name = entry.value.is_scalar() ? text::folded(entry.value.scalar.text) : "";
    const auto found = std::find(std::begin(names), std::end(names), name);
    if (found != std::end(names)) return static_cast<std::size_t>(found - std::begin(names));
    const std::vector<std::string_view> all(std::begin(names), std::end(names));
    report_.error(code, entry.value.at(),
                  fmt::format("unknown {} `{}`; it is one of {}", what, text::printable(name),
                              fmt::join(all, ", ")),
                  std::string(text::nearest(name, all)));
    return std::nullopt;
  }

  bool parse_type() {
    const YamlEntry* entry = in_.find("type");
    if (entry == nullptr || !entry->value.is_scalar()) {
      report_.error("S102", section_.key.at, "the correlation has no `type`");
      return false;
    }
    const auto index = choice(*entry, kTypes, "S402", "correlation type");
    if (!index) return false;
    out_.type = static_cast<Type>(*index);
    out_.type_at = entry->value.at();
    return true;
  }

  void parse_window() {
    const YamlEntry* entry = in_.find("window");
    if (entry == nullptr) return;
    out_.window_at = entry->value.at();
    const auto index = choice(*entry, kWindows, "S104", "kind of window");
    if (index) out_.window = static_cast<Window>(*index);
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

  // Whether they fit the rules is known when all rules are loaded (linker.cc).
  void check_aliases() {
    for (const Correlation::Alias& alias : out_.aliases) {
      const auto names = [&](const std::vector<std::string>& fields) {
        return std::find(fields.begin(), fields.end(), alias.name) != fields.end();
      };
      if (names(out_.group_by) || names(out_.fields)) continue;
      report_.warning("W622", alias.at,
                      fmt::format("neither `group-by` nor `field` uses the alias `{}`",
                                  text::printable(alias.name)));
    }
  }

  void parse_timespan() {
    const YamlEntry* entry = in_.find("timespan");
    if (entry == nullptr || entry->value.is_null()) {
      report_.error("S102", section_.key.at, "the correlation has no `timespan`");
      return;
    }
    out_.timespan_seconds = read_timespan(*entry, report_).value_or(0);
  }

  CorrelationSection in_;
  const YamlEntry& section_;
  Correlation& out_;
  Reporter& report_;
};

}  // namespace

std::string_view to_string(Correlation::Type type) {
  return kTypes[static_cast<std::size_t>(type)];
}

std::string_view to_string(Correlation::Window window) {
  return kWindows[static_cast<std::size_t>(window)];
}

bool is_temporal(Correlation::Type type) {
  return type == Type::temporal || type == Type::temporal_ordered;
}

std::vector<std::string> read_fields(const YamlEntry& entry, Reporter& report) {
  std::vector<std::string> fields;
  const auto add = [&](const YamlNode& node) {
    if (node.is_scalar() && !node.is_null() && !node.scalar.text.empty()) {
      fields.push_back(node.scalar.text);
    } else {
      report.error("S103", node.at(),
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

std::optional<std::uint64_t> read_timespan(const YamlEntry& entry, Reporter& report) {
  const auto seconds =
      entry.value.is_scalar() ? parse_timespan_text(entry.value.scalar.text) : std::nullopt;
  if (!seconds) {
    report.error("S403", entry.value.at(),
                 "a time span is a whole number and one of s, m, h, d, for example 15m");
  }
  return seconds;
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
