#include "sigma/detection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sigma/condition.h"
#include "sigma/modifier.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

class DetectionParser {
 public:
  explicit DetectionParser(Reporter& report) : report_(report) {}

  Detection parse(const YamlNode& node) {
    Detection detection;
    detection.at = node.at();
    switch (node.kind) {
      case YamlNode::Kind::map:
        for (const YamlEntry& entry : node.entries) {
          detection.items.push_back(parse_item(entry));
        }
        break;
      case YamlNode::Kind::scalar:
        if (!node.is_null()) detection.items.push_back(parse_keywords(&node, 1));
        break;
      case YamlNode::Kind::sequence: {
        const bool plain = std::all_of(node.items.begin(), node.items.end(),
                                       [](const YamlNode& item) { return item.is_scalar(); });
        if (!plain) {
          for (const YamlNode& item : node.items) detection.groups.push_back(parse(item));
        } else if (!node.items.empty()) {
          detection.items.push_back(parse_keywords(node.items.data(), node.items.size()));
        }
        break;
      }
    }
    if (detection.items.empty() && detection.groups.empty()) {
      report_.error("S108", node.at(), "this detection is empty");
    }
    return detection;
  }

 private:
  DetectionItem parse_keywords(const YamlNode* first, std::size_t count) {
    DetectionItem item;
    item.at = first->at();
    for (std::size_t i = 0; i < count; ++i) add_value(first[i], item);
    check_item(item, report_);
    return item;
  }

  DetectionItem parse_item(const YamlEntry& entry) {
    DetectionItem item;
    item.at = entry.key.at;
    const std::size_t errors = report_.errors();
    parse_key(entry.key, item);
    const YamlNode& value = entry.value;
    if (value.is_sequence()) {
      for (const YamlNode& element : value.items) add_value(element, item);
    } else {
      add_value(value, item);
    }
    if (item.values.empty() && item.field.empty()) {
      report_.error("S108", entry.key.at, "this list of keywords is empty");
    }
    if (report_.errors() == errors) check_item(item, report_);
    return item;
  }

  // `field|modifier|…`
  void parse_key(const YamlScalar& key, DetectionItem& item) {
    const std::string_view text = key.text;
    std::size_t end = std::min(text.find('|'), text.size());
    item.field = text.substr(0, end);
    while (end < text.size()) {
      const std::size_t start = end + 1;
      end = std::min(text.find('|', start), text.size());
      const std::string_view name = text.substr(start, end - start);
      const Span at = key.within(start, std::max<std::size_t>(name.size(), 1));
      if (const auto modifier = find_modifier(name)) {
        item.modifiers.push_back({*modifier, at});
        continue;
      }
      report_.error("S201", at, fmt::format("unknown modifier `{}`", text::printable(name)),
                    std::string(nearest_modifier(text::trim(name))));
    }
  }

  void add_value(const YamlNode& node, DetectionItem& item) {
    if (node.is_scalar()) {
      item.values.push_back(to_value(node.scalar, item));
      return;
    }
    std::string message = "a field takes a plain value or a list of plain values";
    if (node.is_map() && !node.entries.empty() && !item.field.empty()) {
      message +=
          fmt::format("; for a nested field write `{}.{}` as one key", text::printable(item.field),
                      text::printable(node.entries.front().key.text));
    }
    report_.error("S109", node.at(), std::move(message));
  }

  Value to_value(const YamlScalar& scalar, const DetectionItem& item) {
    const ScalarType type = type_of(scalar);
    Value value{static_cast<Value::Kind>(type), canonical_text(scalar, type), scalar.at};
    const bool as_written = value.text == text::folded(scalar.text);
    if (type != ScalarType::text && type != ScalarType::null && !as_written &&
        !compares_numbers(item)) {
      report_.warning(
          "W617", scalar.at,
          fmt::format("without quotes this reads as {}; quote it if text is meant", value.text),
          fmt::format("'{}'", scalar.text));
    }
    if (type == ScalarType::text && is_old_boolean(scalar)) {
      report_.warning("W617", scalar.at,
                      fmt::format("`{}` is text here, as YAML 1.2 says; tools that read YAML 1.1 "
                                  "take it for a boolean unless it is quoted",
                                  scalar.text),
                      fmt::format("'{}'", scalar.text));
    }
    return value;
  }

