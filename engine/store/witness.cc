#include "store/witness.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "base/sabotage.h"

namespace tocsin::store {
namespace {

// A disk writes whole blocks: what it tears in one slot leaves the other one alone.
constexpr std::int64_t kSlotStride = 4096;
constexpr std::string_view kMagic = "TocsWit1";
// Magic, store, sequence, last alert, checksum; integers in little-endian order.
constexpr std::size_t kSlotBytes = 8 + 16 + 8 + 8 + 8;
using Slot = std::array<unsigned char, kSlotBytes>;

void put(Slot& slot, std::size_t at, std::uint64_t number) {
  for (std::size_t i = 0; i < 8; ++i) slot[at + i] = static_cast<unsigned char>(number >> (8 * i));
}

std::uint64_t get(const Slot& slot, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | slot[at + i];
  return number;
}

std::uint64_t checksum(const Slot& slot) {
  return Fnv64().add({reinterpret_cast<const char*>(slot.data()), kSlotBytes - 8}).value();
}

Slot encode(const Mark& mark) {
  Slot slot{};
  std::memcpy(slot.data(), kMagic.data(), kMagic.size());
  std::memcpy(slot.data() + 8, mark.store.data(), mark.store.size());
  put(slot, 24, mark.sequence);
  put(slot, 32, mark.last_alert);
  put(slot, 40, checksum(slot));
  return slot;
}

std::optional<Mark> decode(const Slot& slot) {
  if (std::memcmp(slot.data(), kMagic.data(), kMagic.size()) != 0) return std::nullopt;
  if (get(slot, 40) != checksum(slot)) return std::nullopt;
  Mark mark;
  std::memcpy(mark.store.data(), slot.data() + 8, mark.store.size());
  mark.sequence = get(slot, 24);
  mark.last_alert = get(slot, 32);
  return mark;
}

// Of a write, immediately after it.
bool is_full(int result) {
  return result == SQLITE_FULL || (result == SQLITE_IOERR_WRITE && errno == EDQUOT);
}

}  // namespace

void Witness::Close::operator()(sqlite3_file* file) const {
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  std::free(file);
}

Witness::~Witness() = default;

// Through SQLite's file system, so that the tests' one, which loses power, has this file too.
Result<Witness::File> Witness::open_file(const std::string& path, const std::string& vfs,
                                         int flags) {
  sqlite3_vfs* const system = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  if (system == nullptr) return fail(Code::not_found, "SQLite has no file system " + vfs);
  File file(static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(system->szOsFile))));
  if (file == nullptr) return fail(Code::busy, "not enough memory for " + path);
  const int result =
      system->xOpen(system, path.c_str(), file.get(), flags | SQLITE_OPEN_NOFOLLOW, nullptr);
  if (result != SQLITE_OK) {
    return fail(Code::io, fmt::format("cannot open {}: {}; check its mode and owner", path,
                                      sqlite3_errstr(result)));
  }
  return file;
}

Status Witness::read_slots(sqlite3_file& file, const std::string& path, Reading& reading,
                           int& newest) {
  for (const int number : {0, 1}) {
    Slot slot{};
    const int result =
        file.pMethods->xRead(&file, slot.data(), int{kSlotBytes}, number * kSlotStride);
    if (result == SQLITE_IOERR_SHORT_READ) continue;
    if (result != SQLITE_OK) {
      return fail(Code::io, fmt::format("cannot read {}: {}; check the disk and its file system",
                                        path, sqlite3_errstr(result)));
    }
    const std::optional<Mark> mark = decode(slot);
    if (!mark || (reading.mark && reading.mark->sequence >= mark->sequence)) continue;
    reading.mark = mark;
    newest = number;
  }
  return {};
}

Result<Witness::Reading> Witness::read(const std::string& path, const std::string& vfs) {
  Reading reading;
  sqlite3_vfs* const system = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  int exists = 0;
  if (system != nullptr) system->xAccess(system, path.c_str(), SQLITE_ACCESS_EXISTS, &exists);
  if (exists == 0) return reading;
  reading.exists = true;
  const Result<File> file = open_file(path, vfs, SQLITE_OPEN_READONLY | SQLITE_OPEN_SUPER_JOURNAL);
  if (!file) return tl::unexpected(file.error());
  int newest = 0;
  if (Status read = read_slots(**file, path, reading, newest); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  return reading;
}

Result<std::unique_ptr<Witness>> Witness::open(const std::string& path, const std::string& vfs,
                                               const Mark& mark, Health& health) {
  std::unique_ptr<Witness> witness(new Witness(path, health));
  // As a log of the database: it has the same mode and owner, and its folder is synced when it is
  // new.
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
  // SQLite's file keeps the pointer to its name.
  Result<File> file = open_file(witness->path_, vfs, kFlags);
  if (!file) return tl::unexpected(std::move(file.error()));
  witness->file_ = std::move(*file);
  Reading reading;
  if (Status read = read_slots(*witness->file_, path, reading, witness->newest_); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  // Both slots, so that both have their place on the disk and neither says anything else.
  for (int slot = 0; slot < 2 && reading.mark != mark; ++slot) {
    const Result<bool> written = witness->write_slot(mark, true);
    if (!written) return tl::unexpected(written.error());
    if (!*written && !reading.mark) return fail(Code::busy, "no room on the disk for " + path);
  }
  return witness;
}

Status Witness::write(const Mark& mark, bool durable) {
  const Result<bool> written = write_slot(mark, durable);
  return written ? Status{} : tl::unexpected(written.error());
}

// False: the disk is full.
Result<bool> Witness::write_slot(const Mark& mark, bool durable) {
  const Slot slot = encode(mark);
  const int next = 1 - newest_;
  const int written =
      file_->pMethods->xWrite(file_.get(), slot.data(), int{kSlotBytes}, next * kSlotStride);
  if (is_full(written)) return false;
  if (written != SQLITE_OK) return tl::unexpected(failed("write", written));
  newest_ = next;
  if (!durable || sabotage::on("no_fsync")) return true;
  const int synced = file_->pMethods->xSync(file_.get(), SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
  if (synced != SQLITE_OK) return tl::unexpected(failed("sync", synced));
  return true;
}

Error Witness::failed(const char* what, int result) {
  Error failure{Code::io, fmt::format("cannot {} {}: {}; check the disk and its file system", what,
                                      path_, sqlite3_errstr(result))};
  health_.fail_for_ever(failure.message);
  return failure;
}

}  // namespace tocsin::store
