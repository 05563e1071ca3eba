#include "pipeline/positions.h"

#include <algorithm>
#include <utility>

namespace tocsin::pipeline {

void Positions::add(const Findings& findings) {
  const source::Place& place = findings.place;
  if (place.sequence == nullptr) return;
  Finished& finished = by_sequence_[place.sequence];
  finished.source = findings.source;
  finished.done.emplace(place.number, place.position);
}

bool Positions::must_be_written() const {
  return std::any_of(by_sequence_.begin(), by_sequence_.end(), [](const auto& entry) {
    return !entry.first->reach(entry.second.done).empty();
  });
}

Status Positions::write(store::Transaction& transaction) const {
  for (const auto& [sequence, finished] : by_sequence_) {
    const std::string position = sequence->reach(finished.done);
    if (position.empty()) continue;
    if (Status saved = transaction.save_checkpoint(finished.source, position); !saved) return saved;
  }
  return {};
}

void Positions::committed() {
  for (auto& [sequence, finished] : by_sequence_) sequence->add(std::move(finished.done));
  by_sequence_.clear();
}

}  // namespace tocsin::pipeline
