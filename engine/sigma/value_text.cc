#include "sigma/value_text.h"

namespace tocsin::sigma {

bool has_wildcard(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '*' || value[i] == '?') return true;
    const bool escape = value[i] == '\\' && i + 1 < value.size();
    if (escape && (value[i + 1] == '*' || value[i + 1] == '?' || value[i + 1] == '\\')) ++i;
  }
  return false;
}

std::vector<std::string_view> placeholder_names(std::string_view value) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\') {
      ++i;
      continue;
    }
    if (value[i] != '%') continue;
    const std::size_t end = value.find_first_of("%*?", i + 1);
    if (end == std::string_view::npos) break;
    if (value[end] != '%' || end == i + 1) continue;
    names.push_back(value.substr(i + 1, end - i - 1));
    i = end;
  }
  return names;
}

bool matches_everything(std::string_view value) {
  return value.find_first_not_of('*') == std::string_view::npos;
}

}  // namespace tocsin::sigma
