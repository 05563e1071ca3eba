// LogFile: a file that only grows, line by line, and is set aside when it has grown enough:
// NAME is renamed to NAME.1, that to NAME.2, and so on. What append() has accepted is on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::notifiers {

class LogFile {
 public:
  struct Options {
    std::string path;
    std::uint64_t max_bytes = 0;  // then it is set aside; a file is never without a line
    unsigned keep = 0;            // files set aside that are kept
  };

  explicit LogFile(Options options) : options_(std::move(options)) {}
  ~LogFile() { close(); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // All of `lines` or, on an error, none of it. Not thread-safe. When somebody else has moved or
  // removed the file, a new one is made.
  Status append(std::string_view lines);

 private:
  Status open();
  void close();
  bool was_replaced() const;
  Status rotate();
  Status write_all(std::string_view text);
  // Makes names in the file's folder durable.
  Status sync_folder() const;

  const Options options_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace tocsin::notifiers
