#include "sigma/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tocsin::sigma {
namespace {

struct Descriptor {
  explicit Descriptor(const std::string& path)
      : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  const int fd;
};

tl::unexpected<Error> system_error() {
  return fail(errno == ENOENT ? Code::not_found : Code::io, std::strerror(errno));
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const Descriptor file(path);
  if (file.fd < 0) return system_error();
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) return system_error();
  if (!S_ISREG(info.st_mode)) return fail(Code::io, "not a regular file");

  // One byte more than there should be shows that the file is being written or is too large.
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > limit) {
    return fail(Code::limit, fmt::format("the file has {} bytes; the limit is {}", size, limit));
  }
  std::string bytes(size + 1, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t n = ::read(file.fd, bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error();
    filled += static_cast<std::size_t>(n);
    // Less than was asked for is the end of a regular file.
    if (n == 0 || filled == size) break;
  }
  if (filled != size) return fail(Code::io, "the file changed while it was read; try again");
  bytes.resize(filled);
  return bytes;
}

Result<std::optional<std::string>> Files::read(const std::string& path, std::size_t limit) const {
  return read_file(path, limit);
}

std::optional<std::vector<std::string>> Files::instead_of(const std::string&) const {
  return std::nullopt;
}

const Files& files_on_disk() {
  static const Files files;
  return files;
}

}  // namespace tocsin::sigma
