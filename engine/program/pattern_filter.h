// PatternFilter: of many patterns, tries only those whose required literal occurs, and each of them
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "program/literal_set.h"
#include "program/work.h"

namespace tocsin::program {

class PatternFilter {
 public:
  PatternFilter() = default;  // tries all patterns

  // By pattern: the literal that it requires, "" for none.
  static PatternFilter over(const std::vector<std::string>& literals);
  // By pattern: the literals of which it requires one, none for unknown.
  static PatternFilter over(const std::vector<std::vector<std::string>>& literals);

  // any() does not look at the text.
  bool tries_all() const { return literals_.empty(); }
  // Whether matches(i) is yes for some pattern i < count; unknown when `work` ran out before one
  // was found. `text` is folded, or its ASCII literals stand in it whatever their case. matches()
  // is called at most once for each pattern, and does not use the set of `work`.
  template <class Matches>
  Truth any(std::string_view text, std::size_t count, Work& work, Matches matches) const {
    Truth found = Truth::no;
    const auto meets = [&](std::size_t pattern) {
      const Truth truth = matches(pattern);
      if (truth != Truth::no) found = truth;
      return truth == Truth::yes;
    };
    if (tries_all()) {
      for (std::size_t i = 0; i < count; ++i) {
        if (meets(i)) return Truth::yes;
      }
      return found;
    }
    for (const std::uint32_t i : always_) {
      if (meets(i)) return Truth::yes;
    }
    work.begin_set(patterns_.size() + count);
    const Truth scanned = literals_.scan(text, work, [&](std::uint32_t literal) {
      if (!work.insert(literal)) return false;
      for (const std::uint32_t i : patterns_[literal]) {
        if (work.insert(patterns_.size() + i) && meets(i)) return true;
      }
      return false;
    });
    return scanned == Truth::no ? found : scanned;
  }

 private:
  void add(std::uint32_t pattern, const std::string& literal);

  LiteralSet literals_;
  std::vector<std::vector<std::uint32_t>> patterns_;  // by literal
  std::vector<std::uint32_t> always_;
};

}  // namespace tocsin::program
