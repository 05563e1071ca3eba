// Submissions that could not be processed.
#include <fmt/format.h>

#include "store/store_impl.h"

namespace tocsin::store {
namespace {

#define TOCSIN_SET_ASIDE_COLUMNS "id, source, received, created, reason, length(bytes)"

SetAside read_set_aside(const Query& query) {
  SetAside out;
  out.id = query.integer(0);
  out.source = query.text(1);
  out.received = query.integer(2);
  out.created = query.integer(3);
  out.reason = query.text(4);
  out.size = query.natural(5);
  return out;
}

Status check_set_aside_room(Database& database, std::uint64_t more) {
  Query query(database, "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM set_aside");
  if (!query.next()) return query.status();
  if (query.natural(0) < kSetAsideRows && query.natural(1) + more <= kSetAsideBytes) return {};
  return fail(Code::busy,
              fmt::format("{} submissions ({} bytes) have been set aside, and there is no room for "
                          "another of {} bytes; see `tocsin aside list` and drop some",
                          query.natural(0), query.natural(1), more));
}

}  // namespace

Result<std::int64_t> Transaction::set_aside(const SetAside& submission) {
  return impl_->attempt<std::int64_t>([&](Database& database) -> Result<std::int64_t> {
    if (Status room = check_set_aside_room(database, submission.bytes.size()); !room) {
      return tl::unexpected(std::move(room.error()));
    }
    Query query(database,
                "INSERT INTO set_aside (source, received, created, reason, bytes) "
                "VALUES (?, ?, ?, ?, ?)");
    query.bind(submission.source, submission.received, submission.created,
               cut_reason(submission.reason));
    query.bind_blob(submission.bytes);
    if (Status status = query.run(); !status) return tl::unexpected(std::move(status.error()));
    return database.last_id();
  });
}

Result<std::vector<SetAside>> Store::list_set_aside(std::size_t limit) {
  std::vector<SetAside> found;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database, "SELECT " TOCSIN_SET_ASIDE_COLUMNS " FROM set_aside ORDER BY id LIMIT ?");
    query.bind(limit);
    while (query.next()) found.push_back(read_set_aside(query));
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Result<std::optional<SetAside>> Store::show_set_aside(std::int64_t id) {
  std::optional<SetAside> found;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database, "SELECT " TOCSIN_SET_ASIDE_COLUMNS ", bytes FROM set_aside WHERE id = ?");
    query.bind(id);
    if (query.next()) {
      found = read_set_aside(query);
      found->bytes = query.text(6);
    }
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Result<std::uint64_t> Store::drop_set_aside(const std::vector<std::int64_t>& ids) {
  std::uint64_t count = 0;
  const Status status = impl_->write([&](Database& database) -> Status {
    for (const std::int64_t id : ids) {
      if (Status gone = run(database, "DELETE FROM set_aside WHERE id = ?", id); !gone) return gone;
      count += database.changes();
    }
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return count;
}

}  // namespace tocsin::store
