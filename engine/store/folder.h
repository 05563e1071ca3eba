// Folder: where the database lies. Made with mode 0700, its files with 0600; what belongs to
// someone else or is no plain file is refused, so that nobody can make us write elsewhere.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tocsin::store {

class Folder {
 public:
  // `service`: makes the folder when it is missing, and takes the lock; otherwise it must exist,
  // and a database in it. Never opens a database that exists: closing it would drop the locks that
  // SQLite holds on it.
  static Result<Folder> open(const std::string& path, bool service);
  ~Folder();
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;

  const std::string& path() const { return path_; }
  const std::string& database() const { return database_; }
  std::string witness() const { return database_ + "-witness"; }
  // There is one, and it is not empty.
  bool has_database() const { return size_of("") > 0; }
  std::uint64_t log_bytes() const { return size_of("-wal"); }
  // An empty one when there is none. When this returns, neither its name nor that of the folder can
  // be lost.
  Status make_database();
  // The database is still the file that was opened. Not so: Code::io.
  Status still_there() const;
  // What others than root may still write to this disk.
  Result<std::uint64_t> free_bytes() const;
  std::uint64_t bytes_used() const;  // database and write-ahead log

 private:
  explicit Folder(std::string path);
  Status check(bool service);
  Status take_lock();
  Status adopt_files(bool service);
  std::uint64_t size_of(const char* suffix) const;  // of a file beside the database; 0: none

  std::string path_, database_;
  int lock_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace tocsin::store
