#include <fmt/format.h>

#include <algorithm>

#include "base/ip.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "sigma/modifier.h"
#include "sigma/modifier_chain.h"
#include "sigma/value_text.h"

namespace tocsin::sigma {
namespace {

std::string_view describe(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::boolean:
      return "a boolean";
    case Value::Kind::integer:
    case Value::Kind::floating:
      return "a number";
    case Value::Kind::string:
      break;
  }
  return "text";
}

struct TimePart {
  Modifier modifier;
  double least, most;
};

constexpr TimePart kTimeParts[] = {
    {Modifier::minute, 0, 59}, {Modifier::hour, 0, 23},  {Modifier::day, 1, 31},
    {Modifier::week, 1, 53},   {Modifier::month, 1, 12}, {Modifier::year, 0, 9999},
};

// Checks one item. The chain is legal when values are checked.
class ItemCheck {
 public:
  ItemCheck(const DetectionItem& item, Reporter& report) : item_(item), report_(report) {}

  void run() {
    if (!check_modifiers()) return;
    if (item_.has(Modifier::exists) && item_.values.size() != 1) {
      report_.error("S210", item_.at, "`exists` takes exactly one value, true or false");
      return;
    }
    const Accepts accepted = accepts(item_.modifiers);
    for (const Value& value : item_.values) {
      if (check_type(value, accepted)) check_content(value);
    }
    if (!item_.field.empty() && item_.values.size() > 1) check_nulls();
    // A placeholder stands for a list.
    if (item_.has(Modifier::all) && item_.values.size() == 1 && !item_.has(Modifier::expand)) {
      report_.error("S212", place(Modifier::all),
                    "`all` takes a list of values, and this is a single one; leave it out, or put "
                    "a second condition on the field into a selection of its own");
    }
  }

 private:
  bool check_modifiers() {
    if (item_.modifiers.size() > limits::kModifiersPerItem) {
      report_.error("S203", item_.at,
                    fmt::format("more than {} modifiers", limits::kModifiersPerItem));
      return false;
    }
    if (const auto wrong = check_chain(item_.modifiers)) {
      std::string message = fmt::format("`{}` cannot stand here", to_string(wrong->at->kind));
      if (!wrong->reason.empty()) message += fmt::format(": {}", wrong->reason);
      report_.error("S202", wrong->at->at, std::move(message));
      return false;
    }
    for (auto use = item_.modifiers.begin(); use != item_.modifiers.end(); ++use) {
      if (item_.field.empty() && needs_field(use->kind)) {
        report_.error("S205", use->at, fmt::format("`{}` needs a field", to_string(use->kind)));
        return false;
      }
      const bool repeated = std::any_of(item_.modifiers.begin(), use, [&](const ModifierUse& u) {
        return u.kind == use->kind && u.kind != Modifier::base64;
      });
      if (repeated) {
        report_.warning("W614", use->at, fmt::format("`{}` is given twice", to_string(use->kind)));
      }
    }
    return true;
  }

  static bool needs_field(Modifier modifier) {
    switch (modifier) {
      case Modifier::exists:
      case Modifier::fieldref:
      case Modifier::lt:
      case Modifier::lte:
      case Modifier::gt:
      case Modifier::gte:
        return true;
      default:
        break;
    }
    return std::any_of(std::begin(kTimeParts), std::end(kTimeParts),
                       [&](const TimePart& part) { return part.modifier == modifier; });
  }

  bool check_type(const Value& value, Accepts accepted) {
    const Value::Kind kind = value.kind;
    if (item_.field.empty() && kind == Value::Kind::null) {
      report_.error("S211", value.at, "a keyword cannot be null");
      return false;
    }
    std::string_view wanted;
    switch (accepted) {
      case Accepts::anything:
        return true;
      case Accepts::pattern:
        if (kind == Value::Kind::string || value.is_number()) return true;
        wanted = "a regular expression";
        break;
      case Accepts::text:
        if (kind == Value::Kind::string) return true;
        wanted = "text";
        break;
      case Accepts::number:
        if (value.is_number()) return true;
        wanted = "a number";
        break;
      case Accepts::boolean:
        if (kind == Value::Kind::boolean) return true;
        report_.error("S210", value.at, "`exists` takes true or false");
        return false;
    }
    report_type(value, wanted);
    return false;
  }

