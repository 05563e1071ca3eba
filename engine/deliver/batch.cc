#include "deliver/batch.h"

#include <algorithm>

#include "alert/occurrences.h"
#include "net/crypto.h"

namespace tocsin::deliver {

std::vector<std::int64_t> Batch::ids() const {
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back(row.delivery.id);
  return ids;
}

unsigned Batch::attempts() const {
  unsigned most = 0;
  for (const auto& row : rows) most = std::max(most, row.delivery.attempts);
  return most;
}

std::string Batch::key() const {
  if (rows.size() == 1) return rows.front().delivery.key;
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (const auto& row : rows) keys.push_back(row.delivery.key);
  std::sort(keys.begin(), keys.end());
  std::string all;
  for (const std::string& key : keys) all.append(key).append(1, '\n');
  return net::hex(net::as_text(net::sha256(all))).substr(0, 32);
}

Result<Item> make_item(const store::DeliveryWithAlert& row) {
  const store::Delivery& delivery = row.delivery;
  alert::Occurrences occurrences;
  occurrences.source = row.alert.source;
  occurrences.status = delivery.status;
  occurrences.count = delivery.count;
  occurrences.first_seen = delivery.first_seen;
  occurrences.last_seen = delivery.last_seen;
  occurrences.notification = delivery.key;

  Item item;
  item.key = delivery.key;
  item.json = alert::with_occurrences(row.alert.json, occurrences);
  Result<alert::Alert> parsed = alert::parse(item.json);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  if (parsed->id.empty()) return fail(Code::invalid_input, "it is not an alert");
  item.alert = std::move(*parsed);
  return item;
}

}  // namespace tocsin::deliver
