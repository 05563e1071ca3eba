// Operand: one value of a detection item with its modifiers applied. Pure: text in, text out.
// Source: Sigma specification v2.1, appendix "modifiers".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "program/pattern.h"
#include "program/predicate.h"
#include "sigma/ast.h"
#include "sigma/lists.h"

namespace tocsin::program {

struct Operand {
  enum class Kind : std::uint8_t {
    null,
    scalar,
    string,
    regex,
    cidr,
    order,
    time_part,
    exists,
    field,
  };
  Kind kind = Kind::null;
  Pattern pattern;     // string, regex and cidr source, field name; scalar: its canonical text
  bool cased = false;  // string, field
  bool ignore_case = false, multi_line = false, dot_all = false;  // regex
  std::optional<Order> order;                                     // order, time_part
  TimePart part = TimePart::minute;                               // time_part
  Affix affix = Affix::whole;                                     // field
};

// What one value becomes: alternatives linked by OR (windash, base64offset and expand give several,
// an empty list gives none). `lists_used` collects the names of the lists that were read.
// Errors: an unknown list, an impossible encoding, more than limits::kExpandedValues alternatives.
Result<std::vector<Operand>> apply_modifiers(const sigma::DetectionItem& item,
                                             const sigma::Value& value, const sigma::Lists& lists,
                                             std::vector<std::string>& lists_used);

}  // namespace tocsin::program
