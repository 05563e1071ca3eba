// Digests: which rows have been told together and are to be told together again, under the same
// key, because the receiver may have taken the message although it did not say so. Kept in memory
// only: after a restart rows are put together anew, each still with its own key inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tocsin::deliver {

class Digests {
 public:
  // Beyond so many rows everything is forgotten, as after a restart: this must not grow while a
  // receiver is away.
  static constexpr std::size_t kRows = 20'000;

  using Rows = std::vector<std::int64_t>;

  void keep(const Rows& rows) {
    if (group_of_.size() + rows.size() > kRows) group_of_.clear();
    const auto group = std::make_shared<const Rows>(rows);
    for (const std::int64_t row : rows) group_of_[row] = group;
  }
  // The rows that belong together with `row`, itself included; nullptr when it is on its own.
  std::shared_ptr<const Rows> find(std::int64_t row) const {
    const auto found = group_of_.find(row);
    return found == group_of_.end() ? nullptr : found->second;
  }
  void forget(const Rows& rows) {
    for (const std::int64_t row : rows) group_of_.erase(row);
  }

 private:
  std::unordered_map<std::int64_t, std::shared_ptr<const Rows>> group_of_;
};

}  // namespace tocsin::deliver
