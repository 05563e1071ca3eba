#include "store/commits.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::store {
namespace {

constexpr char kLastAlert[] =
    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'alert'";

std::string behind(const Mark& seen, const Mark& found) {
  std::string alerts;
  if (found.last_alert < seen.last_alert) {
    alerts = fmt::format(", and alerts {} to {} with them", found.last_alert + 1, seen.last_alert);
  }
  return fmt::format(
      "the database ends at commit {}, but commit {} was acknowledged: {} {} missing{}",
      found.sequence, seen.sequence, seen.sequence - found.sequence,
      seen.sequence - found.sequence == 1 ? "commit is" : "commits are", alerts);
}

}  // namespace

Result<Mark> mark_of(Database& database) {
  const Result<std::int64_t> has_marks =
      database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'commit_state'");
  if (!has_marks) return tl::unexpected(has_marks.error());
  Mark mark;
  if (*has_marks == 0) return mark;
  {
    Query query(database, "SELECT store, sequence FROM commit_state");
    if (query.next()) {
      mark.store = query.key(0);
      mark.sequence = query.natural(1);
    }
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  }
  const Result<std::int64_t> last_alert = database.number(kLastAlert);
  if (!last_alert) return tl::unexpected(last_alert.error());
  mark.last_alert = static_cast<std::uint64_t>(*last_alert);
  return mark;
}

std::optional<std::string> find_loss(const Folder& folder, const Witness::Reading& witness,
                                     const std::optional<Mark>& database) {
  const Mark found = database.value_or(Mark{});
  const bool is_used = witness.mark && witness.mark->sequence > 0;
  if (!database) {
    if (is_used || folder.log_bytes() > 0) {
      return fmt::format("{} is missing or empty, but {}", folder.database(),
                         is_used ? fmt::format("commit {} (alerts up to {}) was acknowledged",
                                               witness.mark->sequence, witness.mark->last_alert)
                                 : "it has a write-ahead log");
    }
    return std::nullopt;
  }
  if (is_used && found.store != witness.mark->store && found.sequence > 0) {
    return fmt::format("{} is the database of another store", folder.database());
  }
  if (is_used && found.sequence < witness.mark->sequence) return behind(*witness.mark, found);
  if (!witness.mark && found.sequence > 0) {
    return fmt::format(
        "{} is {}: nothing says whether the database, which ends at commit {}, is "
        "complete",
        folder.witness(), witness.exists ? "damaged" : "missing or empty", found.sequence);
  }
  return std::nullopt;
}

Error loss_error(const Folder& folder, const std::string& loss) {
  return {
      Code::refused,
      fmt::format("the store {} is not what it was: {}. Nothing was changed. Copy the folder if "
                  "you want to examine it; then put a backup in its place (`tocsin store "
                  "restore`), or start once with what is left (`tocsin run --accept-loss`)",
                  folder.path(), loss)};
}

Status accept_loss(Database& database, const Witness::Reading& witness, const std::string& loss) {
  if (Status begun = database.begin_write(); !begun) return begun;
  const auto change = [&]() -> Status {
    Result<Mark> mark = mark_of(database);
    if (!mark) return tl::unexpected(std::move(mark.error()));
    if (witness.mark) mark->store = witness.mark->store;
    mark->sequence = std::max(mark->sequence, witness.mark.value_or(Mark{}).sequence) + 1;
    Status status = run(database, "UPDATE commit_state SET store = ?, sequence = ?", mark->store,
                        mark->sequence);
    if (!status) return status;
    const std::string note = fmt::format("commit {}: {}", mark->sequence, loss);
    Query query(database,
                "INSERT INTO store_value VALUES (?, ?) ON CONFLICT DO UPDATE SET "
                "value = excluded.value");
    query.bind(std::string_view(kAcceptedLoss)).bind_blob(note);
    return query.run();
  };
  Status status = change();
  if (status) return database.commit();
  database.roll_back();
  return status;
}

Status Commits::open_witness(Database& database, const Folder& folder, const std::string& vfs) {
  const Result<Mark> mark = mark_of(database);
  if (!mark) return tl::unexpected(mark.error());
  store_ = mark->store;
  auto witness = Witness::open(folder.witness(), vfs, *mark, database.health());
  if (!witness) return tl::unexpected(std::move(witness.error()));
  witness_ = std::move(*witness);
  return {};
}

// Beside a service a database that was never witnessed stays so: there may be no witness yet.
Status Commits::save(Database& database) {
  next_.reset();
  if (!database.has_changes()) return {};
  Query query(database,
              "UPDATE commit_state SET sequence = sequence + 1 WHERE sequence > 0 OR ? "
              "RETURNING sequence, "
              "(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'alert')");
  query.bind(witness_ != nullptr ? 1 : 0);
  while (query.next()) next_ = Mark{store_, query.natural(0), query.natural(1)};
  return query.status();
}

Status Commits::committed(bool durable) {
  const std::optional<Mark> mark = std::exchange(next_, std::nullopt);
  if (!mark || witness_ == nullptr) return {};
  return witness_->write(*mark, durable);
}

}  // namespace tocsin::store
