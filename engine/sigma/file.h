// Reading whole files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tocsin::sigma {

// The bytes of a regular file of at most `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// Files: where the texts of rule and list files come from. This one reads the disk; a derived one
// may know other versions of a file. Called from several threads at once.
class Files {
 public:
  virtual ~Files() = default;
  // The text of a file of at most `limit` bytes; nullopt: the file is to be left out.
  virtual Result<std::optional<std::string>> read(const std::string& path, std::size_t limit) const;
  // The files to read in place of what lies at `path`; nullopt: look there.
  virtual std::optional<std::vector<std::string>> instead_of(const std::string& path) const;
};
const Files& files_on_disk();

}  // namespace tocsin::sigma
