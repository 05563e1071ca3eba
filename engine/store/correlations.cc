// What is kept for detections over time: the journal of hits, and values that are known.
#include <algorithm>
#include <vector>

#include "base/sabotage.h"
#include "base/time.h"
#include "store/store_impl.h"

namespace tocsin::store {
namespace {

// What one value takes in the database, with the page's unused part.
constexpr std::uint64_t kKnownBytes = 56;
// Of so many values after a new one, so many are forgotten.
constexpr std::size_t kLookedAt = 64, kForgotten = 8;

// A time in whole seconds and the rest, which is not negative.
struct Split {
  std::int64_t seconds, rest;
};

Split split(std::int64_t time) {
  const std::int64_t rest = time % kSecond;
  const std::int64_t seconds = time / kSecond;
  return rest < 0 ? Split{seconds - 1, rest + kSecond} : Split{seconds, rest};
}

std::int64_t join(std::int64_t seconds, std::int64_t rest) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(seconds) * std::uint64_t{kSecond} +
                                   static_cast<std::uint64_t>(rest));
}

struct LeastUsed {
  std::int64_t seconds = 0, rest = 0;  // of its last use
  Key key{};
  auto operator<=>(const LeastUsed&) const = default;
};

Status add_candidates(Query& query, std::vector<LeastUsed>& out) {
  while (query.next()) out.push_back({query.integer(1), query.integer(2), query.key(0)});
  return query.status();
}

