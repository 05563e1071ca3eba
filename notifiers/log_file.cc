#include "log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tocsin::notifiers {
namespace {

tl::unexpected<Error> os_failure(std::string_view doing) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::busy : Code::io;
  return fail(code, fmt::format("{}: {}", doing, std::strerror(errno)));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void LogFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Status LogFile::open() {
  // Not blocking: opening a FIFO would wait for somebody to read it.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  struct stat before {};
  const bool existed = ::lstat(options_.path.c_str(), &before) == 0;
  descriptor_ = ::open(options_.path.c_str(), kFlags, 0600);
  if (descriptor_ < 0) {
    if (errno == ELOOP) return fail(Code::refused, "cannot open: it is a symbolic link");
    return os_failure("cannot open");
  }
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return os_failure("cannot look at it");
  if (!S_ISREG(info.st_mode)) {
    close();
    return fail(Code::refused, "it is not a regular file");
  }
  size_ = static_cast<std::uint64_t>(info.st_size);
  if (!existed) return sync_folder();
  // A line that a crash has cut: what follows begins on a line of its own.
  char last = '\n';
  const int reader = ::open(options_.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (reader >= 0) {
    if (info.st_size > 0 && ::pread(reader, &last, 1, info.st_size - 1) != 1) last = '\n';
    ::close(reader);
  }
  return last == '\n' ? Status() : write_all("\n");
}

bool LogFile::was_replaced() const {
  struct stat ours {
  }, there{};
  return ::fstat(descriptor_, &ours) != 0 || ::lstat(options_.path.c_str(), &there) != 0 ||
         ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

Status LogFile::sync_folder() const {
  const int folder = ::open(folder_of(options_.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return os_failure("cannot open its folder");
  const int result = ::fsync(folder);
  const int error = errno;
  ::close(folder);
  errno = error;
  return result == 0 ? Status() : os_failure("cannot sync its folder");
}

Status LogFile::rotate() {
  const auto name = [&](unsigned number) {
    return number == 0 ? options_.path : fmt::format("{}.{}", options_.path, number);
  };
  close();
  if (options_.keep == 0) {
    if (::unlink(options_.path.c_str()) != 0 && errno != ENOENT) return os_failure("cannot remove");
  }
  for (unsigned number = options_.keep; number > 0; --number) {
    if (std::rename(name(number - 1).c_str(), name(number).c_str()) != 0 && errno != ENOENT) {
      return os_failure("cannot be set aside");
    }
  }
  return open();
}

Status LogFile::write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return os_failure("cannot write");
    size_ += static_cast<std::uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status LogFile::append(std::string_view lines) {
  if (descriptor_ >= 0 && was_replaced()) close();
  if (descriptor_ < 0) {
    if (Status status = open(); !status) {
      close();
      return status;
    }
  }
  if (size_ > 0 && size_ + lines.size() > options_.max_bytes) {
    if (Status status = rotate(); !status) {
      close();
      return status;
    }
  }
  const std::uint64_t before = size_;
  Status status = write_all(lines);
  if (status && ::fdatasync(descriptor_) != 0) status = os_failure("cannot sync");
  if (!status) {
    // Nothing of it stays. After a failed sync nobody knows what is on disk: the file is opened
    // again and the lines are written again.
    if (::ftruncate(descriptor_, static_cast<off_t>(before)) != 0) {
      status.error().message += "; a part of a line may be left";
    }
    close();
  }
  return status;
}

}  // namespace tocsin::notifiers
