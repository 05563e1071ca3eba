// MatchDetails: why a rule was fulfilled, as an alert shows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::program {

template <class Text>
struct BasicFieldMatch {
  Text name;   // "" for keywords
  Text value;  // "" when the match is an absence
  Text operation;
  Text pattern;
};
template <class Text>
struct BasicMatchDetails {
  std::vector<Text> selections;
  std::vector<BasicFieldMatch<Text>> fields;
};
using FieldMatch = BasicFieldMatch<std::string>;
using MatchDetails = BasicMatchDetails<std::string>;
using MatchView = BasicMatchDetails<std::string_view>;

}  // namespace tocsin::program
