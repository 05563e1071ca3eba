// Linking: what can be said only about a set of documents: references between them, and ids,
// names and titles that are used twice.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "sigma/ast.h"

namespace tocsin::sigma {

// The text of a line of a loaded file, "" when it is not at hand.
using LineSource = std::function<std::string(const std::string& file, std::uint32_t line)>;

// Reports problems and removes the correlations that refer to something that does not exist, or to
// themselves in a circle, or whose aliases speak of other rules. Returns how many were removed.
std::size_t link(RuleSet& rules, const LineSource& lines, Diagnostics& diagnostics);

// Finds what references mean: an id, a name or a title, looked for in this order, the first of
// several equal ones. The set must outlive the index and must not change.
class ReferenceIndex {
 public:
  struct Target {
    enum class Kind { none, rule, correlation };
    Kind kind = Kind::none;
    std::size_t index = 0;
  };
  explicit ReferenceIndex(const RuleSet& rules);
  ~ReferenceIndex();
  ReferenceIndex(const ReferenceIndex&) = delete;
  ReferenceIndex& operator=(const ReferenceIndex&) = delete;

  Target find(std::string_view reference) const;
  // Something that can be referred to and looks like `reference`, "" when there is nothing.
  std::string_view nearest(std::string_view reference) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace tocsin::sigma
