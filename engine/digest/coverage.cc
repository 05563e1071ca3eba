#include <algorithm>

#include "digest/chain.h"

namespace tocsin::digest {
namespace {

net::Sha256 hash_of_name(const std::string& bucket, const std::string& key) {
  return net::sha256(bucket + '/' + key);
}

}  // namespace

void Coverage::add(const Digest& digest, bool is_backfill) {
  // A backfill digest has the files that the hour's digest lacks, and says nothing about the
  // others.
  if (!is_backfill) hours_.emplace_back(digest.start, digest.end);
  for (const ListedFile& file : digest.files) files_.push_back(hash_of_name(file.bucket, file.key));
}

void Coverage::seal() {
  std::sort(files_.begin(), files_.end());
  std::sort(hours_.begin(), hours_.end());
  std::vector<std::pair<std::int64_t, std::int64_t>> joined;
  for (const auto& hour : hours_) {
    if (!joined.empty() && hour.first <= joined.back().second) {
      joined.back().second = std::max(joined.back().second, hour.second);
    } else {
      joined.push_back(hour);
    }
  }
  hours_ = std::move(joined);
}

bool Coverage::covers(std::int64_t from, std::int64_t to) const {
  return std::any_of(hours_.begin(), hours_.end(),
                     [&](const auto& hours) { return hours.first <= from && to <= hours.second; });
}

bool Coverage::lists(const std::string& bucket, const std::string& key) const {
  return std::binary_search(files_.begin(), files_.end(), hash_of_name(bucket, key));
}

}  // namespace tocsin::digest
