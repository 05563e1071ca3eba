// Database: one connection to SQLite, with its statements. Query: one execution of a statement.
// This is the only place that calls SQLite. A connection belongs to one thread at a time.
//
// Errors: a full disk, a full database, a lock that others hold and missing memory are Code::busy.
// A read, write or fsync that failed, a damaged database and one that was taken away under us make
// the store fail for ever (store/health.h).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "base/result.h"
#include "store/health.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::store {

// Pages in the write-ahead log after which they are written back to the database: 8 MiB.
inline constexpr int kCheckpointPages = 2048;
inline constexpr std::uint64_t kPageBytes = 4096;

class Database {
 public:
  enum class Mode : std::uint8_t { write, read };

  // Opens `path`, a file that exists, and sets its pragmas; journal mode and synchronous are read
  // back. `health` must outlive it.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode,
                                                const StoreOptions::Seams& seams, Health& health);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements without results, separated by semicolons.
  Status execute(const char* sql);
  Result<std::int64_t> number(const char* sql);

  Status begin_write();
  bool has_changes() const;  // since begin_write()
  Status begin_read() { return execute_cached("BEGIN"); }
  // Then writes the log back into the database when it has grown long: what was committed is safe
  // whatever becomes of that.
  Status commit();
  void roll_back();
  // Copies all of one snapshot into the file `path`, which must be empty and which nobody else
  // uses. The copy needs no log; it is not synced.
  Status copy_to(const std::string& path);
  // The log's file stays as it is when the connection is closed.
  void keep_log();

  // Writes the log back, so that it begins anew. commit() does, when it has grown.
  void checkpoint();
  std::uint64_t log_bytes() const;  // that are still to be written back

  std::int64_t last_id() const;
  std::uint64_t changes() const;  // of the last statement
  const std::string& path() const { return path_; }
  Health& health() { return health_; }

 private:
  friend class Query;
  Database(std::string path, Health& health) : path_(std::move(path)), health_(health) {}

  // `sql` must be a literal: statements are kept by its address.
  Result<sqlite3_stmt*> prepared(const char* sql);
  Status execute_cached(const char* sql);
  Status set_up(Mode mode, const StoreOptions::Seams& seams);
  Error error(int result);

  std::string path_;
  Health& health_;
  sqlite3* handle_ = nullptr;
  std::int64_t changes_before_ = 0;
  int log_pages_ = 0;  // set by SQLite at each commit
  int checkpoint_pages_ = kCheckpointPages;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// An execution that ends with the Query. Arguments that are bound must live as long.
//
//   Query query(db, "SELECT a FROM b WHERE c = ?");
//   query.bind(c);
//   while (query.next()) use(query.integer(0));
//   if (Status status = query.status(); !status) return …;
class Query {
 public:
  Query(Database& database, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... Values>
  Query& bind(const Values&... values) {
    if (statement_ != nullptr) (bind_one(values), ...);
    return *this;
  }
  Query& bind_blob(std::string_view bytes);

  // False: no more rows, or an error; status() says which.
  bool next();
  Status status() const;
  // Executes what gives no rows.
  Status run();

  std::int64_t integer(int column) const;
  std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string text(int column) const;
  std::string_view bytes(int column) const;  // valid until the next row
  Key key(int column) const;                 // zeros when it is no key

 private:
  template <class Value>
  void bind_one(const Value& value) {
    if constexpr (std::is_same_v<Value, Key>) {
      bind_blob({reinterpret_cast<const char*>(value.data()), value.size()});
    } else if constexpr (std::integral<Value>) {
      bind_integer(static_cast<std::int64_t>(value));
    } else {
      bind_text(value);
    }
  }
  void bind_integer(std::int64_t value);
  void bind_text(std::string_view value);
  void check(int result);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  std::optional<Error> error_;
};

// Runs a statement that gives no rows.
template <class... Values>
Status run(Database& database, const char* sql, const Values&... values) {
  return Query(database, sql).bind(values...).run();
}

// A read transaction: all queries in it see one state.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(database), status_(database.begin_read()) {}
  ~Snapshot() { database_.roll_back(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const Status& status() const { return status_; }

 private:
  Database& database_;
  Status status_;
};

}  // namespace tocsin::store
