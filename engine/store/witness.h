// Witness: how far the database had come, in a file of its own beside it. It is written after each
// COMMIT and before the commit is acknowledged, so a database that ends before its witness has lost
// data that was promised: a write-ahead log that was cut, damaged or removed, an old copy.
//
// The file has two slots, each in a disk block of its own and with a checksum. A write goes into
// the slot that does not hold the newest mark, so a torn write leaves the mark before it. A mark is
// never ahead of what COMMIT made durable: a kill or a loss of power at any point leaves a witness
// that agrees with its database. Used under the writer's lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/health.h"
#include "store/store.h"

struct sqlite3_file;

namespace tocsin::store {

// A commit.
struct Mark {
  Key store{};                   // which database; zeros: none
  std::uint64_t sequence = 0;    // of the commit; 0: no commit has been marked yet
  std::uint64_t last_alert = 0;  // the highest AlertRow::id by then

  bool operator==(const Mark&) const = default;
};

class Witness {
 public:
  struct Reading {
    bool exists = false;       // and is not empty
    std::optional<Mark> mark;  // the newest; nullopt: the file is missing or damaged
  };
  // Without changing anything. `vfs`: StoreOptions::Seams::vfs.
  static Result<Reading> read(const std::string& path, const std::string& vfs);

  // For writing. The file is made when it is missing; when this returns, it says `mark` and is on
  // disk. `health` must outlive it.
  static Result<std::unique_ptr<Witness>> open(const std::string& path, const std::string& vfs,
                                               const Mark& mark, Health& health);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // `durable`: on disk when this returns; otherwise it survives a kill, but maybe not a loss of
  // power. On a full disk (where files are never overwritten in place) the last mark stays, until a
  // later write works. Any other failure fails the store for ever.
  Status write(const Mark& mark, bool durable);

 private:
  struct Close {
    void operator()(sqlite3_file* file) const;
  };
  using File = std::unique_ptr<sqlite3_file, Close>;

  Witness(std::string path, Health& health) : path_(std::move(path)), health_(health) {}
  static Result<File> open_file(const std::string& path, const std::string& vfs, int flags);
  static Status read_slots(sqlite3_file& file, const std::string& path, Reading& reading,
                           int& newest);
  Result<bool> write_slot(const Mark& mark, bool durable);
  Error failed(const char* what, int result);

  std::string path_;
  Health& health_;
  File file_;
  int newest_ = 1;  // the slot
};

}  // namespace tocsin::store
