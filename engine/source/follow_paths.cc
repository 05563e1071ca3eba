#include "source/follow_paths.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace tocsin::source {
namespace {

namespace fs = std::filesystem;

constexpr int kDepth = 64;

class Lister {
 public:
  void add_folder(const std::string& path, int depth) {
    std::error_code error;
    std::vector<std::string> names;
    if (depth == kDepth) error = std::make_error_code(std::errc::filename_too_long);
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      std::string name = it->path().filename().string();
      if (!name.starts_with('.')) names.push_back(std::move(name));
      if (names.size() > kFollowedFiles) break;
    }
    // A folder that has gone meanwhile has no files.
    if (error && error != std::errc::no_such_file_or_directory)
      return fail_on(path, error.message());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const std::string child = (fs::path(path) / name).string();
      std::error_code ignored;
      const fs::file_status own = fs::symlink_status(child, ignored);
      if (fs::is_directory(own)) {
        add_folder(child, depth + 1);
      } else if (!fs::is_symlink(own) || !fs::is_directory(fs::status(child, ignored))) {
        add_file(child);
      }
    }
  }

  void add_glob(const std::string& pattern) {
    ::glob_t found{};
    const int result = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
    std::vector<std::string> matches(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (result != 0 && result != GLOB_NOMATCH) fail_on(pattern, "its folder cannot be listed");
    std::sort(matches.begin(), matches.end());
    for (std::string& match : matches) {
      std::error_code ignored;
      if (!fs::is_directory(match, ignored)) add_file(std::move(match));
    }
  }

  void add_file(std::string path) {
    if (listing.paths.size() < kFollowedFiles) {
      listing.paths.push_back(std::move(path));
    } else {
      fail_on(path, fmt::format("there are more than {} files", kFollowedFiles));
    }
  }

  Listing listing;

 private:
  void fail_on(const std::string& path, const std::string& why) {
    listing.complete = false;
    if (listing.problem.empty()) {
      listing.problem = fmt::format("cannot follow {}: {}", text::printable(path), why);
    }
  }
};

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string real_folder(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path.empty() ? "." : path, error);
  return error ? path : real.string();
}

}  // namespace

std::string_view stem_of(std::string_view path) {
  const std::string_view name = name_of(path);
  return name.substr(0, name.find('.', 1));
}

Listing list_followed(const std::string& path) {
  Lister lister;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    lister.listing.is_folder = true;
    lister.listing.root = real_folder(path);
    lister.add_folder(path, 0);
    return std::move(lister.listing);
  }
  const bool is_glob = !fs::exists(status) && path.find_first_of("*?[") != path.npos;
  const std::string named = is_glob ? path.substr(0, path.find_first_of("*?[")) : path;
  lister.listing.root = real_folder(named.substr(0, named.rfind('/') + 1));
  if (is_glob) {
    lister.add_glob(path);
  } else {
    lister.add_file(path);
  }
  return std::move(lister.listing);
}

std::vector<std::string> names_beside(const std::string& path) {
  std::vector<std::string> found;
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end; !error && it != end;
       it.increment(error)) {
    found.push_back(folder + it->path().filename().string());
    if (found.size() > kFollowedFiles) break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> names_before_rotation(std::string_view path) {
  constexpr std::string_view kMark = "0123456789.-_TZ";
  const std::string folder(path.substr(0, path.rfind('/') + 1));
  std::string_view name = name_of(path);
  for (const std::string_view packed : {".gz", ".bz2", ".xz", ".zst", ".zip"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  std::vector<std::string> names;
  // Cuts [.-]digits… off the end of `text`.
  const auto add = [&](std::string_view text, std::string_view extension) {
    const std::size_t last = text.find_last_not_of(kMark);
    if (last == text.npos) return;
    for (std::size_t at = last + 1; at + 1 < text.size(); ++at) {
      const bool is_mark =
          (text[at] == '.' || text[at] == '-') && text[at + 1] >= '0' && text[at + 1] <= '9';
      if (is_mark)
        names.push_back(folder + std::string(text.substr(0, at)) + std::string(extension));
    }
  };
  add(name, "");
  if (const std::size_t dot = name.rfind('.'); dot != name.npos && dot != 0) {
    add(name.substr(0, dot), name.substr(dot));
  }
  if (name.size() != name_of(path).size()) names.push_back(folder + std::string(name));
  return names;
}

}  // namespace tocsin::source