  static bool compares_numbers(const DetectionItem& item) {
    return item.has(Modifier::lt) || item.has(Modifier::lte) || item.has(Modifier::gt) ||
           item.has(Modifier::gte);
  }

  Reporter& report_;
};

static_assert(static_cast<int>(ScalarType::null) == static_cast<int>(Value::Kind::null) &&
              static_cast<int>(ScalarType::boolean) == static_cast<int>(Value::Kind::boolean) &&
              static_cast<int>(ScalarType::integer) == static_cast<int>(Value::Kind::integer) &&
              static_cast<int>(ScalarType::floating) == static_cast<int>(Value::Kind::floating) &&
              static_cast<int>(ScalarType::text) == static_cast<int>(Value::Kind::string));

bool mentions(const Condition& condition, std::string_view name) {
  switch (condition.kind) {
    case Condition::Kind::identifier:
      return condition.name == name;
    case Condition::Kind::one_of:
    case Condition::Kind::all_of:
      return selects(condition.name, name);
    default:
      break;
  }
  return std::any_of(condition.args.begin(), condition.args.end(),
                     [&](const Condition& arg) { return mentions(arg, name); });
}

void parse_conditions(const YamlEntry& entry, Detections& out, Reporter& report) {
  ConditionNames names;
  for (const NamedDetection& named : out.named) names.names.push_back(named.name);
  const auto parse_one = [&](const YamlNode& node) {
    if (!node.is_text()) {
      report.error("S103", node.is_null() ? entry.key.at : node.at(), "a condition is text");
      return;
    }
    if (auto condition = parse_condition(node.scalar, names, report)) {
      out.conditions.push_back(std::move(*condition));
    }
  };
  if (!entry.value.is_sequence()) return parse_one(entry.value);
  if (entry.value.items.empty()) report.error("S106", entry.key.at, "`condition` is empty");
  for (const YamlNode& node : entry.value.items) parse_one(node);
}

void check_unused(const Detections& detections, Reporter& report) {
  for (const NamedDetection& named : detections.named) {
    if (named.name.starts_with('_')) continue;
    const bool used =
        std::any_of(detections.conditions.begin(), detections.conditions.end(),
                    [&](const Condition& condition) { return mentions(condition, named.name); });
    if (!used) {
      report.warning("W609", named.at,
                     fmt::format("no condition uses `{}`", text::printable(named.name)));
    }
  }
}

}  // namespace

Detections parse_detections(const YamlEntry& section, std::string_view other, Reporter& report) {
  Detections out;
  if (!section.value.is_map()) {
    report.error("S103", section.key.at,
                 fmt::format("`{}` must be a map of search identifiers and a `condition`",
                             section.key.text));
    return out;
  }
  const std::size_t errors = report.errors();
  const YamlEntry* condition = nullptr;
  DetectionParser parser(report);
  for (const YamlEntry& entry : section.value.entries) {
    if (entry.key.text == other) continue;
    if (entry.key.text == "condition") {
      condition = &entry;
    } else if (entry.key.text == "timeframe") {
      report.warning("W618", entry.key.at,
                     "`timeframe` belongs to the old aggregations and has no effect; write a "
                     "correlation with a `timespan`");
    } else {
      out.named.push_back({entry.key.text, parser.parse(entry.value), entry.key.at});
    }
  }
  if (out.named.empty()) {
    report.error("S108", section.key.at,
                 fmt::format("`{}` has no search identifier", section.key.text));
  } else if (condition != nullptr) {
    parse_conditions(*condition, out, report);
  }
  if (condition == nullptr) {
    report.error("S102", section.key.at, fmt::format("`{}` has no `condition`", section.key.text));
  }
  if (report.errors() == errors) check_unused(out, report);
  return out;
}

}  // namespace tocsin::sigma
