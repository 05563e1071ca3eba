#include "pipeline/known_values.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kKept = 50'000;  // twice; some 10 MB

store::Known row_of(const correlate::Memory::Known& known) {
  return {known.first, known.last, known.count};
}

}  // namespace

Result<std::optional<correlate::Memory::Known>> KnownValues::find(const correlate::Key& key) {
  for (const Values* values : {&changed_, &recent_}) {
    if (const auto found = values->find(key); found != values->end()) return found->second;
  }
  if (const auto found = older_.find(key); found != older_.end()) {
    const std::optional<Known> known = found->second;
    keep(key, known);
    return known;
  }
  const Result<std::optional<store::Known>> row =
      transaction_ != nullptr ? transaction_->find_known(key) : store_.find_known(key);
  if (!row) return tl::unexpected(row.error());
  std::optional<Known> known;
  if (*row) known = Known{(*row)->first, (*row)->last, (*row)->count};
  keep(key, known);
  return known;
}

Status KnownValues::save(const correlate::Key& key, const Known& known) {
  changed_[key] = known;
  return {};
}

Status KnownValues::forget(const correlate::Key& key) {
  changed_[key] = std::nullopt;
  return {};
}

Result<std::optional<correlate::Memory::KeptRow>> KnownValues::find_hits(correlate::HitRef ref) {
  const auto seq = static_cast<std::int64_t>(ref);
  Result<std::optional<store::Hits>> row =
      transaction_ != nullptr ? transaction_->hits_at(seq) : store_.hits_at(seq);
  if (!row) return tl::unexpected(std::move(row.error()));
  if (!*row) return std::nullopt;
  return KeptRow{static_cast<correlate::HitRef>((*row)->seq), std::move((*row)->hits)};
}

void KnownValues::keep(const correlate::Key& key, const std::optional<Known>& known) {
  if (recent_.size() >= kKept) {
    older_ = std::move(recent_);
    recent_.clear();
  }
  recent_[key] = known;
}

Status KnownValues::write(store::Transaction& transaction) {
  std::vector<const Values::value_type*> order;
  order.reserve(changed_.size());
  for (const auto& entry : changed_) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  for (const Values::value_type* const entry : order) {
    Status written = entry->second ? transaction.save_known(entry->first, row_of(*entry->second))
                                   : transaction.forget_known(entry->first);
    if (!written) return written;
  }
  return {};
}

void KnownValues::committed() {
  for (const auto& [key, known] : changed_) {
    older_.erase(key);
    keep(key, known);
  }
  changed_.clear();
}

void KnownValues::clear() {
  changed_.clear();
  recent_.clear();
  older_.clear();
}

}  // namespace tocsin::pipeline
