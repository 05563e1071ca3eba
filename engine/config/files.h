// Files: what reading a configuration sees of the file system; a seam for tests and fuzzing.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tocsin::config {

inline constexpr std::size_t kSecretFileBytes = std::size_t{64} << 10;

class Files {
 public:
  virtual ~Files() = default;

  struct Content {
    std::string text;
    bool others_may_read = false;
  };
  // A regular file of at most `limit` bytes.
  virtual Result<Content> read(const std::string& path, std::size_t limit) const = 0;
  // Whether there is a file or folder that this process may read; the error says why not.
  virtual Status readable(const std::string& path) const = 0;
};

const Files& system_files();
// A file system in which there is nothing.
const Files& no_files();

}  // namespace tocsin::config
