#include "sigma/modifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::sigma {
namespace {

struct Name {
  std::string_view text;
  Modifier modifier;
};

// In the order of the enumeration, aliases at the end.
constexpr Name kNames[] = {
    {"contains", Modifier::contains},
    {"startswith", Modifier::startswith},
    {"endswith", Modifier::endswith},
    {"all", Modifier::all},
    {"exists", Modifier::exists},
    {"cased", Modifier::cased},
    {"neq", Modifier::neq},
    {"re", Modifier::re},
    {"i", Modifier::i},
    {"m", Modifier::m},
    {"s", Modifier::s},
    {"base64", Modifier::base64},
    {"base64offset", Modifier::base64offset},
    {"utf16le", Modifier::utf16le},
    {"utf16be", Modifier::utf16be},
    {"utf16", Modifier::utf16},
    {"wide", Modifier::wide},
    {"windash", Modifier::windash},
    {"cidr", Modifier::cidr},
    {"lt", Modifier::lt},
    {"lte", Modifier::lte},
    {"gt", Modifier::gt},
    {"gte", Modifier::gte},
    {"minute", Modifier::minute},
    {"hour", Modifier::hour},
    {"day", Modifier::day},
    {"week", Modifier::week},
    {"month", Modifier::month},
    {"year", Modifier::year},
    {"expand", Modifier::expand},
    {"fieldref", Modifier::fieldref},
    {"ignorecase", Modifier::i},
    {"multiline", Modifier::m},
    {"dotall", Modifier::s},
};

}  // namespace

std::string_view to_string(Modifier modifier) {
  return kNames[static_cast<std::size_t>(modifier)].text;
}

std::optional<Modifier> find_modifier(std::string_view name) {
  for (const Name& known : kNames) {
    if (known.text == name) return known.modifier;
  }
  return std::nullopt;
}

std::string_view nearest_modifier(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Name& known : kNames) names.push_back(known.text);
  return text::nearest(name, names);
}

}  // namespace tocsin::sigma
