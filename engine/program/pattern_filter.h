// PatternFilter: of many patterns, tries only those whose required literal occurs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "program/literal_set.h"

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
  // True when matches(i) is, for some pattern i < count. `text` is folded, or its ASCII literals
  // stand in it whatever their case.
  template <class Matches>
  bool any(std::string_view text, std::size_t count, Matches matches) const {
    if (tries_all()) {
      for (std::size_t i = 0; i < count; ++i) {
        if (matches(i)) return true;
      }
      return false;
    }
    for (const std::uint32_t i : always_) {
      if (matches(i)) return true;
    }
    return literals_.scan(text, [&](std::uint32_t literal) {
      for (const std::uint32_t i : patterns_[literal]) {
        if (matches(i)) return true;
      }
      return false;
    });
  }

 private:
  void add(std::uint32_t pattern, const std::string& literal);

  LiteralSet literals_;
  std::vector<std::vector<std::uint32_t>> patterns_;  // by literal
  std::vector<std::uint32_t> always_;
};

}  // namespace tocsin::program
