#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "event/record_reader.h"

namespace tocsin::event {
namespace {

namespace fs = std::filesystem;

class Expansion {
 public:
  void add(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (path == "-") {
      files.push_back(path);
      size_known_ = false;
    } else if (fs::is_directory(status)) {
      add_folder(path, 0);
    } else if (fs::exists(status)) {
      add_file(path, status);
    } else if (status.type() == fs::file_type::not_found) {
      add_glob(path);
    } else {
      fail_on(path, error);
    }
  }

  std::uint64_t total() const { return size_known_ ? total_ : 0; }

  std::vector<std::string> files;
  std::vector<Error> errors;

 private:
  void add_file(const std::string& path, const fs::file_status& status) {
    files.push_back(path);
    std::error_code error;
    if (!fs::is_regular_file(status)) {
      size_known_ = false;
    } else if (const auto size = fs::file_size(path, error); !error) {
      total_ += size;
    }
  }

  // Links to folders are not followed, so the walk ends. `depth` only keeps the stack small.
  void add_folder(const std::string& path, int depth) {
    std::error_code error;
    std::vector<std::string> names;
    if (depth == kMaxDepth) error = std::make_error_code(std::errc::filename_too_long);
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (!name.starts_with('.')) names.push_back(name);
    }
    if (error) return fail_on(path, error);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const std::string child = (fs::path(path) / name).string();
      const bool is_link = fs::is_symlink(fs::symlink_status(child, error));
      const fs::file_status status = fs::status(child, error);
      if (fs::is_directory(status)) {
        if (!is_link) add_folder(child, depth + 1);
      } else if (fs::is_regular_file(status)) {
        add_file(child, status);
      } else if (!fs::exists(status)) {
        fail_on(child, error);
      }
    }
  }

  void add_glob(const std::string& pattern) {
    ::glob_t found{};
    const int result = ::glob(pattern.c_str(), 0, nullptr, &found);
    const std::vector<std::string> matches(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (result != 0 || matches.empty()) {
      const bool is_pattern = pattern.find_first_of("*?[") != pattern.npos;
      errors.push_back(
          {Code::not_found,
           fmt::format("{} {}", is_pattern ? "no file matches" : "there is no file", pattern)});
      return;
    }
    for (const std::string& match : matches) {
      std::error_code error;
      if (fs::exists(match, error))
        add(match);
      else
        fail_on(match, error ? error : std::make_error_code(std::errc::no_such_file_or_directory));
    }
  }

  void fail_on(const std::string& path, const std::error_code& error) {
    errors.push_back({Code::io, fmt::format("cannot read {}: {}", path, error.message())});
  }

  static constexpr int kMaxDepth = 128;
  std::uint64_t total_ = 0;
  bool size_known_ = true;
};

}  // namespace

Inputs expand_inputs(const std::vector<std::string>& paths) {
  Expansion expansion;
  for (const std::string& path : paths) expansion.add(path);
  const std::uint64_t total = expansion.total();
  return {std::move(expansion.files), std::move(expansion.errors), total};
}

}  // namespace tocsin::event
