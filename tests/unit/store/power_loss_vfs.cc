#include "power_loss_vfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>

namespace tocsin::store {
namespace {

namespace fs = std::filesystem;
using File = PowerLossVfs::File;
using Kind = PowerLossVfs::Kind;
using Pending = PowerLossVfs::Pending;

constexpr std::uint64_t kSectorBytes = 512;

// In memory of SQLite's, which is aligned to 8 bytes.
struct Handle {
  sqlite3_file base;  // first: SQLite sees this
  PowerLossVfs* vfs;
  std::shared_ptr<File>* file;  // null: not followed
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(alignof(Handle) <= 8 && sizeof(Handle) % 8 == 0);

Handle& handle(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
  return handle(file).real();
}

int close_file(sqlite3_file* file) {
  delete handle(file).file;
  return real(file)->pMethods->xClose(real(file));
}

int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), out, size, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  Handle& shim = handle(file);
  if (shim.file == nullptr) return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
  bool partly = false;
  const int result = shim.vfs->begin(Kind::write, partly);
  if (result != SQLITE_OK && !partly) return result;
  const int written = result == SQLITE_OK ? size : size / 2;
  if (written > 0) {
    shim.vfs->write(**shim.file, static_cast<std::uint64_t>(offset),
                    {static_cast<const char*>(bytes), static_cast<std::size_t>(written)});
    const int done = real(file)->pMethods->xWrite(real(file), bytes, written, offset);
    if (done != SQLITE_OK) return done;
  }
  return result;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  Handle& shim = handle(file);
  if (shim.file != nullptr) {
    bool partly = false;
    if (const int result = shim.vfs->begin(Kind::write, partly); result != SQLITE_OK) return result;
    shim.vfs->truncate(**shim.file, static_cast<std::uint64_t>(size));
  }
  return real(file)->pMethods->xTruncate(real(file), size);
}

int sync_file(sqlite3_file* file, int /*flags*/) {
  Handle& shim = handle(file);
  if (shim.file == nullptr) return SQLITE_OK;
  bool partly = false;
  const int result = shim.vfs->begin(Kind::sync, partly);
  if (result == SQLITE_OK || partly) shim.vfs->sync(**shim.file, result == SQLITE_OK);
  return result;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int kind) {
  return real(file)->pMethods->xLock(real(file), kind);
}
int unlock_file(sqlite3_file* file, int kind) {
  return real(file)->pMethods->xUnlock(real(file), kind);
}
int check_lock(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods kMethods = {
    2,           close_file,  read_file,    write_file, truncate_file, sync_file,       file_size,
    lock_file,   unlock_file, check_lock,   control,    sector_size,   characteristics, map_shared,
    lock_shared, barrier,     unmap_shared, nullptr,    nullptr};

PowerLossVfs& shim_of(sqlite3_vfs* vfs);

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  PowerLossVfs& shim = shim_of(vfs);
  file->pMethods = nullptr;
  const bool was_there = path != nullptr && fs::exists(path);
  Handle& made = handle(file);
  sqlite3_vfs& base = shim.base();
  const int result = base.xOpen(&base, path, made.real(), flags, out_flags);
  if (result != SQLITE_OK) return result;
  made.vfs = &shim;
  made.file = nullptr;
  if (path != nullptr &&
      (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0) {
    made.file = new std::shared_ptr<File>(shim.opened(path, was_there));
  }
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* path, int sync) {
  PowerLossVfs& shim = shim_of(vfs);
  bool partly = false;
  if (shim.begin(Kind::write, partly) != SQLITE_OK) return SQLITE_IOERR_DELETE;
  const int result = shim.base().xDelete(&shim.base(), path, 0);
  if (result == SQLITE_OK) shim.removed(path, sync != 0);
  return result;
}

// pAppData belongs to the real file system, which looks at it.
struct NamedVfs : sqlite3_vfs {
  PowerLossVfs* owner = nullptr;
};

PowerLossVfs& shim_of(sqlite3_vfs* vfs) {
  return *static_cast<NamedVfs*>(vfs)->owner;
}

std::string content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void apply(const Pending& change, std::string& bytes) {
  if (!change.is_write) {
    bytes.resize(change.offset);
    return;
  }
  const std::uint64_t end = change.offset + change.bytes.size();
  if (bytes.size() < end) bytes.resize(end);
  std::copy(change.bytes.begin(), change.bytes.end(),
            bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

// Of a write, the sectors that were written.
void apply_torn(const Pending& write, std::string& bytes, std::mt19937_64& random) {
  for (std::uint64_t at = 0; at < write.bytes.size();) {
    const std::uint64_t in_sector = (write.offset + at) % kSectorBytes;
    const std::uint64_t size =
        std::min<std::uint64_t>(kSectorBytes - in_sector, write.bytes.size() - at);
    if (random() % 2 == 0) apply({true, write.offset + at, write.bytes.substr(at, size)}, bytes);
    at += size;
  }
}

std::string survivor(const File& file, std::mt19937_64& random) {
  std::string bytes = file.is_new ? "" : file.certain;
  // Disks differ: one writes in order, one at random, one hardly anything.
  const std::uint64_t kept_percent = random() % 3 == 0 ? 100 : random() % 101;
  const std::uint64_t in_order =
      random() % 3 == 0 ? random() % (file.pending.size() + 1) : file.pending.size();
  for (std::uint64_t i = 0; i < in_order; ++i) {
    const Pending& change = file.pending[i];
    if (random() % 100 >= kept_percent) continue;
    if (change.is_write && random() % 4 == 0) {
      apply_torn(change, bytes, random);
    } else {
      apply(change, bytes);
    }
  }
  return bytes;
}

}  // namespace

struct PowerLossVfs::Registered : NamedVfs {};

PowerLossVfs::PowerLossVfs()
    : base_(sqlite3_vfs_find(nullptr)), registered_(std::make_unique<Registered>()) {
  static std::atomic<unsigned> count{0};
  name_ = fmt::format("power_loss_{}", ++count);
  static_cast<sqlite3_vfs&>(*registered_) = *base_;
  registered_->owner = this;
  registered_->zName = name_.c_str();
  registered_->pNext = nullptr;
  registered_->szOsFile = static_cast<int>(sizeof(Handle)) + base_->szOsFile;
  registered_->xOpen = open_file;
  registered_->xDelete = remove_file;
  sqlite3_vfs_register(registered_.get(), 0);
}

PowerLossVfs::~PowerLossVfs() {
  sqlite3_vfs_unregister(registered_.get());
}

void PowerLossVfs::lose_power_after(std::uint64_t operation) {
  const std::lock_guard lock(mutex_);
  power_left_ = operation;
  off_ = false;
}

void PowerLossVfs::lose_power() {
  const std::lock_guard lock(mutex_);
  off_ = true;
}

bool PowerLossVfs::is_off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

void PowerLossVfs::fail(Kind kind, int result, std::uint64_t after, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  failing_ = kind;
  failure_ = result;
  fail_after_ = after;
  fail_count_ = count;
}

void PowerLossVfs::stop_failing() {
  const std::lock_guard lock(mutex_);
  fail_count_ = 0;
}

std::uint64_t PowerLossVfs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t PowerLossVfs::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

int PowerLossVfs::begin(Kind kind, bool& partly) {
  const std::lock_guard lock(mutex_);
  const int lost = kind == Kind::sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
  if (off_) return lost;
  ++operations_;
  if (kind == Kind::sync) ++syncs_;
  if (power_left_ > 0 && --power_left_ == 0) {
    off_ = true;
    partly = kind == Kind::write;
    return lost;
  }
  if (fail_count_ == 0 || (failing_ != Kind::any && failing_ != kind)) return SQLITE_OK;
  if (fail_after_ > 0) {
    --fail_after_;
    return SQLITE_OK;
  }
  --fail_count_;
  partly = true;
  return failure_;
}

std::shared_ptr<File> PowerLossVfs::opened(const std::string& path, bool was_there) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<File>& file = files_[path];
  if (file == nullptr) {
    file = std::make_shared<File>();
    if (was_there) {
      file->certainly_there = file->there = true;
      file->certain = content(path);
    }
  }
  if (!file->there) file->there = file->is_new = true;
  return file;
}

void PowerLossVfs::removed(const std::string& path, bool synced) {
  const std::lock_guard lock(mutex_);
  const auto at = files_.find(path);
  if (at == files_.end()) return;
  File& file = *at->second;
  file.there = file.is_new = false;
  file.pending.clear();
  if (synced) file.certainly_there = false;
}

void PowerLossVfs::write(File& file, std::uint64_t offset, std::string bytes) {
  const std::lock_guard lock(mutex_);
  file.pending.push_back({true, offset, std::move(bytes)});
}

void PowerLossVfs::truncate(File& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  file.pending.push_back({false, size, {}});
}

void PowerLossVfs::sync(File& file, bool works) {
  const std::lock_guard lock(mutex_);
  if (works) {
    if (file.is_new) file.certain.clear();
    for (const Pending& change : file.pending) apply(change, file.certain);
    // With a new file SQLite syncs its folder.
    if (file.is_new) {
      for (const auto& [path, other] : files_) other->certainly_there &= other->there;
    }
    file.certainly_there = true;
    file.is_new = false;
  }
  file.pending.clear();
}

void PowerLossVfs::survivors(const std::string& from, const std::string& to,
                             std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const auto& [path, file] : files_) {
    if (fs::path(path).parent_path() != from) continue;
    const std::string kept = (fs::path(to) / fs::path(path).filename()).string();
    const bool unsure = file->there != file->certainly_there || file->is_new;
    const bool as_seen = !unsure || random() % 2 == 0;
    if (as_seen && file->there) {
      std::ofstream(kept, std::ios::binary) << survivor(*file, random);
    } else if (!as_seen && file->certainly_there) {
      std::ofstream(kept, std::ios::binary) << file->certain;
    }
  }
  std::erase_if(files_,
                [&](const auto& entry) { return fs::path(entry.first).parent_path() == from; });
  off_ = false;
  power_left_ = 0;
}

}  // namespace tocsin::store
