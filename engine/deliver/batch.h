// Batch: the rows of the outbox that one message tells, and what is said about them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deliver/notifier.h"
#include "store/store.h"

namespace tocsin::deliver {

struct Batch {
  std::vector<store::DeliveryWithAlert> rows;  // never empty once picked

  std::vector<std::int64_t> ids() const;
  // Attempts that failed, of the row that was tried most often.
  unsigned attempts() const;
  // Of one row, its own; of several, one that is the same whenever these are told together.
  std::string key() const;
};

// What a notifier is given about a row; the error says what is wrong with it.
Result<Item> make_item(const store::DeliveryWithAlert& row);

}  // namespace tocsin::deliver
