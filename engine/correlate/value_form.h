// Value forms: in which form new_value compares the values of a field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sigma/ast.h"

namespace tocsin::correlate {

struct ValueForm {
  enum class Kind : std::uint8_t { as_is, without_versions, network } kind = Kind::as_is;
  std::uint8_t ipv4 = 32, ipv6 = 128;  // of network: lengths of the prefixes
};

// Of the document's fields[index].
ValueForm form_of(const sigma::Correlation& document, std::size_t index);

// The value in that form: `value` itself or a view into `scratch`. Linear.
//
// without_versions leaves out of user agents and the like
// - version numbers: digits that no letter or digit stands before, the letters that follow them,
//   and what is joined to that by one of . _ + - ~ and has a digit ("2.15.3", "5.10.0-9.amzn2",
//   "25.352-b08", "10_15_7"); and digits after letters when a dot and a digit follow ("v1.2",
//   "go1.20.3", but not "S3", "x86");
// - UUIDs;
// - what the SDKs of AWS say about the single call: words that begin with "command/",
//   "md/command#", "api/" or "m/";
// - the brackets around all of it.
//
// network: an IP address becomes its network, IPv4-mapped IPv6 is IPv4; any other text stays.
std::string_view canonical_value(const ValueForm& form, std::string_view value,
                                 std::string& scratch);

}  // namespace tocsin::correlate
