#include "program/operand.h"

#include <algorithm>
#include <utility>

#include "program/encoding.h"
#include "program/expansion.h"

namespace tocsin::program {
namespace {

using sigma::Modifier;
using Part = Pattern::Part;
using Operands = std::vector<Operand>;

void make_open(Pattern& pattern, bool start, bool end) {
  const Part star{Part::Kind::any_string, {}};
  auto& parts = pattern.parts;
  if (start && (parts.empty() || parts.front().kind != Part::Kind::any_string)) {
    parts.insert(parts.begin(), star);
  }
  if (end && (parts.empty() || parts.back().kind != Part::Kind::any_string)) parts.push_back(star);
}

void open(Operand& operand, bool start, bool end) {
  switch (operand.kind) {
    case Operand::Kind::scalar:
      operand.kind = Operand::Kind::string;
      [[fallthrough]];
    case Operand::Kind::string:
      make_open(operand.pattern, start, end);
      break;
    case Operand::Kind::field:
      operand.affix = start && end ? Affix::anywhere : start ? Affix::suffix : Affix::prefix;
      break;
    default:
      break;  // a regex is unanchored already
  }
}

class Application {
 public:
  Application(const sigma::DetectionItem& item, const sigma::Lists& lists,
              std::vector<std::string>& lists_used)
      : item_(item), lists_(lists), lists_used_(lists_used) {}

  Result<Operands> run(const sigma::Value& value) {
    Operands operands = {initial(value)};
    for (const sigma::ModifierUse& use : item_.modifiers) {
      if (auto applied = apply(use.kind, operands); !applied) {
        return tl::unexpected<Error>(applied.error());
      }
    }
    return operands;
  }

 private:
  Operand initial(const sigma::Value& value) const {
    Operand operand;
    switch (value.kind) {
      case sigma::Value::Kind::null:
        break;
      case sigma::Value::Kind::boolean:
      case sigma::Value::Kind::integer:
      case sigma::Value::Kind::floating:
        operand.kind = Operand::Kind::scalar;
        operand.pattern = Pattern::literal(value.text);
        break;
      case sigma::Value::Kind::string:
        operand.kind = Operand::Kind::string;
        operand.pattern =
            item_.has(Modifier::re) ? Pattern::literal(value.text) : Pattern::parse(value.text);
    }
    return operand;
  }

  Status apply(Modifier modifier, Operands& operands) {
    switch (modifier) {
      case Modifier::windash:
        return multiply(operands, [](const Operand& o) { return expand_dashes(o.pattern); });
      case Modifier::expand:
        return multiply(operands, [this](const Operand& o) {
          return expand_lists(o.pattern, lists_, o.kind == Operand::Kind::regex, lists_used_);
        });
      case Modifier::base64offset:
        return offsets(operands);
      default:
        for (Operand& operand : operands) {
          if (auto applied = apply_one(modifier, operand); !applied) return applied;
        }
        return {};
    }
  }

