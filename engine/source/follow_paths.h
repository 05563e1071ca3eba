// Which files are followed: a file, a folder with everything in it, or a glob.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::source {

struct Listing {
  std::vector<std::string> paths;  // sorted by name, folder by folder
  // The real path of the folder that the operator named: the one that is followed, or the one in
  // which a file or the first wildcard is. What was found by listing must lie in it.
  std::string root;
  bool is_folder = false;
  bool complete = true;  // false: something could not be looked into
  std::string problem;   // the first such thing, for people
};

inline constexpr std::size_t kFollowedFiles = 200'000;

// Hidden files of a folder are left out, and links to folders are not gone into. A path that names
// nothing yet is a file to come.
Listing list_followed(const std::string& path);

// The name of `path` up to its first dot: what its names keep when it is rotated.
std::string_view stem_of(std::string_view path);

// The names in the folder of `path`, sorted, as paths.
std::vector<std::string> names_beside(const std::string& path);

// What a file of this name may have been called before it was rotated: "x.log" for x.log.1,
// x.log-20240131.gz and x-20240131.log.
std::vector<std::string> names_before_rotation(std::string_view path);

}  // namespace tocsin::source
