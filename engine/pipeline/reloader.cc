#include "pipeline/reloader.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/hash.h"

namespace tocsin::pipeline {
namespace {

namespace fs = std::filesystem;

// Beyond so many, changes are not looked for: a folder that holds more is not a folder of rules.
constexpr std::size_t kWatchedFiles = 100'000;

void add_file(const std::string& path, KeyHash& key) {
  struct stat info {};
  key.add_field(path);
  if (::stat(path.c_str(), &info) != 0) {
    key.add_field("absent");
    return;
  }
  key.add_field(fmt::format("{} {} {} {}.{} {}.{}", info.st_dev, info.st_ino, info.st_size,
                            info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec,
                            info.st_ctim.tv_nsec));
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (files.size() == kWatchedFiles) break;
    files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string signature_of(const std::vector<std::string>& paths) {
  KeyHash key;
  for (const std::string& path : paths) {
    add_file(path, key);
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    for (const std::string& file : files_in(path)) add_file(file, key);
  }
  return hex_of(key);
}

Reloader::Reloader(std::int64_t interval_ms, Actions actions)
    : interval_ms_(interval_ms), actions_(std::move(actions)) {
  if (interval_ms_ > 0) in_force_ = last_seen_ = signature_of(actions_.watched());
  thread_ = std::thread([this] { run(); });
}

Reloader::~Reloader() {
  stop();
}

void Reloader::request(Done done) {
  {
    const MutexLock lock(mutex_);
    if (!stopping_) {
      requested_ = true;
      if (done) requests_.push_back(std::move(done));
      wake_.notify_one();
      return;
    }
  }
  if (done) done(fail(Code::busy, "shutting down"));
}

void Reloader::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  std::vector<Done> requests;
  {
    const MutexLock lock(mutex_);
    requests.swap(requests_);
  }
  for (const Done& done : requests) done(fail(Code::busy, "shutting down"));
}

void Reloader::run() {
  const auto pause = std::chrono::milliseconds(interval_ms_ > 0 ? interval_ms_ : 3'600'000);
  for (;;) {
    std::vector<Done> requests;
    bool requested = false;
    {
      const MutexLock lock(mutex_);
      wake_.wait_for(mutex_, pause, [&]() REQUIRES(mutex_) { return requested_ || stopping_; });
      if (stopping_) return;
      requested = std::exchange(requested_, false);
      requests.swap(requests_);
    }
    if (!requested && (interval_ms_ == 0 || !has_changed())) continue;
    // Taken before: what changes while it is read is a change.
    if (interval_ms_ > 0) in_force_ = last_seen_ = signature_of(actions_.watched());
    const Status reloaded = actions_.reload();
    for (const Done& done : requests) done(reloaded);
  }
}

// Only once it has stood still for an interval: files that are being written are left alone.
bool Reloader::has_changed() {
  std::string now = signature_of(actions_.watched());
  const bool settled = now == last_seen_;
  last_seen_ = std::move(now);
  return settled && last_seen_ != in_force_;
}

}  // namespace tocsin::pipeline
