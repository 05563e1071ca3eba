#include "store/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/schema.h"
#include "store/store_impl.h"

namespace tocsin::store {
namespace {

// How far one transaction may go beyond max_bytes before SQLite stops it.
constexpr std::uint64_t kBytesBeyond = std::uint64_t{32} << 20;
// What one firing takes in the database, with the page's unused part.
constexpr std::uint64_t kSeenBytes = 48;

Seen::Options seen_options(const StoreOptions& options) {
  return {std::min(options.max_seen, options.max_bytes / 2 / kSeenBytes), options.seen_for};
}

}  // namespace

Store::Impl::Impl(StoreOptions wanted, Folder opened)
    : options(std::move(wanted)), folder(std::move(opened)), seen(seen_options(options)) {}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() {
  impl_->deliver.set(nullptr);
  impl_->people.set(nullptr);
  impl_->writer.reset();
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  Result<Folder> folder =
      Folder::open(options.folder, options.access == StoreOptions::Access::service);
  if (!folder) return tl::unexpected(std::move(folder.error()));
  auto impl = std::make_unique<Impl>(options, std::move(*folder));
  Status status = impl->open_writer();
  if (status) status = impl->seen.load(*impl->writer);
  if (status) status = impl->tally.load(*impl->writer);
  for (Reader* const reader : {&impl->deliver, &impl->people}) {
    if (!status) break;
    auto opened = impl->connect(Database::Mode::read);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    reader->set(std::move(*opened));
  }
  if (!status) return tl::unexpected(std::move(status.error()));
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<std::unique_ptr<Database>> Store::Impl::connect(Database::Mode mode) {
  return Database::open(folder.database(), mode, options.seams, health);
}

// A database that is not complete is not changed, nor is its log: SQLite would remove the log of an
// empty one when it opens it, and write the log back when it closes it.
Status Store::Impl::open_writer() {
  // Before the database: beside a running service that one may only be ahead.
  const Result<Witness::Reading> witness = Witness::read(folder.witness(), options.seams.vfs);
  if (!witness) return tl::unexpected(witness.error());
  std::optional<std::string> loss;
  if (!folder.has_database()) loss = find_loss(folder, *witness, std::nullopt);
  const bool accepts = is_service() && options.accept_loss;
  if (loss && !accepts) return tl::unexpected(loss_error(folder, *loss));
  if (is_service()) {
    if (Status made = folder.make_database(); !made) return made;
  }
  auto connection = connect(Database::Mode::write);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  writer = std::move(*connection);
  const Result<Mark> mark = mark_of(*writer);
  if (!mark) return tl::unexpected(mark.error());
  // Beside a service that starts for the first time there may be no witness yet.
  if (!loss && (is_service() || witness->mark)) loss = find_loss(folder, *witness, *mark);
  if (loss && !accepts) {
    writer->keep_log();
    return tl::unexpected(loss_error(folder, *loss));
  }
  if (!is_service()) return check_schema(*writer, migrations());
  Status status = migrate(*writer, migrations());
  const std::uint64_t pages = (options.max_bytes + kBytesBeyond) / kPageBytes;
  if (status) status = writer->execute(fmt::format("PRAGMA max_page_count = {}", pages).c_str());
  if (status && loss) status = accept_loss(*writer, *witness, *loss);
  if (status) status = commits.open_witness(*writer, folder, options.seams.vfs);
  return status;
}

Status Store::Impl::begin_write() {
  if (Status healthy = health.status(); !healthy) return healthy;
  if (Status there = folder.still_there(); !there) {
    health.fail_for_ever(there.error().message);
    return there;
  }
  return writer->begin_write();
}

Status Store::Impl::end_write(bool durable) {
  Status status = seen.save(*writer);
  if (status) status = tally.save(*writer);
  if (status) status = commits.save(*writer);
  if (status) status = writer->commit();
  if (!status) {
    roll_back();
    return status;
  }
  seen.committed();
  tally.committed();
  return commits.committed(durable);
}

void Store::Impl::roll_back() {
  writer->roll_back();
  seen.rolled_back();
  tally.rolled_back();
  commits.rolled_back();
}

Result<std::uint64_t> Store::Impl::used_bytes() {
  const Result<std::int64_t> pages = writer->number("PRAGMA page_count");
  if (!pages) return tl::unexpected(pages.error());
  const Result<std::int64_t> unused = writer->number("PRAGMA freelist_count");
  if (!unused) return tl::unexpected(unused.error());
  return static_cast<std::uint64_t>(*pages - *unused) * kPageBytes;
}

Status Store::Impl::check_room() {
  const Result<std::uint64_t> free = folder.free_bytes();
  if (!free) return tl::unexpected(free.error());
  // The database has to find room for what is still in the log.
  const std::uint64_t needed = options.reserve_bytes + writer->log_bytes();
  if (*free < needed) {
    return fail(Code::busy,
                fmt::format("the disk of {} has {} MiB left, and {} MiB are kept in reserve; make "
                            "room on it",
                            folder.database(), *free >> 20, needed >> 20));
  }
  const Result<std::uint64_t> used = used_bytes();
  if (!used) return tl::unexpected(used.error());
  if (*used >= options.max_bytes) {
    return fail(Code::busy,
                fmt::format("{} has reached its limit of {} MiB; `tocsin outbox list` shows what "
                            "waits in it",
                            folder.database(), options.max_bytes >> 20));
  }
  return {};
}

Result<Transaction> Store::begin() {
  if (!impl_->is_service()) {
    return fail(Code::refused, "only the service writes alerts into the store");
  }
  auto impl = std::make_unique<Transaction::Impl>(*impl_);
  if (Status status = impl_->begin_write(); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  if (Status room = impl_->check_room(); !room) {
    impl_->roll_back();
    impl_->writer->checkpoint();  // while there is room: what is told meanwhile needs the log
    return tl::unexpected(std::move(room.error()));
  }
  impl->open = true;
  return Transaction(std::move(impl));
}

Status Store::room() {
  const std::lock_guard lock(impl_->write_mutex);
  if (Status healthy = impl_->health.status(); !healthy) return healthy;
  return impl_->check_room();
}

Status Store::prune(Milliseconds now) {
  return impl_->write([&](Database&) { return impl_->prune(now); });
}

namespace {

// The one value, a blob, that `sql` gives for `name`.
Result<std::optional<std::string>> find_blob(Store::Impl& store, const char* sql,
                                             const std::string& name) {
  std::optional<std::string> found;
  const Status status = store.read(store.people, [&](Database& database) -> Status {
    Query query(database, sql);
    query.bind(name);
    if (query.next()) found = query.text(0);
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

}  // namespace

Result<std::optional<std::string>> Store::checkpoint(const std::string& source) {
  return find_blob(*impl_, "SELECT position FROM checkpoint WHERE source = ?", source);
}

Result<std::optional<std::string>> Store::value(const std::string& name) {
  return find_blob(*impl_, "SELECT value FROM store_value WHERE name = ?", name);
}

Result<std::optional<std::string>> Store::accepted_loss() {
  return value(kAcceptedLoss);
}

Result<StoreStats> Store::stats() {
  StoreStats stats;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    const Result<std::uint64_t> rows = count_outbox(database);
    if (!rows) return tl::unexpected(rows.error());
    const Result<std::int64_t> alerts = database.number("SELECT count(*) FROM alert");
    if (!alerts) return tl::unexpected(alerts.error());
    const Result<std::int64_t> groups = database.number("SELECT count(*) FROM alert_group");
    if (!groups) return tl::unexpected(groups.error());
    stats.outbox_rows = *rows;
    stats.alerts = static_cast<std::uint64_t>(*alerts);
    stats.groups = static_cast<std::uint64_t>(*groups);
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  stats.bytes = impl_->folder.bytes_used();
  stats.seen = impl_->seen.total();
  stats.seen_evicted = impl_->seen.evicted();
  stats.known = impl_->tally.known();
  stats.known_evicted = impl_->tally.evicted();
  stats.alerts_evicted = impl_->alerts_evicted.load(std::memory_order_relaxed);
  return stats;
}

std::uint64_t Store::known_evicted() const {
  return impl_->tally.evicted();
}

bool Store::failed() const {
  return impl_->health.failed();
}

}  // namespace tocsin::store