  Status apply_one(Modifier modifier, Operand& operand) {
    switch (modifier) {
      case Modifier::contains:
        open(operand, true, true);
        return {};
      case Modifier::startswith:
        open(operand, false, true);
        return {};
      case Modifier::endswith:
        open(operand, true, false);
        return {};
      case Modifier::cased:
        operand.cased = true;
        return {};
      case Modifier::re:
        operand.kind = Operand::Kind::regex;
        return {};
      case Modifier::i:
        operand.ignore_case = true;
        return {};
      case Modifier::m:
        operand.multi_line = true;
        return {};
      case Modifier::s:
        operand.dot_all = true;
        return {};
      case Modifier::cidr:
        operand.kind = Operand::Kind::cidr;
        return {};
      case Modifier::exists:
        operand.kind = Operand::Kind::exists;
        return {};
      case Modifier::fieldref:
        operand.kind = Operand::Kind::field;
        return {};
      case Modifier::lt:
        return compare(operand, Order::less);
      case Modifier::lte:
        return compare(operand, Order::less_or_equal);
      case Modifier::gt:
        return compare(operand, Order::greater);
      case Modifier::gte:
        return compare(operand, Order::greater_or_equal);
      case Modifier::minute:
        return time_part(operand, TimePart::minute);
      case Modifier::hour:
        return time_part(operand, TimePart::hour);
      case Modifier::day:
        return time_part(operand, TimePart::day);
      case Modifier::week:
        return time_part(operand, TimePart::week);
      case Modifier::month:
        return time_part(operand, TimePart::month);
      case Modifier::year:
        return time_part(operand, TimePart::year);
      case Modifier::base64:
        return encode(operand, [](const std::string& s) { return base64(s); });
      case Modifier::wide:
      case Modifier::utf16le:
        return encode_utf16(operand, Utf16::little_endian);
      case Modifier::utf16be:
        return encode_utf16(operand, Utf16::big_endian);
      case Modifier::utf16:
        return encode_utf16(operand, Utf16::with_mark);
      case Modifier::all:  // how values are linked: lower.cc
      case Modifier::neq:
      case Modifier::expand:
      case Modifier::windash:
      case Modifier::base64offset:
        return {};
    }
    return {};
  }

  static Status compare(Operand& operand, Order order) {
    operand.order = order;
    if (operand.kind != Operand::Kind::time_part) operand.kind = Operand::Kind::order;
    return {};
  }

  static Status time_part(Operand& operand, TimePart part) {
    operand.kind = Operand::Kind::time_part;
    operand.part = part;
    return {};
  }

  // Encodes the literals; wildcards stay where they are (utf16) or are refused (base64).
  template <class Encode>
  static Status encode(Operand& operand, Encode encode_text) {
    if (operand.pattern.has_wildcards()) {
      return fail(Code::invalid_input,
                  "a value with wildcards has no base64 form; escape them or remove them");
    }
    operand.kind = Operand::Kind::string;
    operand.pattern = Pattern::literal(encode_text(operand.pattern.plain()));
    return {};
  }

  static Status encode_utf16(Operand& operand, Utf16 form) {
    Pattern out;
    bool first = true;
    for (Part& part : operand.pattern.parts) {
      if (part.kind == Part::Kind::literal) {
        const bool mark = form == Utf16::with_mark && first;
        part.text = utf16(part.text, mark                        ? form
                                     : form == Utf16::big_endian ? form
                                                                 : Utf16::little_endian);
        first = false;
      }
      out.append(part);
    }
    operand.pattern = std::move(out);
    return {};
  }

  static Status offsets(Operands& operands) {
    Operands out;
    for (Operand& operand : operands) {
      if (operand.pattern.has_wildcards()) {
        return fail(Code::invalid_input,
                    "a value with wildcards has no base64 form; escape them or remove them");
      }
      for (std::string& variant : base64_offsets(operand.pattern.plain())) {
        Operand copy = operand;
        copy.kind = Operand::Kind::string;
        copy.pattern = Pattern::literal(std::move(variant));
        out.push_back(std::move(copy));
      }
    }
    operands = std::move(out);
    return {};
  }

  // Replaces each operand by copies of it, one for each pattern that its own stands for.
  template <class Expand>
  static Status multiply(Operands& operands, Expand expand_pattern) {
    Operands out;
    for (const Operand& operand : operands) {
      auto patterns = expand_pattern(operand);
      if (!patterns) return tl::unexpected<Error>(patterns.error());
      for (Pattern& pattern : *patterns) {
        out.push_back(operand);
        out.back().pattern = std::move(pattern);
      }
    }
    operands = std::move(out);
    return {};
  }

  const sigma::DetectionItem& item_;
  const sigma::Lists& lists_;
  std::vector<std::string>& lists_used_;
};

}  // namespace

Result<std::vector<Operand>> apply_modifiers(const sigma::DetectionItem& item,
                                             const sigma::Value& value, const sigma::Lists& lists,
                                             std::vector<std::string>& lists_used) {
  return Application(item, lists, lists_used).run(value);
}

}  // namespace tocsin::program
