#include "event/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace tocsin::event {
namespace {

tl::unexpected<Error> os_error(const std::string& path, const char* verb, int number) {
  const Code code = number == ENOENT || number == ENOTDIR ? Code::not_found : Code::io;
  return fail(code,
              fmt::format("cannot {} {}: {}", verb, path, std::generic_category().message(number)));
}

class FdSource final : public ByteSource {
 public:
  FdSource(std::string path, int fd, bool regular)
      : path_(std::move(path)), fd_(fd), regular_(regular) {}
  ~FdSource() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  FdSource(const FdSource&) = delete;
  FdSource& operator=(const FdSource&) = delete;

  Result<std::size_t> read(char* out, std::size_t size) override {
    for (;;) {
      const ssize_t got = ::read(fd_, out, size);
      if (got >= 0) {
        consumed_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        pollfd waiting{fd_, POLLIN, 0};
        ::poll(&waiting, 1, -1);
      } else if (errno != EINTR) {
        return os_error(path_, "read", errno);
      }
    }
  }

  std::uint64_t consumed() const override { return consumed_; }

  bool would_block(int milliseconds) const override {
    if (regular_) return false;
    pollfd waiting{fd_, POLLIN, 0};
    // Interrupted counts as nothing: the caller may have been asked to stop.
    return ::poll(&waiting, 1, milliseconds) <= 0;
  }

 private:
  std::string path_;
  int fd_;
  bool regular_;
  std::uint64_t consumed_ = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t got = std::min(size, bytes_.size() - consumed_);
    if (got != 0) std::memcpy(out, bytes_.data() + consumed_, got);
    consumed_ += got;
    return got;
  }

  std::uint64_t consumed() const override { return consumed_; }

 private:
  std::string_view bytes_;
  std::size_t consumed_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path) {
  const bool is_stdin = path == "-";
  int fd = STDIN_FILENO;
  if (!is_stdin) {
    do {
      fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return os_error(path, "open", errno);
  }
  struct stat info {};
  const int failure = ::fstat(fd, &info) == 0 ? 0 : errno;
  auto source = std::make_unique<FdSource>(path, fd, failure == 0 && S_ISREG(info.st_mode));
  if (failure != 0) return os_error(path, "open", failure);
  if (S_ISDIR(info.st_mode)) {
    return fail(Code::io, fmt::format("cannot read {}: it is a directory", path));
  }
  if (!is_stdin) ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return source;
}

std::unique_ptr<ByteSource> memory_source(std::string_view bytes) {
  return std::make_unique<MemorySource>(bytes);
}

Status read_all(ByteSource& source, std::size_t limit, std::string& out) {
  constexpr std::size_t kStep = std::size_t{64} << 10;
  std::size_t size = out.size();
  for (;;) {
    if (out.size() - size < kStep) {
      out.resize(std::max(size + kStep, size < out.capacity() ? out.capacity() : 2 * size));
    }
    const auto got = source.read(out.data() + size, out.size() - size);
    if (got) size += *got;
    if (got && *got != 0 && size <= limit) continue;
    out.resize(std::min(size, limit));
    if (!got) return tl::unexpected<Error>(got.error());
    if (size > limit) return fail(Code::limit, fmt::format("more than {} bytes of text", limit));
    return {};
  }
}

}  // namespace tocsin::event
