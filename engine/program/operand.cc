#include "program/operand.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "program/encoding.h"

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

// Splits the literal parts of a pattern at %name%; `\%` is a plain percent sign.
Pattern with_placeholders(const Pattern& source) {
  Pattern out;
  for (const Part& part : source.parts) {
    if (part.kind != Part::Kind::literal) {
      out.append(part);
      continue;
    }
    std::string literal;
    const std::string& text = part.text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') {
        literal.push_back(text[++i]);
        continue;
      }
      const std::size_t close = text[i] == '%' ? text.find('%', i + 1) : std::string::npos;
      if (close == std::string::npos || close == i + 1) {
        literal.push_back(text[i]);
        continue;
      }
      out.append(Part{Part::Kind::literal, std::exchange(literal, {})});
      out.append(Part{Part::Kind::placeholder, text.substr(i + 1, close - i - 1)});
      i = close;
    }
    out.append(Part{Part::Kind::literal, std::move(literal)});
  }
  return out;
}

tl::unexpected<Error> too_many() {
  return fail(Code::limit, fmt::format("this value expands to more than {} alternatives; split it",
                                       limits::kExpandedValues));
}

// Every way to choose one alternative for each `choose`-able part.
template <class Alternatives>
Status for_each_choice(const Pattern& source, Alternatives alternatives, std::size_t part,
                       const Pattern& chosen, std::vector<Pattern>& out, std::size_t limit) {
  if (part == source.parts.size()) {
    if (out.size() == limit) return too_many();
    out.push_back(chosen);
    return {};
  }
  for (const Pattern& alternative : alternatives(source.parts[part])) {
    Pattern next = chosen;
    next.append(alternative);
    if (auto done = for_each_choice(source, alternatives, part + 1, next, out, limit); !done) {
      return done;
    }
  }
  return {};
}

