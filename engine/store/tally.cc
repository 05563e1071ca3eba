#include "store/tally.h"

namespace tocsin::store {

Status Tally::load(Database& database) {
  Query query(database, "SELECT watermark, next_seq, hit_bytes, known FROM correlation_state");
  if (query.next()) {
    state_.watermark = query.integer(0);
    state_.next_seq = query.integer(1);
    state_.hit_bytes = query.natural(2);
    state_.known = query.natural(3);
  }
  committed();
  return query.status();
}

Status Tally::save(Database& database) {
  State written = saved_;
  written.evicted = state_.evicted;
  if (state_ == written) return {};
  return run(database,
             "UPDATE correlation_state SET watermark = ?, next_seq = ?, hit_bytes = ?, known = ? "
             "WHERE id = 1",
             state_.watermark, state_.next_seq, state_.hit_bytes, state_.known);
}

void Tally::committed() {
  saved_ = state_;
  known_.store(state_.known, std::memory_order_relaxed);
  evicted_.store(state_.evicted, std::memory_order_relaxed);
}

}  // namespace tocsin::store
