#include "correlate/group.h"

#include <algorithm>

#include "base/siphash.h"

namespace tocsin::correlate {

std::size_t ValueHasher::operator()(const Value& value) const {
  return table_hash({reinterpret_cast<const char*>(&value), sizeof value});
}

std::size_t first_at(const std::vector<Entry>& hits, Time time) {
  const auto at = std::lower_bound(hits.begin(), hits.end(), time,
                                   [](const Entry& hit, Time limit) { return hit.time < limit; });
  return static_cast<std::size_t>(at - hits.begin());
}

std::size_t first_after(const std::vector<Entry>& hits, Time time) {
  const auto at = std::upper_bound(hits.begin(), hits.end(), time,
                                   [](Time limit, const Entry& hit) { return limit < hit.time; });
  return static_cast<std::size_t>(at - hits.begin());
}

}  // namespace tocsin::correlate
