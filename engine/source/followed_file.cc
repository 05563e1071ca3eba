#include "source/followed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "event/gzip.h"

namespace tocsin::source {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPackedMagics[] = {"\x1f\x8b"sv, "\x28\xb5\x2f\xfd"sv, "BZh"sv,
                                              "\xfd"
                                              "7zXZ\0"sv,
                                              "PK\3\4"sv};

tl::unexpected<Error> os_error(const char* verb, const std::string& path, int number) {
  const Code code = number == ENOENT || number == ENOTDIR ? Code::not_found : Code::io;
  return fail(code, fmt::format("cannot {} {}: {}", verb, text::printable(path),
                                std::generic_category().message(number)));
}

FileState state_of(const struct stat& info) {
  FileState state;
  state.id = {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
  state.size = static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0));
  state.mtime_ns = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
                   static_cast<std::int64_t>(info.st_mtim.tv_nsec);
  state.is_regular = S_ISREG(info.st_mode);
  state.is_linked = info.st_nlink != 0;
  return state;
}

Result<std::size_t> read_fd(int fd, const std::string& path, std::uint64_t offset, char* out,
                            std::size_t size) {
  for (;;) {
    const ssize_t got = ::pread(fd, out, size, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return os_error("read", path, errno);
  }
}

class FileSource final : public event::ByteSource {
 public:
  FileSource(int fd, const std::string& path, std::uint64_t offset)
      : fd_(fd), path_(path), begin_(offset), offset_(offset) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    auto got = read_fd(fd_, path_, offset_, out, size);
    if (got) offset_ += *got;
    return got;
  }
  std::uint64_t consumed() const override { return offset_ - begin_; }

 private:
  const int fd_;
  const std::string& path_;
  const std::uint64_t begin_;
  std::uint64_t offset_;
};

}  // namespace

Result<FileState> file_state(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return os_error("look at", path, errno);
  return state_of(info);
}

Result<FollowedFile> FollowedFile::open(const std::string& path, const std::string& within) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return os_error("open", path, errno);
  FollowedFile file(path, fd);
  auto state = file.state();
  if (!state) return tl::unexpected<Error>(std::move(state.error()));
  if (!state->is_regular) {
    return fail(Code::refused,
                fmt::format("cannot follow {}: it is not a regular file", text::printable(path)));
  }
  if (Status place = file.check_place(within); !place) {
    return tl::unexpected<Error>(std::move(place.error()));
  }
  return file;
}

// Of the file that is open, so that nobody can put a link in its place after the check.
Status FollowedFile::check_place(const std::string& within) const {
  if (within.empty()) return {};
  std::error_code error;
  const std::string real =
      std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd_), error).string();
  if (error) return os_error("find the place of", path_, error.value());
  if (real.starts_with(within) && (within == "/" || real.substr(within.size()).starts_with('/'))) {
    return {};
  }
  return fail(Code::refused,
              fmt::format("cannot follow {}: a symbolic link leads to {}, out of {}",
                          text::printable(path_), text::printable(real), text::printable(within)));
}

FollowedFile::FollowedFile(FollowedFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

FollowedFile& FollowedFile::operator=(FollowedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

FollowedFile::~FollowedFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FileState> FollowedFile::state() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return os_error("look at", path_, errno);
  return state_of(info);
}

Result<std::string> FollowedFile::read_at(std::uint64_t offset, std::size_t size) const {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto got = read_fd(fd_, path_, offset + have, out.data() + have, size - have);
    if (!got) return tl::unexpected<Error>(got.error());
    if (*got == 0) break;
    have += *got;
  }
  out.resize(have);
  return out;
}

Result<bool> FollowedFile::is_packed() const {
  const auto head = read_at(0, 6);
  if (!head) return tl::unexpected<Error>(head.error());
  return std::any_of(std::begin(kPackedMagics), std::end(kPackedMagics),
                     [&](std::string_view magic) { return head->starts_with(magic); });
}

std::unique_ptr<event::ByteSource> FollowedFile::text(bool packed, std::uint64_t offset) const {
  auto bytes = std::make_unique<FileSource>(fd_, path_, packed ? 0 : offset);
  if (packed) return event::decompress(std::move(bytes));
  return bytes;
}

Result<std::optional<Marker>> FollowedFile::marker_at(std::uint64_t offset) const {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(offset, Marks::kTailBytes));
  const auto head = read_at(0, size);
  if (!head) return tl::unexpected<Error>(head.error());
  const auto tail = read_at(offset - size, size);
  if (!tail) return tl::unexpected<Error>(tail.error());
  if (head->size() < size || tail->size() < size) return std::optional<Marker>();
  return std::optional<Marker>(Marker(*head, *tail, offset));
}

Result<std::optional<Marker>> skip_to(event::ByteSource& text, std::uint64_t offset) {
  Marker marker;
  std::string buffer(std::size_t{64} << 10, '\0');
  while (marker.size() < offset) {
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), offset - marker.size()));
    const auto got = text.read(buffer.data(), most);
    if (!got) return tl::unexpected<Error>(got.error());
    if (*got == 0) return std::optional<Marker>();
    marker.feed({buffer.data(), *got});
  }
  return std::optional<Marker>(std::move(marker));
}

bool same_beginning(const FollowedFile& a, const FollowedFile& b, std::uint64_t size) {
  const auto of_a = a.marker_at(size);
  const auto of_b = b.marker_at(size);
  return of_a && of_b && *of_a && *of_b && (*of_a)->marks() == (*of_b)->marks();
}

}  // namespace tocsin::source
