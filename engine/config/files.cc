#include "config/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sigma/file.h"

namespace tocsin::config {
namespace {

class SystemFiles : public Files {
 public:
  Result<Content> read(const std::string& path, std::size_t limit) const override {
    Result<std::string> text = sigma::read_file(path, limit);
    if (!text) return tl::unexpected(std::move(text.error()));
    struct stat info {};
    const bool known = ::stat(path.c_str(), &info) == 0;
    return Content{*std::move(text), known && (info.st_mode & S_IROTH) != 0};
  }

  Status readable(const std::string& path) const override {
    if (::access(path.c_str(), R_OK) == 0) return {};
    return fail(errno == ENOENT ? Code::not_found : Code::io, std::strerror(errno));
  }
};

class NoFiles : public Files {
 public:
  Result<Content> read(const std::string&, std::size_t) const override { return nothing(); }
  Status readable(const std::string&) const override { return nothing(); }

 private:
  static tl::unexpected<Error> nothing() { return fail(Code::not_found, std::strerror(ENOENT)); }
};

}  // namespace

const Files& system_files() {
  static const SystemFiles files;
  return files;
}

const Files& no_files() {
  static const NoFiles files;
  return files;
}

}  // namespace tocsin::config
