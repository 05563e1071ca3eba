// FollowedFile: a regular file that is open for reading, and the text in it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "event/byte_source.h"
#include "source/text_marks.h"

namespace tocsin::source {

struct FileId {
  std::uint64_t device = 0, inode = 0;
  auto operator<=>(const FileId&) const = default;
};

struct FileState {
  FileId id;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  bool is_regular = false;
  bool is_linked = true;  // it has a name

  bool same_version(const FileState& other) const {
    return id == other.id && size == other.size && mtime_ns == other.mtime_ns;
  }
};

// Links are followed.
Result<FileState> file_state(const std::string& path);

class FollowedFile {
 public:
  // Refuses what is no regular file, without waiting for anything (a FIFO's writer, a device), and
  // what does not lie in the folder `within` (a real path; "": anywhere): whoever may write to a
  // followed folder could otherwise have any file read by a symbolic link.
  static Result<FollowedFile> open(const std::string& path, const std::string& within);

  FollowedFile(FollowedFile&& other) noexcept;
  FollowedFile& operator=(FollowedFile&& other) noexcept;
  ~FollowedFile();

  const std::string& path() const { return path_; }
  Result<FileState> state() const;
  // Fewer than `size` bytes only at the end.
  Result<std::string> read_at(std::uint64_t offset, std::size_t size) const;
  // Compressed, in a format that may or may not be supported.
  Result<bool> is_packed() const;

  // The text from its beginning, inflated when it is packed; of a plain file, from `offset` on. The
  // file must outlive it.
  std::unique_ptr<event::ByteSource> text(bool packed, std::uint64_t offset = 0) const;
  // A marker that has seen the text of a plain file up to `offset`; nullopt: it is shorter.
  Result<std::optional<Marker>> marker_at(std::uint64_t offset) const;

 private:
  FollowedFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status check_place(const std::string& within) const;

  std::string path_;
  int fd_ = -1;
};

// Reads `text` up to `offset` and returns a marker that has seen it; nullopt: it is shorter.
Result<std::optional<Marker>> skip_to(event::ByteSource& text, std::uint64_t offset);

// Whether the two plain files begin with the same `size` bytes, as far as their first and last
// kilobyte tell. False when one is shorter, or cannot be read.
bool same_beginning(const FollowedFile& a, const FollowedFile& b, std::uint64_t size);

}  // namespace tocsin::source
