// PowerLossVfs: a file system for SQLite that forgets what was not synced, and fails on demand.
//
// It lies over the real one. Per file it keeps what is certain (what a sync has covered) apart from
// what is pending. When the power goes, each pending write may be there, be missing, or be torn at
// 512-byte sectors, in any order; likewise truncations, new files and removals. A write damages no
// byte beside it (what SQLite calls powersafe overwrite).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace tocsin::store {

class PowerLossVfs {
 public:
  PowerLossVfs();
  ~PowerLossVfs();  // no connection may be open
  PowerLossVfs(const PowerLossVfs&) = delete;
  PowerLossVfs& operator=(const PowerLossVfs&) = delete;

  const std::string& name() const { return name_; }

  // The power goes at the `operation`th write, truncation, sync or removal from now. From then on
  // all of them fail.
  void lose_power_after(std::uint64_t operation);
  void lose_power();  // now
  bool is_off() const;
  // After the connections were closed: makes `to`, a folder with what the disk has kept of `from`.
  // The power is on again.
  void survivors(const std::string& from, const std::string& to, std::mt19937_64& random);

  // Writes, truncations and syncs give this result (an SQLite code), `after` such operations from
  // now and `count` times.
  enum class Kind : std::uint8_t { write, sync, any };
  void fail(Kind kind, int result, std::uint64_t after, std::uint64_t count);
  void stop_failing();

  std::uint64_t operations() const;
  std::uint64_t syncs() const;

  struct Pending {
    bool is_write = false;  // otherwise a truncation to `offset`
    std::uint64_t offset = 0;
    std::string bytes;
  };
  struct File {
    bool certainly_there = false;  // the disk has this name, with `certain` in it
    std::string certain;
    bool there = false;   // the name exists for programs
    bool is_new = false;  // as another file than the certain one
    std::vector<Pending> pending;
  };

  // --- for the methods of its files -----------------------------------------------------------
  // What becomes of an operation; `partly`: not SQLITE_OK, but some of the bytes are written.
  int begin(Kind kind, bool& partly);
  std::shared_ptr<File> opened(const std::string& path, bool was_there);
  void removed(const std::string& path, bool synced);
  void write(File& file, std::uint64_t offset, std::string bytes);
  void truncate(File& file, std::uint64_t size);
  // A sync that fails leaves what was pending neither certain nor pending: the system believes that
  // it is written, and it is not.
  void sync(File& file, bool works);
  sqlite3_vfs& base() { return *base_; }

 private:
  struct Registered;

  sqlite3_vfs* base_;
  std::unique_ptr<Registered> registered_;
  std::string name_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::uint64_t operations_ = 0, syncs_ = 0;
  std::uint64_t power_left_ = 0;  // 0: for ever
  bool off_ = false;
  Kind failing_ = Kind::any;
  int failure_ = SQLITE_OK;
  std::uint64_t fail_after_ = 0, fail_count_ = 0;
};

}  // namespace tocsin::store
