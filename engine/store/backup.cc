#include "store/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/commits.h"
#include "store/database.h"
#include "store/folder.h"
#include "store/schema.h"

namespace tocsin::store {
namespace {

namespace fs = std::filesystem;

struct Invariant {
  const char* problem;
  const char* sql;  // gives 0 when it holds
};

constexpr Invariant kInvariants[] = {
    {"a notification has no alert",
     "SELECT count(*) FROM outbox WHERE alert NOT IN (SELECT id FROM alert)"},
    {"an alert has no evidence",
     "SELECT count(*) FROM alert WHERE id NOT IN (SELECT alert FROM "
     "evidence)"},
    {"notifications are not counted right",
     "SELECT count(*) FROM (SELECT receiver, sum(dead = 0), sum(dead) FROM outbox GROUP BY 1 "
     "EXCEPT SELECT * FROM outbox_count)"},
};
constexpr Invariant kInvariantsSince2[] = {
    {"an episode's alert is missing",
     "SELECT count(*) FROM correlation_episode WHERE alert <> 0 AND alert NOT IN (SELECT id FROM "
     "alert)"},
};

tl::unexpected<Error> file_error(const char* what, const std::string& path, int number) {
  return fail(number == EEXIST || number == EACCES || number == EROFS ? Code::refused : Code::io,
              fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(number)));
}

Result<Checked> check_database(Database& database) {
  Checked checked;
  const auto number = [&](const char* sql, auto& out) -> Status {
    const Result<std::int64_t> found = database.number(sql);
    if (!found) return tl::unexpected(found.error());
    out = static_cast<std::remove_reference_t<decltype(out)>>(*found);
    return {};
  };
  const Snapshot snapshot(database);
  Status status = snapshot.status();
  if (!status) return tl::unexpected(std::move(status.error()));
  const Result<std::int64_t> format = format_of(database, migrations());
  if (!format) return tl::unexpected(format.error());
  if (*format == 0) return fail(Code::not_found, database.path() + " is empty");
  checked.summary.format = *format;

  {
    Query query(database, "PRAGMA integrity_check(10)");
    while (query.next()) {
      if (query.text(0) != "ok") checked.problems.push_back(query.text(0));
    }
    status = query.status();
  }
  const auto test = [&](const Invariant& invariant) {
    std::uint64_t broken = 0;
    if (status) status = number(invariant.sql, broken);
    if (broken > 0) checked.problems.emplace_back(invariant.problem);
  };
  for (const Invariant& invariant : kInvariants) test(invariant);
  if (checked.summary.format >= 2) {
    for (const Invariant& invariant : kInvariantsSince2) test(invariant);
  }
  Summary& summary = checked.summary;
  std::uint64_t pages = 0;
  if (status) status = number("SELECT count(*) FROM alert", summary.alerts);
  if (status) status = number("SELECT count(*) FROM outbox WHERE dead = 0", summary.waiting);
  if (status) status = number("SELECT count(*) FROM outbox WHERE dead <> 0", summary.dead);
  if (status) status = number("PRAGMA page_count", pages);
  if (!status) return tl::unexpected(std::move(status.error()));
  summary.bytes = pages * kPageBytes;
  const Result<Mark> mark = mark_of(database);
  if (!mark) return tl::unexpected(mark.error());
  summary.commit = mark->sequence;
  return checked;
}

Result<Summary> sound(Result<Checked> checked, const std::string& path) {
  if (!checked) return tl::unexpected(std::move(checked.error()));
  if (checked->problems.empty()) return checked->summary;
  return fail(Code::invalid_input, fmt::format("{} is damaged: {}", path, checked->problems[0]));
}

Result<Summary> check_file(const std::string& path) {
  Health health;
  const auto database = Database::open(path, Database::Mode::read, {}, health);
  if (!database) return tl::unexpected(database.error());
  return sound(check_database(**database), path);
}

// A store to read from, and what it has lost.
struct Source {
  Folder folder;
  std::unique_ptr<Health> health;
  std::unique_ptr<Database> database;
  std::optional<std::string> loss;
};

Result<Source> open_source(const std::string& path) {
  Result<Folder> folder = Folder::open(path, false);
  if (!folder) return tl::unexpected(std::move(folder.error()));
  // Before the database, which may only be ahead of it.
  const Result<Witness::Reading> witness = Witness::read(folder->witness(), "");
  if (!witness) return tl::unexpected(witness.error());
  Source source{std::move(*folder), std::make_unique<Health>(), nullptr, std::nullopt};
  if (!source.folder.has_database()) {
    source.loss = find_loss(source.folder, *witness, std::nullopt);
    if (!source.loss) return fail(Code::not_found, source.folder.database() + " is empty");
    return source;
  }
  auto database =
      Database::open(source.folder.database(), Database::Mode::read, {}, *source.health);
  if (!database) return tl::unexpected(std::move(database.error()));
  source.database = std::move(*database);
  source.database->keep_log();
  const Result<Mark> mark = mark_of(*source.database);
  if (!mark) return tl::unexpected(mark.error());
  source.loss = find_loss(source.folder, *witness, *mark);
  return source;
}

// An empty file that others cannot read.
Status make_file(const std::string& path) {
  ::unlink(path.c_str());  // of a run that was killed
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return file_error("make", path, errno);
  ::close(fd);
  return {};
}

Status sync_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_error("open", path, errno);
  const int result = ::fsync(fd);
  const int number = errno;
  ::close(fd);
  if (result != 0 && number != EINVAL && number != ENOTSUP) return file_error("sync", path, number);
  return {};
}

Status sync_folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path();
  return sync_file(folder.empty() ? "." : folder, O_DIRECTORY);
}

