// What the tests of the store share: folders, rows, and SQL past the store.
#pragma once

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "store/store.h"

namespace tocsin::store {

namespace fs = std::filesystem;

// In memory where there is such a folder: thousands of files are made, and no test needs a disk but
// those that measure.
inline fs::path usual_parent() {
  const char* const wanted = std::getenv("TMPDIR");
  if (wanted == nullptr && ::access("/dev/shm", W_OK) == 0) return "/dev/shm";
  return fs::temp_directory_path();
}

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent = usual_parent()) {
    std::string path = (parent / "tocsin_store_XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    root_ = fs::canonical(path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return (root_ / name).string(); }

 private:
  fs::path root_;
};

inline StoreOptions options_for(std::string folder) {
  StoreOptions options;
  options.folder = std::move(folder);
  options.reserve_bytes = 0;
  return options;
}

// The value, or a failed test that says why there is none.
template <class Value>
Value must(Result<Value> result) {
  if (!result) FAIL(result.error().message);
  if constexpr (!std::is_void_v<Value>) return std::move(*result);
}

inline std::unique_ptr<Store> open_store(const StoreOptions& options) {
  return must(Store::open(options));
}

inline Key key_of(std::uint64_t number) {
  Key key{};
  for (std::size_t i = 0; i < 8; ++i) {
    key[i] = static_cast<std::uint8_t>((number * 0x9E3779B97F4A7C15u) >> (8 * i));
    key[8 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return key;
}

inline AlertRow alert_row(const std::string& name, Milliseconds created) {
  AlertRow alert;
  alert.alert_id = name;
  alert.rule_id = "rule-" + name;
  alert.rule_title = "Title of " + name;
  alert.level = "high";
  alert.account = "111122223333";
  alert.principal = "arn:aws:iam::111122223333:user/" + name;
  alert.source = "http";
  alert.json = R"({"id":")" + name + R"("})";
  alert.created = alert.first_seen = alert.last_seen = created;
  return alert;
}

inline Delivery delivery_row(std::int64_t alert, const std::string& receiver,
                             const std::string& key, Milliseconds created) {
  Delivery delivery;
  delivery.alert = alert;
  delivery.receiver = receiver;
  delivery.key = key;
  delivery.received = delivery.created = delivery.due = created;
  delivery.first_seen = delivery.last_seen = created;
  delivery.expires = created + 1000;
  return delivery;
}

// One alert with one delivery to each of `receivers`; its id.
inline std::int64_t add(Store& store, const std::string& name,
                        const std::vector<std::string>& receivers, Milliseconds now) {
  Transaction transaction = must(store.begin());
  const std::int64_t alert = must(transaction.add_alert(alert_row(name, now)));
  for (const std::string& receiver : receivers) {
    must(transaction.enqueue(delivery_row(alert, receiver, name + receiver, now)));
  }
  must(transaction.commit());
  return alert;
}

// Runs SQL on a database, past the store; the first value it gives, or "".
inline std::string sql(const std::string& database, const std::string& statements) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                          nullptr) == SQLITE_OK);
  std::string first;
  const auto keep = [](void* out, int count, char** values, char** /*names*/) {
    auto& text = *static_cast<std::string*>(out);
    if (text.empty() && count > 0 && values[0] != nullptr) text = values[0];
    return 0;
  };
  char* message = nullptr;
  const int result = sqlite3_exec(handle, statements.c_str(), keep, &first, &message);
  const std::string problem = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_close(handle);
  if (result != SQLITE_OK) FAIL(statements << ": " << problem);
  return first;
}

inline mode_t mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::lstat(path.c_str(), &file) == 0);
  return file.st_mode & 07777;
}

}  // namespace tocsin::store
