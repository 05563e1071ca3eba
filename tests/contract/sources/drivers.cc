#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "contract/sources/kit.h"

namespace tocsin::source {
namespace {

namespace fs = std::filesystem;

class FileDriver final : public Driver {
 public:
  FileDriver() {
    char path[] = "/tmp/tocsin-source-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    folder_ = path;
  }
  ~FileDriver() override { fs::remove_all(folder_); }
  std::string settings() const override {
    return "{type: file, poll: 10ms, path: " + folder_ + "/log}";
  }
  void put(const std::string& record) override {
    std::ofstream(folder_ + "/log", std::ios::app | std::ios::binary) << record << "\n";
  }

 private:
  std::string folder_;
};

class PipeDriver final : public Driver {
 public:
  PipeDriver() : saved_(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10)) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    writer_ = ends[1];
  }
  ~PipeDriver() override {
    end();
    if (saved_ >= 0) {
      ::dup2(saved_, STDIN_FILENO);
      ::close(saved_);
    }
  }
  std::string settings() const override { return "{type: stdin}"; }
  void put(const std::string& record) override {
    const std::string line = record + "\n";
    REQUIRE(::write(writer_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
  void end() override {
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }
  bool is_read_again() const override { return false; }

 private:
  int saved_;
  int writer_ = -1;
};

template <class T>
DriverEntry driver(std::string type) {
  return {std::move(type), [] { return std::make_unique<T>(); }};
}

}  // namespace

const std::vector<DriverEntry>& drivers() {
  static const std::vector<DriverEntry> kDrivers{driver<FileDriver>("file"),
                                                 driver<PipeDriver>("stdin"), queue_driver()};
  return kDrivers;
}

}  // namespace tocsin::source
