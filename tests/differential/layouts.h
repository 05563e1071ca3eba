// Many records as one text, in every way in which they come.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "differential/generate/random.h"

namespace tocsin::differential {

struct Layout {
  std::string_view before, between, after;
};

inline const std::vector<Layout>& layouts() {
  static const std::vector<Layout> kLayouts = {
      {"", "\n", "\n"},
      {"", "\n", ""},
      {"", "\r\n", "\r\n"},
      {"\xef\xbb\xbf", "\n", "\n"},
      {"", "\n\n", "\n"},
      {" ", "\n ", " \t\n"},
      {"", "", ""},
      {"", ",\n", "\n"},
      {"", "\n,", "\n"},
      {"", "\r", "\r"},
      {"[", ",", "]"},
      {"[", ", ", "]\n"},
      {"[\n  ", ",\n  ", "\n]\n"},
      {"[\n", "\n,", "\n]\n"},
      {"[[", "],[", "]]"},
      {"{\"Records\":[", ",", "]}"},
      {"{\"Records\":[", ",", "]}\n"},
      {"{\"Records\": [", ", ", "]}\n"},
      {"{ \"Records\" : [\n", ",\n", "\n] }\n"},
      {"{\"a\":1,\"Records\":[", ",", "],\"b\":[{},{\"a\":1}]}\n"},
      {"{\"Records\":[", "]}\n{\"Records\":[", "]}\n"},
      {"{\"detail-type\":\"x\",\"source\":\"y\",\"detail\":",
       "}\n{\"detail-type\":\"x\",\"source\":\"y\",\"detail\":", "}\n"},
      {"[{\"detail-type\":\"x\",\"source\":\"y\",\"detail\":",
       "},{\"detail-type\":\"x\",\"source\":\"y\",\"detail\":", "}]\n"},
      {"{\"logEvents\":[", ",", "]}\n"},
  };
  return kLayouts;
}

}  // namespace tocsin::differential
