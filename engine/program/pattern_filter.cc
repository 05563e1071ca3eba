#include "program/pattern_filter.h"

namespace tocsin::program {
namespace {

// So few globs are faster tried than looked up; a regex costs more than a look-up.
constexpr std::size_t kFewGlobs = 12;

}  // namespace

PatternFilter PatternFilter::over(const std::vector<std::string>& literals) {
  PatternFilter filter;
  if (literals.size() < kFewGlobs) return filter;
  for (std::uint32_t i = 0; i < literals.size(); ++i) filter.add(i, literals[i]);
  filter.literals_.build();
  return filter;
}

PatternFilter PatternFilter::over(const std::vector<std::vector<std::string>>& literals) {
  PatternFilter filter;
  for (std::uint32_t i = 0; i < literals.size(); ++i) {
    if (literals[i].empty()) filter.add(i, {});
    for (const std::string& literal : literals[i]) filter.add(i, literal);
  }
  filter.literals_.build();
  return filter;
}

void PatternFilter::add(std::uint32_t pattern, const std::string& literal) {
  if (literal.empty()) {
    always_.push_back(pattern);
    return;
  }
  const std::uint32_t number = literals_.insert(literal);
  if (number == patterns_.size()) patterns_.emplace_back();
  patterns_[number].push_back(pattern);
}

}  // namespace tocsin::program
