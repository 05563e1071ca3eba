#include "store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/sabotage.h"

namespace tocsin::store {
namespace {

// How long one waits for the other: the service for `tocsin outbox`, or the other way round.
constexpr int kBusyMs = 5000;
// What is left of the log's file when the log starts over.
constexpr int kLogBytesKept = 16 << 20;

int log_has_grown(void* pages, sqlite3* /*handle*/, const char* /*name*/, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

bool is_no_space(int number) {
  return number == ENOSPC || number == EDQUOT;
}

std::string system_text(int number) {
  return number == 0 ? "" : fmt::format(" ({})", std::generic_category().message(number));
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode,
                                                 const StoreOptions::Seams& seams, Health& health) {
  std::unique_ptr<Database> database(new Database(path, health));
  const int flags = (mode == Mode::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE |
                    SQLITE_OPEN_EXRESCODE;
  const int opened = sqlite3_open_v2(path.c_str(), &database->handle_, flags,
                                     seams.vfs.empty() ? nullptr : seams.vfs.c_str());
  if (opened != SQLITE_OK) return tl::unexpected(database->error(opened));
  if (Status ready = database->set_up(mode, seams); !ready) {
    return tl::unexpected(std::move(ready.error()));
  }
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  // After a failed fsync nothing is written any more, not even the log back into the database.
  if (health_.failed()) keep_log();
  sqlite3_close(handle_);
}

Status Database::set_up(Mode mode, const StoreOptions::Seams& seams) {
  sqlite3_busy_timeout(handle_, kBusyMs);
  for (const int setting : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY}) {
    sqlite3_db_config(handle_, setting, 1, nullptr);
  }
  for (const int setting : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DQS_DDL,
                            SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION}) {
    sqlite3_db_config(handle_, setting, 0, nullptr);
  }
  // A damaged page is noticed when it is read; no mapped files, because an error of the disk would
  // be a signal there; what is deleted need not be overwritten, it is no secret.
  Status status = execute(
      "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
      "PRAGMA secure_delete = OFF;");
  if (!status) return status;
  if (mode == Mode::read) return execute("PRAGMA cache_size = -2048; PRAGMA query_only = ON");

  status = execute("PRAGMA cache_size = -8192; PRAGMA page_size = 4096;");
  if (!status) return status;
  status = execute(fmt::format("PRAGMA journal_size_limit = {};", kLogBytesKept).c_str());
  if (!status) return status;
  {
    Query journal(*this, "PRAGMA journal_mode = WAL");
    if (!journal.next() || journal.text(0) != "wal") {
      if (Status failure = journal.status(); !failure) return failure;
      return fail(Code::unsupported,
                  fmt::format("{} cannot have a write-ahead log: this file system does not support "
                              "it; put the store on a local disk",
                              path_));
    }
  }
  std::string wanted = seams.synchronous;
  if (wanted.empty()) wanted = sabotage::on("no_fsync") ? "OFF" : "FULL";
  status = execute(fmt::format("PRAGMA synchronous = {}", wanted).c_str());
  if (!status) return status;
  const Result<std::int64_t> synchronous = number("PRAGMA synchronous");
  if (!synchronous) return tl::unexpected(synchronous.error());
  if (wanted == "FULL" && *synchronous != 2) {
    return fail(Code::unsupported,
                fmt::format("SQLite does not take synchronous = FULL for {}", path_));
  }
  if (seams.checkpoint_pages > 0) checkpoint_pages_ = seams.checkpoint_pages;
  sqlite3_wal_hook(handle_, log_has_grown, &log_pages_);
  return {};
}

Result<sqlite3_stmt*> Database::prepared(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int result =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (result != SQLITE_OK) return tl::unexpected(error(result));
  }
  return statement;
}

Status Database::execute(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return tl::unexpected(error(result));
  return {};
}

Status Database::execute_cached(const char* sql) {
  return Query(*this, sql).run();
}

Result<std::int64_t> Database::number(const char* sql) {
  Query query(*this, sql);
  if (query.next()) return query.integer(0);
  if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  return fail(Code::io, fmt::format("{} gives no answer to {}", path_, sql));
}

Status Database::begin_write() {
  changes_before_ = sqlite3_total_changes64(handle_);
  return execute_cached("BEGIN IMMEDIATE");
}

bool Database::has_changes() const {
  return sqlite3_total_changes64(handle_) != changes_before_;
}

Status Database::copy_to(const std::string& path) {
  sqlite3* opened = nullptr;
  int result = sqlite3_open_v2(
      path.c_str(), &opened,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
      nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> copy(opened, sqlite3_close);
  const auto execute = [&](const char* sql) {
    if (result == SQLITE_OK) result = sqlite3_exec(opened, sql, nullptr, nullptr, nullptr);
  };
  execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;");
  if (result == SQLITE_OK) {
    sqlite3_backup* const backup = sqlite3_backup_init(opened, "main", handle_, "main");
    // In one step: what others commit meanwhile would make it begin anew.
    const int stepped = backup == nullptr ? SQLITE_ERROR : sqlite3_backup_step(backup, -1);
    const int finished = sqlite3_backup_finish(backup);
    if (stepped != SQLITE_DONE) result = finished == SQLITE_OK ? stepped : finished;
  }
  execute("PRAGMA journal_mode = DELETE;");
  if (result == SQLITE_OK) return {};
  return fail((result & 0xFF) == SQLITE_FULL ? Code::busy : Code::io,
              fmt::format("cannot copy {} to {}: {}; is there room on the disk?", path_, path,
                          sqlite3_errstr(result)));
}

void Database::keep_log() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Status Database::commit() {
  if (Status status = execute_cached("COMMIT"); !status) {
    roll_back();
    return status;
  }
  if (log_pages_ >= checkpoint_pages_) checkpoint();
  return {};
}

void Database::checkpoint() {
  int pages = 0, written = 0;
  const int result =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &written);
  // Busy or full: the log goes on growing until it works, or begin() finds that there is no room.
  if (result != SQLITE_OK) return static_cast<void>(error(result));
  if (pages >= 0 && written == pages) log_pages_ = 0;
}

std::uint64_t Database::log_bytes() const {
  return static_cast<std::uint64_t>(log_pages_) * kPageBytes;
}

void Database::roll_back() {
  if (sqlite3_get_autocommit(handle_) == 0) static_cast<void>(execute_cached("ROLLBACK"));
}

std::int64_t Database::last_id() const {
  return sqlite3_last_insert_rowid(handle_);
}

std::uint64_t Database::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(handle_));
}