// Keys are hashes, so those after a new one are as good as any.
Status make_room(Database& database, const Key& added, Tally::State& tally) {
  std::vector<LeastUsed> candidates;
  {
    Query query(database,
                "SELECT key, first_s + last_s, last_ns FROM correlation_known WHERE key > ? "
                "ORDER BY key LIMIT ?");
    query.bind(added, kLookedAt);
    if (Status status = add_candidates(query, candidates); !status) return status;
  }
  if (candidates.size() < kLookedAt) {
    Query query(database,
                "SELECT key, first_s + last_s, last_ns FROM correlation_known WHERE key < ? "
                "ORDER BY key LIMIT ?");
    query.bind(added, kLookedAt - candidates.size());
    if (Status status = add_candidates(query, candidates); !status) return status;
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.resize(std::min(candidates.size(), kForgotten));
  for (const LeastUsed& candidate : candidates) {
    Status status = run(database, "DELETE FROM correlation_known WHERE key = ?", candidate.key);
    if (!status) return status;
    --tally.known;
    ++tally.evicted;
  }
  return {};
}

Result<std::optional<Hits>> find_hits(Database& database, std::int64_t seq) {
  Query query(database,
              "SELECT seq, hits FROM correlation_hits WHERE seq <= ? ORDER BY seq DESC LIMIT 1");
  query.bind(seq);
  if (query.next()) return Hits{query.integer(0), query.text(1)};
  if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  return std::nullopt;
}

// Bytes of the row; 0: there is none.
Result<std::uint64_t> length_of(Database& database, std::int64_t seq) {
  Query query(database, "SELECT length(hits) FROM correlation_hits WHERE seq = ?");
  query.bind(seq);
  if (query.next()) return query.natural(0);
  if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  return 0;
}

Result<std::optional<Known>> find_value(Database& database, const Key& key) {
  Query query(database,
              "SELECT first_s, first_ns, last_s, last_ns, count FROM correlation_known "
              "WHERE key = ?");
  query.bind(key);
  if (query.next()) {
    const std::int64_t first = query.integer(0);
    return Known{join(first, query.integer(1)), join(first + query.integer(2), query.integer(3)),
                 query.natural(4)};
  }
  if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  return std::nullopt;
}

// Rows that `sql` selects with their lengths, at most kRowsAtOnce, until `keep_bytes` are left.
Result<DroppedHits> drop_hits(Database& database, Tally::State& tally, const char* sql,
                              std::int64_t argument, std::optional<std::uint64_t> keep_bytes) {
  DroppedHits dropped;
  std::vector<std::int64_t> rows;
  {
    Query query(database, sql);
    query.bind(argument, kRowsAtOnce);
    while ((!keep_bytes || tally.hit_bytes - dropped.bytes > *keep_bytes) && query.next()) {
      rows.push_back(query.integer(0));
      dropped.bytes += query.natural(1);
    }
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  }
  for (const std::int64_t row : rows) {
    Status status = run(database, "DELETE FROM correlation_hits WHERE seq = ?", row);
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  dropped.rows = rows.size();
  tally.hit_bytes -= dropped.bytes;
  return dropped;
}

}  // namespace

std::uint64_t known_limit(const StoreOptions& options) {
  return std::max<std::uint64_t>(kForgotten,
                                 std::min(options.max_known, options.max_bytes / 4 / kKnownBytes));
}

Status Transaction::add_hits(std::int64_t seq, Milliseconds until, std::string_view hits) {
  return impl_->attempt<void>([&](Database& database) -> Status {
    const Result<std::uint64_t> before = length_of(database, seq);
    if (!before) return tl::unexpected(before.error());
    Query query(database, sabotage::on("wedge_heard_hits")
                              ? "INSERT INTO correlation_hits VALUES (?, ?, ?)"
                              : "INSERT INTO correlation_hits VALUES (?, ?, ?) ON CONFLICT (seq) "
                                "DO UPDATE SET until = max(until, excluded.until), "
                                "hits = excluded.hits");
    query.bind(seq, until).bind_blob(hits);
    Status status = query.run();
    std::uint64_t& bytes = impl_->store.tally.state().hit_bytes;
    if (status) bytes = bytes - *before + hits.size();
    return status;
  });
}

Result<DroppedHits> Transaction::prune_hits(Milliseconds watermark, std::uint64_t max_bytes) {
  return impl_->attempt<DroppedHits>([&](Database& database) -> Result<DroppedHits> {
    Tally::State& tally = impl_->store.tally.state();
    Result<DroppedHits> useless =
        drop_hits(database, tally,
                  "SELECT seq, length(hits) FROM correlation_hits WHERE until < ? "
                  "ORDER BY until LIMIT ?",
                  watermark, std::nullopt);
    if (!useless) return useless;
    return drop_hits(database, tally,
                     "SELECT seq, length(hits) FROM correlation_hits WHERE seq >= ? "
                     "ORDER BY seq LIMIT ?",
                     std::numeric_limits<std::int64_t>::min(), max_bytes);
  });
}

Result<std::optional<Hits>> Transaction::hits_at(std::int64_t seq) {
  using Found = std::optional<Hits>;
  return impl_->attempt<Found>([&](Database& database) { return find_hits(database, seq); });
}

Result<std::optional<Known>> Transaction::find_known(const Key& key) {
  using Found = std::optional<Known>;
  return impl_->attempt<Found>([&](Database& database) { return find_value(database, key); });
}

Status Transaction::save_known(const Key& key, const Known& known) {
  return impl_->attempt<void>([&](Database& database) -> Status {
    const Split first = split(known.first), last = split(known.last);
    const std::int64_t later = last.seconds - first.seconds;
    Status status = run(database,
                        "UPDATE correlation_known SET first_s = ?, first_ns = ?, last_s = ?, "
                        "last_ns = ?, count = ? WHERE key = ?",
                        first.seconds, first.rest, later, last.rest, known.count, key);
    if (!status || database.changes() > 0) return status;
    status = run(database, "INSERT INTO correlation_known VALUES (?, ?, ?, ?, ?, ?)", key,
                 first.seconds, first.rest, later, last.rest, known.count);
    if (!status) return status;
    Tally::State& tally = impl_->store.tally.state();
    if (++tally.known <= known_limit(impl_->store.options)) return {};
    return make_room(database, key, tally);
  });
}

Status Transaction::forget_known(const Key& key) {
  return impl_->attempt<void>([&](Database& database) {
    Status status = run(database, "DELETE FROM correlation_known WHERE key = ?", key);
    if (status) impl_->store.tally.state().known -= database.changes();
    return status;
  });
}

Result<std::optional<Hits>> Store::hits_at(std::int64_t seq) {
  std::optional<Hits> found;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    auto row = find_hits(database, seq);
    if (!row) return tl::unexpected(std::move(row.error()));
    found = std::move(*row);
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Result<std::optional<Known>> Store::find_known(const Key& key) {
  std::optional<Known> found;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    auto row = find_value(database, key);
    if (!row) return tl::unexpected(std::move(row.error()));
    found = *row;
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Status Store::each_hits(
    const std::function<Status(std::int64_t seq, std::string_view hits)>& visit) {
  auto connection = Database::open(impl_->folder.database(), Database::Mode::read,
                                   impl_->options.seams, impl_->health);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  Query query(**connection, "SELECT seq, hits FROM correlation_hits ORDER BY seq");
  while (query.next()) {
    if (Status visited = visit(query.integer(0), query.bytes(1)); !visited) return visited;
  }
  return query.status();
}

}  // namespace tocsin::store