Pattern single(const Part& part) {
  Pattern pattern;
  pattern.append(part);
  return pattern;
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
        operand.pattern = item_.has(Modifier::re) ? Pattern::literal(value.text)
                                                  : Pattern::parse(value.text);
    }
    return operand;
  }

  Status apply(Modifier modifier, Operands& operands) {
    switch (modifier) {
      case Modifier::expand: return expand(operands);
      case Modifier::windash: return windash(operands);
      case Modifier::base64offset: return offsets(operands);
      default:
        for (Operand& operand : operands) {
          if (auto applied = apply_one(modifier, operand); !applied) return applied;
        }
        return {};
    }
  }

  Status apply_one(Modifier modifier, Operand& operand) {
    switch (modifier) {
      case Modifier::contains: open(operand, true, true); return {};
      case Modifier::startswith: open(operand, false, true); return {};
      case Modifier::endswith: open(operand, true, false); return {};
      case Modifier::cased: operand.cased = true; return {};
      case Modifier::re: operand.kind = Operand::Kind::regex; return {};
      case Modifier::i: operand.ignore_case = true; return {};
      case Modifier::m: operand.multi_line = true; return {};
      case Modifier::s: operand.dot_all = true; return {};
      case Modifier::cidr: operand.kind = Operand::Kind::cidr; return {};
      case Modifier::exists: operand.kind = Operand::Kind::exists; return {};
      case Modifier::fieldref: operand.kind = Operand::Kind::field; return {};
      case Modifier::lt: return compare(operand, Order::less);
      case Modifier::lte: return compare(operand, Order::less_or_equal);
      case Modifier::gt: return compare(operand, Order::greater);
      case Modifier::gte: return compare(operand, Order::greater_or_equal);
      case Modifier::minute: return time_part(operand, TimePart::minute);
      case Modifier::hour: return time_part(operand, TimePart::hour);
      case Modifier::day: return time_part(operand, TimePart::day);
      case Modifier::week: return time_part(operand, TimePart::week);
      case Modifier::month: return time_part(operand, TimePart::month);
      case Modifier::year: return time_part(operand, TimePart::year);
      case Modifier::base64: return encode(operand, [](const std::string& s) { return base64(s); });
      case Modifier::wide:
      case Modifier::utf16le: return encode_utf16(operand, Utf16::little_endian);
      case Modifier::utf16be: return encode_utf16(operand, Utf16::big_endian);
      case Modifier::utf16: return encode_utf16(operand, Utf16::with_mark);
      case Modifier::all:  // how values are linked: lower.cc
      case Modifier::neq:
      case Modifier::expand:
      case Modifier::windash:
      case Modifier::base64offset: return {};
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
        part.text = utf16(part.text, mark ? form
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

  template <class Alternatives>
  static Status multiply(Operands& operands, Alternatives alternatives) {
    Operands out;
    for (Operand& operand : operands) {
      std::vector<Pattern> patterns;
      const std::size_t room = limits::kExpandedValues;
      if (auto done = for_each_choice(operand.pattern, alternatives, 0, Pattern{}, patterns, room);
          !done) {
        return done;
      }
      for (Pattern& pattern : patterns) {
        Operand copy = operand;
        copy.pattern = std::move(pattern);
        out.push_back(std::move(copy));
      }
      if (out.size() > limits::kExpandedValues && operands.size() > 1) return too_many();
    }
    operands = std::move(out);
    return {};
  }

  static Status windash(Operands& operands) {
    for (Operand& operand : operands) {
      Pattern marked;  // dashes become placeholders without a name
      for (const Part& part : operand.pattern.parts) {
        if (part.kind != Part::Kind::literal) {
          marked.append(part);
          continue;
        }
        std::size_t from = 0;
        for (const std::size_t dash : option_dashes(part.text)) {
          marked.append(Part{Part::Kind::literal, part.text.substr(from, dash - from)});
          marked.append(Part{Part::Kind::placeholder, {}});
          from = dash + 1;
        }
        marked.append(Part{Part::Kind::literal, part.text.substr(from)});
      }
      operand.pattern = std::move(marked);
    }
    return multiply(operands, [](const Part& part) {
      std::vector<Pattern> choices;
      if (part.kind == Part::Kind::placeholder && part.text.empty()) {
        for (const std::string_view dash : kDashes) {
          choices.push_back(Pattern::literal(std::string(dash)));
        }
      } else {
        choices.push_back(single(part));
      }
      return choices;
    });
  }

  Status expand(Operands& operands) {
    for (Operand& operand : operands) operand.pattern = with_placeholders(operand.pattern);
    Operands out;
    for (const Operand& operand : operands) {
      if (auto done = expand_one(operand, out); !done) return done;
    }
    operands = std::move(out);
    return {};
  }

  Status expand_one(const Operand& operand, Operands& out) {
    std::size_t placeholders = 0;
    for (const Part& part : operand.pattern.parts) {
      if (part.kind != Part::Kind::placeholder) continue;
      ++placeholders;
      if (lists_.find(part.text) == nullptr) return unknown_list(part.text);
      lists_used_.push_back(part.text);
    }
    // A value that is one placeholder may be a list of any length: an indicator list.
    const bool whole_list = placeholders == 1;
    const bool as_pattern = operand.kind != Operand::Kind::regex;
    const auto alternatives = [&](const Part& part) {
      std::vector<Pattern> choices;
      if (part.kind != Part::Kind::placeholder) {
        choices.push_back(single(part));
        return choices;
      }
      for (const std::string& value : *lists_.find(part.text)) {
        choices.push_back(as_pattern ? Pattern::parse(value) : Pattern::literal(value));
      }
      return choices;
    };
    std::vector<Pattern> patterns;
    const std::size_t room = whole_list ? SIZE_MAX : limits::kExpandedValues;
    if (auto done = for_each_choice(operand.pattern, alternatives, 0, Pattern{}, patterns, room);
        !done) {
      return done;
    }
    for (Pattern& pattern : patterns) {
      Operand copy = operand;
      copy.pattern = std::move(pattern);
      out.push_back(std::move(copy));
    }
    return {};
  }

  tl::unexpected<Error> unknown_list(const std::string& name) const {
    return fail(Code::not_found,
                fmt::format("there is no list `{}`; add a file {}.txt to a lists folder and name "
                            "the folder with --lists",
                            name, name));
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
