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
  // `service`: makes the folder and an empty database when they are missing, and takes the lock;
  // otherwise both must exist. Never opens a database that exists: closing it would drop the locks
  // that SQLite holds on it.
  static Result<Folder> open(const std::string& path, bool service);
  ~Folder();
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;

  const std::string& database() const { return database_; }
  // The database is still the file that was opened. Not so: Code::io.
  Status still_there() const;
  // What others than root may still write to this disk.
  Result<std::uint64_t> free_bytes() const;
  std::uint64_t bytes_used() const;  // database and write-ahead log

 private:
  explicit Folder(std::string path);
  Status check(bool service);
  Status take_lock();
  Status prepare_database(bool service);

  std::string path_, database_;
  int lock_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace tocsin::store