Error Database::error(int result) {
  const int number = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const char* const detail = handle_ == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(handle_);
  switch (result & 0xFF) {
    case SQLITE_FULL:
      return {Code::busy, fmt::format("no room for {}: the disk is full, or max_bytes is reached; "
                                      "make room on the disk or raise the limit",
                                      path_)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {Code::busy, fmt::format("{} is locked by another process", path_)};
    case SQLITE_NOMEM:
      return {Code::busy, fmt::format("not enough memory for {}", path_)};
    case SQLITE_IOERR: {
      const bool memory = result == SQLITE_IOERR_NOMEM;
      const bool room =
          is_no_space(number) && (result == SQLITE_IOERR_WRITE || result == SQLITE_IOERR_SHMSIZE ||
                                  result == SQLITE_IOERR_SHMMAP || result == SQLITE_IOERR_TRUNCATE);
      if (memory || room) return error(memory ? SQLITE_NOMEM : SQLITE_FULL);
      Error failure{Code::io, fmt::format("{}: {}{}; check the disk and its file system", path_,
                                          detail, system_text(number))};
      health_.fail_for_ever(failure.message);
      return failure;
    }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: {
      Error failure{
          Code::io,
          fmt::format("the database {} is damaged ({}); move its folder aside to start with an "
                      "empty store, and try `sqlite3 {} .recover` on the copy: notifications that "
                      "were not delivered may be in it",
                      path_, detail, path_)};
      health_.fail_for_ever(failure.message);
      return failure;
    }
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return {Code::refused,
              fmt::format("cannot open or write {}: {}{}", path_, detail, system_text(number))};
    case SQLITE_TOOBIG:
      return {Code::limit, fmt::format("a value is too large for {}", path_)};
    default:
      return {Code::invalid_input, fmt::format("{}: {}", path_, detail)};
  }
}

Query::Query(Database& database, const char* sql) : database_(database) {
  Result<sqlite3_stmt*> statement = database.prepared(sql);
  if (statement) {
    statement_ = *statement;
  } else {
    error_ = std::move(statement.error());
  }
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  if (bound_ > 0) sqlite3_clear_bindings(statement_);
}

bool Query::next() {
  if (error_ || statement_ == nullptr) return false;
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) check(result);
  return false;
}

Status Query::status() const {
  if (error_) return tl::unexpected(*error_);
  return {};
}

Status Query::run() {
  while (next()) {
  }
  return status();
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Query::text(int column) const {
  return std::string(bytes(column));
}

std::string_view Query::bytes(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Key Query::key(int column) const {
  Key key{};
  const void* const bytes = sqlite3_column_blob(statement_, column);
  if (bytes != nullptr && sqlite3_column_bytes(statement_, column) == int{key.size()}) {
    std::memcpy(key.data(), bytes, key.size());
  }
  return key;
}

Query& Query::bind_blob(std::string_view bytes) {
  if (statement_ == nullptr) return *this;
  // A null pointer would be NULL.
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  check(sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

void Query::bind_integer(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
}

void Query::bind_text(std::string_view value) {
  const char* const data = value.data() == nullptr ? "" : value.data();
  check(sqlite3_bind_text64(statement_, ++bound_, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Query::check(int result) {
  if (result != SQLITE_OK && !error_) error_ = database_.error(result);
}

}  // namespace tocsin::store
