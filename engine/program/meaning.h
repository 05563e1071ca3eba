// Meaning: a hash of what a rule matches. Not of what is told about it, nor of the order in which
// anything is written that has no order. Stable over processes and releases.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sigma/ast.h"
#include "sigma/lists.h"

namespace tocsin::program {

using Meaning = std::array<std::uint8_t, 16>;

// Of lists, each computed once: they are long, and many rules read the same.
class ListMeanings {
 public:
  // `lists` must outlive it and stay as they are.
  explicit ListMeanings(const sigma::Lists& lists) : lists_(lists) {}
  const Meaning& of(const std::string& name);

 private:
  const sigma::Lists& lists_;
  std::map<std::string, Meaning> known_;
};

// `lists_used`: by the rule or a filter; a name may be there more than once.
Meaning meaning_of(const sigma::Rule& rule, const std::vector<const sigma::Filter*>& filters,
                   const std::vector<std::string>& lists_used, ListMeanings& lists);

}  // namespace tocsin::program