Status move_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return file_error("move", from, errno);
}

// As the next store of this folder: the number of its last commit is beyond any that was there.
Result<Mark> set_mark(Database& database, const Witness::Reading& witness) {
  if (Status current = migrate(database, migrations()); !current) {
    return tl::unexpected(std::move(current.error()));
  }
  Result<Mark> mark = mark_of(database);
  if (!mark) return mark;
  if (witness.mark) mark->store = witness.mark->store;
  mark->sequence = std::max(mark->sequence, witness.mark.value_or(Mark{}).sequence) + 1;
  Status status = database.begin_write();
  if (status) {
    status = run(database, "UPDATE commit_state SET store = ?, sequence = ?", mark->store,
                 mark->sequence);
  }
  if (status) status = database.commit();
  if (!status) return tl::unexpected(std::move(status.error()));
  return mark;
}

// `to` gets what `file` says; nullopt of Result: an error.
Result<Mark> prepare(const std::string& file, const std::string& to,
                     const Witness::Reading& witness) {
  Health health;
  if (Status made = make_file(to); !made) return tl::unexpected(std::move(made.error()));
  {
    const auto source = Database::open(file, Database::Mode::read, {}, health);
    if (!source) return tl::unexpected(source.error());
    if (Status copied = (*source)->copy_to(to); !copied) {
      return tl::unexpected(std::move(copied.error()));
    }
  }
  const auto database = Database::open(to, Database::Mode::write, {}, health);
  if (!database) return tl::unexpected(database.error());
  return set_mark(**database, witness);
}

// A new folder for the files of the store, with a copy of its witness; "": there are none.
Result<std::string> make_aside(const Folder& folder) {
  if (!folder.has_database() && folder.log_bytes() == 0) return "";
  for (int number = 1;; ++number) {
    const std::string aside = fmt::format("{}/replaced-{}", folder.path(), number);
    if (::mkdir(aside.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      return tl::unexpected(Error{file_error("make", aside, errno).value()});
    }
    std::error_code ignored;  // there may be none
    fs::copy_file(folder.witness(), aside + "/tocsin.db-witness", ignored);
    return aside;
  }
}

Status move_aside(const Folder& folder, const std::string& aside) {
  for (const char* const suffix : {"-wal", "-shm", "-journal", ""}) {
    const std::string from = folder.database() + suffix;
    if (::access(from.c_str(), F_OK) != 0) continue;
    if (Status moved = move_file(from, aside + "/tocsin.db" + suffix); !moved) return moved;
  }
  return sync_file(aside, O_DIRECTORY);
}

}  // namespace

Result<Checked> check_store(const std::string& folder) {
  const Result<Source> source = open_source(folder);
  if (!source) return tl::unexpected(source.error());
  Checked checked;
  if (source->database != nullptr) {
    Result<Checked> found = check_database(*source->database);
    if (!found) return found;
    checked = std::move(*found);
  }
  if (source->loss) checked.problems.push_back(loss_error(source->folder, *source->loss).message);
  return checked;
}

Result<Summary> back_up(const std::string& folder, const std::string& file) {
  const Result<Source> source = open_source(folder);
  if (!source) return tl::unexpected(source.error());
  if (source->loss) return tl::unexpected(loss_error(source->folder, *source->loss));
  if (::access(file.c_str(), F_OK) == 0) {
    return fail(Code::refused, file + " exists already; give the backup another name");
  }
  const std::string partial = file + ".partial";
  if (Status made = make_file(partial); !made) return tl::unexpected(std::move(made.error()));
  Result<Summary> summary;
  Status status = source->database->copy_to(partial);
  if (status) {
    summary = check_file(partial);
    if (!summary) status = tl::unexpected(summary.error());
  }
  if (status) status = sync_file(partial, 0);
  if (status) status = move_file(partial, file);
  if (status) status = sync_folder_of(file);
  if (!status) ::unlink(partial.c_str());
  if (!status) return tl::unexpected(std::move(status.error()));
  return summary;
}

// From when the witness has the new mark, only the new database is a complete store: whatever of
// the old one is still in place ends before it.
Result<Restored> restore(const std::string& file, const std::string& path) {
  Restored restored;
  Result<Summary> summary = check_file(file);
  if (!summary) return tl::unexpected(std::move(summary.error()));
  restored.summary = *summary;
  Result<Folder> folder = Folder::open(path, true);
  if (!folder) return tl::unexpected(folder.error());
  if (Status made = folder->make_database(); !made) return tl::unexpected(std::move(made.error()));
  const Result<Witness::Reading> witness = Witness::read(folder->witness(), "");
  if (!witness) return tl::unexpected(witness.error());

  const std::string next = folder->database() + "-restoring";
  const Result<Mark> mark = prepare(file, next, *witness);
  Status status = mark ? sync_file(next, 0) : tl::unexpected(mark.error());
  if (!status) {
    ::unlink(next.c_str());
    return tl::unexpected(std::move(status.error()));
  }
  Result<std::string> aside = make_aside(*folder);
  if (!aside) return tl::unexpected(std::move(aside.error()));
  restored.replaced = std::move(*aside);
  Health health;
  const auto renewed = Witness::open(folder->witness(), "", *mark, health);
  if (!renewed) return tl::unexpected(renewed.error());
  if (!restored.replaced.empty()) status = move_aside(*folder, restored.replaced);
  if (!status) return tl::unexpected(std::move(status.error()));
  status = move_file(next, folder->database());
  if (status) status = sync_folder_of(folder->database());
  if (status) status = sync_folder_of(folder->path());
  if (!status) return tl::unexpected(std::move(status.error()));
  return restored;
}

}  // namespace tocsin::store
