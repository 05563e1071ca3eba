#include "sigma/modifier_chain.h"

namespace tocsin::sigma {
namespace {

// Modifiers that stand at the same places. `all` and `neq` are not among them: they do not touch
// values and stand anywhere but beside `exists`.
enum Group : std::uint8_t {
  affix,
  cased,
  wide,
  base64,
  windash,
  re,
  flag,
  cidr,
  compare,
  time_part,
  exists,
  expand,
  fieldref,
  free_standing,
};

Group group_of(Modifier modifier) {
  switch (modifier) {
    case Modifier::contains:
    case Modifier::startswith:
    case Modifier::endswith:
      return affix;
    case Modifier::cased:
      return cased;
    case Modifier::utf16le:
    case Modifier::utf16be:
    case Modifier::utf16:
    case Modifier::wide:
      return wide;
    case Modifier::base64:
    case Modifier::base64offset:
      return base64;
    case Modifier::windash:
      return windash;
    case Modifier::re:
      return re;
    case Modifier::i:
    case Modifier::m:
    case Modifier::s:
      return flag;
    case Modifier::cidr:
      return cidr;
    case Modifier::lt:
    case Modifier::lte:
    case Modifier::gt:
    case Modifier::gte:
      return compare;
    case Modifier::minute:
    case Modifier::hour:
    case Modifier::day:
    case Modifier::week:
    case Modifier::month:
    case Modifier::year:
      return time_part;
    case Modifier::exists:
      return exists;
    case Modifier::expand:
      return expand;
    case Modifier::fieldref:
      return fieldref;
    case Modifier::all:
    case Modifier::neq:
      break;
  }
  return free_standing;
}

// What the value is so far.
enum State : char {
  plain = 'P',       // as written
  expanded = 'E',    // placeholders replaced, otherwise as written
  cased_text = 'C',  // as written, to be matched by case
  other_text = 'T',
  affixed = 'A',    // with wildcards around it
  wide_text = 'W',  // encoded as UTF-16
  encoded = 'B',    // encoded as Base64
  sealed = 'S',     // encoded, with wildcards around it
  regex = 'R',
  network = 'N',
  number = 'M',
  part = 'D',  // of a time
  presence = 'X',
  reference = 'F',
  illegal = '.',
};

struct Row {
  State from;
  std::string_view to;  // the state after each group, in the order of the enumeration
};

// affix, cased, wide, base64, windash, re, flag, cidr, compare, time_part, exists, expand, fieldref
constexpr Row kTransitions[] = {
    {plain, "ACWBTR.NMDXEF"},      {expanded, "ATWBT..N...E."},  {cased_text, "ACWBT......TF"},
    {other_text, "ATWBT......T."}, {affixed, "AAS.A......A."},   {wide_text, "SW.B........."},
    {encoded, "SB.B........."},    {sealed, "SS..........."},    {regex, "R.....R....R."},
    {network, "...........N."},    {number, "............."},    {part, "........M...."},
    {presence, "............."},   {reference, "FF..........."},
};

State next_state(State from, Group group) {
  for (const Row& row : kTransitions) {
    if (row.from == from) return static_cast<State>(row.to[group]);
  }
  return illegal;
}

std::string_view reason(State state, Group group) {
  switch (group) {
    case re:
      return "a regular expression is taken as it is written; put `re` first";
    case flag:
      return "it belongs after `re`";
    case cidr:
      return "a network is taken as it is written; put `cidr` first";
    case exists:
      return "`exists` stands alone";
    case base64:
      if (state == affixed || state == sealed) return "wildcards cannot be encoded; put it before";
      break;
    case wide:
      if (state == encoded) return "put it before the Base64 modifier";
      break;
    case expand:
      if (state == wide_text || state == encoded) return "placeholders are replaced first";
      break;
    case fieldref:
      if (state == affixed) return "put `fieldref` first";
      break;
    case cased:
      if (state == regex) return "regular expressions are case-sensitive unless `i` is given";
      break;
    default:
      break;
  }
  switch (state) {
    case number:
      return "a comparison is not modified further";
    case presence:
      return "`exists` stands alone";
    case part:
      return "only `lt`, `lte`, `gt` and `gte` follow a part of a time";
    default:
      return "";
  }
}

}  // namespace

std::optional<ChainError> check_chain(const std::vector<ModifierUse>& chain) {
  State state = plain;
  bool alone = true;
  for (const ModifierUse& use : chain) {
    const Group group = group_of(use.kind);
    if (group == free_standing) {
      if (state == presence) return ChainError{&use, reason(presence, exists)};
      alone = false;
      continue;
    }
    const State next = group == exists && !alone ? illegal : next_state(state, group);
    if (next == illegal) return ChainError{&use, reason(state, group)};
    state = next;
  }
  return std::nullopt;
}

Accepts accepts(const std::vector<ModifierUse>& chain) {
  for (const ModifierUse& use : chain) {
    switch (group_of(use.kind)) {
      case free_standing:
        continue;
      case re:
        return Accepts::pattern;
      case compare:
      case time_part:
        return Accepts::number;
      case exists:
        return Accepts::boolean;
      default:
        return Accepts::text;
    }
  }
  return Accepts::anything;
}

}  // namespace tocsin::sigma
