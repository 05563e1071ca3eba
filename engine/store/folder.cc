#include "store/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace tocsin::store {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kOthers = 077;

tl::unexpected<Error> os_error(std::string_view what, const std::string& path, int number) {
  Code code = Code::io;
  if (number == ENOENT) code = Code::not_found;
  if (number == EACCES || number == EPERM || number == EROFS) code = Code::refused;
  return fail(code,
              fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(number)));
}

Status sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return os_error("open", path, errno);
  const int result = ::fsync(fd);
  const int number = errno;
  ::close(fd);
  // Some file systems cannot sync a folder, and need not.
  if (result != 0 && number != EINVAL && number != ENOTSUP) return os_error("sync", path, number);
  return {};
}

std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A plain file of ours (root may also use what belongs to the service's user).
Status check_file(const std::string& path, const struct stat& file) {
  if (!S_ISREG(file.st_mode)) {
    return fail(Code::refused, fmt::format("{} is not a plain file; move it away", path));
  }
  if (file.st_uid != ::geteuid() && ::geteuid() != 0) {
    return fail(
        Code::refused,
        fmt::format("{} belongs to another user (uid {}, not {}); run as that user, or give "
                    "the file to this one",
                    path, file.st_uid, ::geteuid()));
  }
  if (file.st_nlink > 1) {
    return fail(Code::refused,
                fmt::format("{} has a second name (a hard link); remove that one", path));
  }
  return {};
}

// Makes what exists readable for nobody else; true: it exists.
Result<bool> adopt_file(const std::string& path, struct stat& file) {
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return false;
    return os_error("look at", path, errno);
  }
  if (Status good = check_file(path, file); !good) return tl::unexpected(std::move(good.error()));
  if ((file.st_mode & kOthers) != 0 && ::chmod(path.c_str(), kFileMode) != 0) {
    return os_error("restrict the mode of", path, errno);
  }
  return true;
}

bool is_network_disk(const std::string& path) {
  constexpr std::uint32_t kCifs = 0xFF534D42;
  constexpr std::uint32_t kSmb2 = 0xFE534D42;
  struct statfs disk {};
  if (::statfs(path.c_str(), &disk) != 0) return false;
  const auto type = static_cast<std::uint32_t>(disk.f_type);
  return type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == kCifs || type == kSmb2;
}

}  // namespace

Folder::Folder(std::string path) : path_(std::move(path)), database_(path_ + "/tocsin.db") {}

Folder::Folder(Folder&& other) noexcept
    : path_(std::move(other.path_)),
      database_(std::move(other.database_)),
      lock_(std::exchange(other.lock_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

Folder::~Folder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<Folder> Folder::open(const std::string& path, bool service) {
  if (path.empty()) return fail(Code::invalid_input, "the store has no folder");
  if (service && ::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    if (errno != ENOENT) return os_error("make the store's folder", path, errno);
    return fail(Code::not_found, fmt::format("cannot make the store's folder {}: make {} first",
                                             path, parent_of(path)));
  }
  // Links on the way to the folder are the operator's; below it there are none.
  char* const real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return os_error("open the store's folder", path, errno);
  Folder folder(real);
  std::free(real);
  Status status = folder.check(service);
  if (status && service) status = folder.take_lock();
  if (status) status = folder.adopt_files(service);
  if (!status) return tl::unexpected(std::move(status.error()));
  return folder;
}

Status Folder::check(bool service) {
  struct stat folder {};
  if (::stat(path_.c_str(), &folder) != 0) return os_error("look at", path_, errno);
  if (!S_ISDIR(folder.st_mode)) return fail(Code::refused, path_ + " is not a folder");
  // Volumes are often root's, with rights for our group.
  if (folder.st_uid != ::geteuid() && folder.st_uid != 0 && ::geteuid() != 0) {
    return fail(Code::refused,
                fmt::format("the store's folder {} belongs to another user (uid {}, not {})", path_,
                            folder.st_uid, ::geteuid()));
  }
  if (service && is_network_disk(path_)) {
    return fail(
        Code::unsupported,
        fmt::format("{} is on a network file system, where a write-ahead log does not work; "
                    "put the store on a local disk or a block volume",
                    path_));
  }
  return {};
}

Status Folder::take_lock() {
  const std::string path = path_ + "/lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, kFileMode);
  if (lock_ < 0 && errno == ELOOP) {
    return fail(Code::refused, fmt::format("{} is not a plain file; move it away", path));
  }
  if (lock_ < 0) return os_error("open", path, errno);
  struct stat file {};
  if (::fstat(lock_, &file) != 0) return os_error("look at", path, errno);
  if (Status good = check_file(path, file); !good) return good;
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return os_error("lock", path, errno);
    char text[24] = {};
    const ssize_t size = ::pread(lock_, text, sizeof text - 1, 0);
    const long holder = size > 0 ? std::strtol(text, nullptr, 10) : 0;
    return fail(Code::refused,
                fmt::format("the store {} is in use by another tocsin{}; stop it, or give this one "
                            "a folder of its own",
                            path_, holder > 0 ? fmt::format(" (process {})", holder) : ""));
  }
  // Only for that message: who holds the lock is the kernel's to know.
  const std::string holder = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, holder.data(), holder.size(), 0) < 0) {
    if (errno != ENOSPC) return os_error("write", path, errno);
  }
  return {};
}

Status Folder::adopt_files(bool service) {
  struct stat file {};
  const Result<bool> exists = adopt_file(database_, file);
  if (!exists) return tl::unexpected(exists.error());
  if (!*exists && !service) {
    return fail(Code::not_found,
                fmt::format("there is no store in {}: {} is missing", path_, database_));
  }
  device_ = file.st_dev;
  inode_ = file.st_ino;
  for (const char* const suffix : {"-wal", "-shm", "-journal", "-witness"}) {
    struct stat other {};
    if (Result<bool> good = adopt_file(database_ + suffix, other); !good) {
      return tl::unexpected(std::move(good.error()));
    }
  }
  return {};
}

Status Folder::make_database() {
  if (has_database()) return {};
  // SQLite gives the files beside it the same mode.
  const int fd = ::open(database_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode);
  if (fd < 0) return os_error("make", database_, errno);
  struct stat file {};
  const int found = ::fstat(fd, &file);
  const int number = errno;
  ::close(fd);
  if (found != 0) return os_error("look at", database_, number);
  device_ = file.st_dev;
  inode_ = file.st_ino;
  if (Status synced = sync_folder(path_); !synced) return synced;
  // A folder above that we may not read was not made by us, nor just now.
  Status above = sync_folder(parent_of(path_));
  if (!above && above.error().code != Code::refused) return above;
  return {};
}

Status Folder::still_there() const {
  struct stat file {};
  if (::lstat(database_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_) {
    return {};
  }
  return fail(Code::io, fmt::format("{} was removed or replaced while it was in use", database_));
}

Result<std::uint64_t> Folder::free_bytes() const {
  struct statvfs disk {};
  if (::statvfs(path_.c_str(), &disk) != 0) return os_error("look at the disk of", path_, errno);
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

std::uint64_t Folder::bytes_used() const {
  return size_of("") + log_bytes();
}

std::uint64_t Folder::size_of(const char* suffix) const {
  struct stat file {};
  const bool exists = ::lstat((database_ + suffix).c_str(), &file) == 0;
  return exists ? static_cast<std::uint64_t>(file.st_size) : 0;
}

}  // namespace tocsin::store