  void report_type(const Value& value, std::string_view wanted) {
    const auto& modifiers = item_.modifiers;
    const auto first = std::find_if(modifiers.begin(), modifiers.end(), [](const ModifierUse& u) {
      return u.kind != Modifier::all && u.kind != Modifier::neq;
    });
    std::string message = fmt::format("`{}` takes {}, and this is {}", to_string(first->kind),
                                      wanted, describe(value.kind));
    std::string suggestion;
    if (wanted == "a number" && Number::parse(value.text)) {
      message += "; write the number without quotes";
      suggestion = value.text;
    } else if (wanted == "text" && value.kind != Value::Kind::null) {
      message += "; put it in quotes";
      suggestion = fmt::format("'{}'", value.text);
    }
    report_.error("S204", value.at, std::move(message), std::move(suggestion));
  }

  void check_content(const Value& value) {
    if (item_.has(Modifier::expand) && placeholder_names(value.text).empty()) {
      report_.warning("W613", value.at, "there is no %placeholder% for `expand` in this value");
    }
    const bool has_base64 = item_.has(Modifier::base64) || item_.has(Modifier::base64offset);
    if ((has_base64 || item_.has(Modifier::fieldref)) && has_wildcard(value.text)) {
      report_.error("S207", value.at,
                    has_base64 ? "a wildcard cannot be encoded; write \\* or \\? for the character"
                               : "a field name has no wildcards");
    }
    if (const Modifier* wide = wide_modifier(); wide != nullptr && !has_base64) {
      const bool ascii = std::all_of(value.text.begin(), value.text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      if (!ascii) {
        report_.error("S208", value.at,
                      fmt::format("after `{}` only ASCII can be matched as text; add `base64` or "
                                  "`base64offset`",
                                  to_string(*wide)));
      }
    }
    if (item_.has(Modifier::cidr)) check_network(value);
    for (const TimePart& part : kTimeParts) {
      if (item_.has(part.modifier)) check_range(value, part);
    }
    check_breadth(value);
    check_escape(value);
  }

  const Modifier* wide_modifier() const {
    for (const ModifierUse& use : item_.modifiers) {
      switch (use.kind) {
        case Modifier::utf16le:
        case Modifier::utf16be:
        case Modifier::utf16:
        case Modifier::wide:
          return &use.kind;
        default:
          break;
      }
    }
    return nullptr;
  }

  void check_network(const Value& value) {
    if (item_.has(Modifier::expand) && !placeholder_names(value.text).empty()) return;
    const auto network = parse_cidr(value.text);
    if (network) return;
    report_.error("S206", value.at, network.error().message,
                  corrected_cidr(value.text).value_or(""));
  }

  void check_range(const Value& value, const TimePart& part) {
    const auto number = Number::parse(value.text);
    const auto least = Number::parse(fmt::format("{}", part.least));
    const auto most = Number::parse(fmt::format("{}", part.most));
    if (!number ||
        (Number::compare(*number, *least) >= 0 && Number::compare(*number, *most) <= 0)) {
      return;
    }
    report_.error("S209", value.at,
                  fmt::format("`{}` is a number from {} to {}", to_string(part.modifier),
                              part.least, part.most));
  }

  // `field: '*'` is an idiom ("the field has a value"); the same under `contains` is a mistake.
  void check_breadth(const Value& value) {
    if (value.kind != Value::Kind::string || !matches_everything(value.text)) return;
    for (const Modifier affix : {Modifier::contains, Modifier::startswith, Modifier::endswith}) {
      if (!item_.has(affix) || item_.has(Modifier::re) || item_.has(Modifier::fieldref)) continue;
      report_.warning("W612", value.at,
                      fmt::format("`{}` with this value matches every text", to_string(affix)));
      return;
    }
  }

  // In a path, a backslash before a wildcard is rarely meant to make the wildcard literal.
  void check_escape(const Value& value) {
    if (value.kind != Value::Kind::string || item_.has(Modifier::re)) return;
    for (std::size_t i = 0; i + 2 < value.text.size(); ++i) {
      if (value.text[i] != '\\') continue;
      ++i;
      if (value.text[i] != '*' || value.text[i + 1] != '\\') continue;
      report_.warning("W620", value.at,
                      "`\\*` is the character *; for any folder of a path write `\\\\*\\`");
      return;
    }
  }

  void check_nulls() {
    for (const Value& value : item_.values) {
      if (value.kind != Value::Kind::null) continue;
      report_.warning("W611", value.at,
                      "null in a list of values; give it a search identifier of its own");
    }
  }

  Span place(Modifier modifier) const {
    for (const ModifierUse& use : item_.modifiers) {
      if (use.kind == modifier) return use.at;
    }
    return item_.at;
  }

  const DetectionItem& item_;
  Reporter& report_;
};

}  // namespace

void check_item(const DetectionItem& item, Reporter& report) {
  ItemCheck(item, report).run();
}

}  // namespace tocsin::sigma
