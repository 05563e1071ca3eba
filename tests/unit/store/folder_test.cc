// Where the store lies: who may use it, and what is refused.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "support.h"

namespace tocsin::store {
namespace {

Error refusal(const StoreOptions& options) {
  const auto store = Store::open(options);
  if (store) FAIL("the store was opened");
  return store.error();
}

bool mentions(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

TEST_CASE("the folder and its files are for the service's user alone") {
  TemporaryFolder root;
  const mode_t before = ::umask(0);
  const auto store = open_store(options_for(root / "store"));
  add(*store, "a", {"slack"}, 1);
  ::umask(before);
  CHECK(mode_of(root / "store") == 0700);
  for (const char* const name : {"tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "lock"}) {
    CAPTURE(name);
    CHECK(mode_of(root / ("store/" + std::string(name))) == 0600);
  }
}

TEST_CASE("a database that others could read is closed to them") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  { open_store(options); }
  fs::permissions(root / "store/tocsin.db", static_cast<fs::perms>(0644));
  { open_store(options); }
  CHECK(mode_of(root / "store/tocsin.db") == 0600);
}

TEST_CASE("one service at a time") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  auto store = open_store(options);
  const Error error = refusal(options);
  CHECK(error.code == Code::refused);
  CHECK(mentions(error, "in use by another tocsin (process " + std::to_string(::getpid()) + ")"));
  store.reset();
  store = open_store(options);
}

TEST_CASE("a second process is refused, and the end of the first frees the store") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  int ready[2];
  int finish[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(finish) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = Store::open(options);
    char byte = store ? 'y' : 'n';
    const bool told = ::write(ready[1], &byte, 1) == 1 && ::read(finish[0], &byte, 1) == 1;
    ::_exit(told ? 0 : 1);  // as if it were killed
  }
  char opened = 0;
  REQUIRE(::read(ready[0], &opened, 1) == 1);
  CHECK(opened == 'y');
  CHECK(mentions(refusal(options), "process " + std::to_string(child)));
  REQUIRE(::write(finish[1], "x", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  for (const int fd : {ready[0], ready[1], finish[0], finish[1]}) ::close(fd);
  open_store(options);
}

TEST_CASE("the command line reads and changes the outbox beside the service") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.access = StoreOptions::Access::operate;
  CHECK(refusal(options).code == Code::not_found);
  fs::create_directory(root / "store");
  const Error missing = refusal(options);
  CHECK(missing.code == Code::not_found);
  CHECK(mentions(missing, "there is no store in"));

  const auto service = open_store(options_for(root / "store"));
  add(*service, "a", {"slack", "pager"}, 1);
  const auto tool = open_store(options);
  CHECK(must(tool->list("", false, 10)).size() == 2);
  CHECK(must(tool->drop({1})) == 1);
  CHECK(must(service->due("slack", 10, 10, {})).empty());
  add(*service, "b", {"slack"}, 2);
  CHECK(must(tool->list("slack", false, 10)).size() == 1);
  CHECK(tool->begin().error().code == Code::refused);
}

TEST_CASE("nothing is followed out of the folder") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  const std::string victim = root / "victim";
  for (const char* const name : {"tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "lock"}) {
    CAPTURE(name);
    fs::remove_all(root / "store");
    fs::create_directory(root / "store");
    std::ofstream(victim) << "precious";
    fs::create_symlink(victim, root / ("store/" + std::string(name)));
    const Error error = refusal(options);
    CHECK(error.code == Code::refused);
    CHECK(mentions(error, name));
    CHECK(fs::file_size(victim) == 8);
  }
  fs::remove_all(root / "store");
  fs::create_directory(root / "store");
  fs::create_hard_link(victim, root / "store/tocsin.db");
  CHECK(mentions(refusal(options), "hard link"));
  fs::remove(root / "store/tocsin.db");
  REQUIRE(::mkfifo((root / "store/tocsin.db").c_str(), 0600) == 0);
  CHECK(mentions(refusal(options), "not a plain file"));
}

TEST_CASE("the folder itself may be a link") {
  TemporaryFolder root;
  fs::create_directory(root / "disk");
  fs::create_directory_symlink(root / "disk", root / "store");
  open_store(options_for(root / "store"));
  CHECK(fs::exists(root / "disk/tocsin.db"));
}

TEST_CASE("files of another user are refused") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can make files of another user");
    return;
  }
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  { open_store(options); }
  // Root may use what belongs to the service's user; another user may not use what is root's.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chown((root / "store").c_str(), 65534, 65534) != 0 ||
        ::chmod((root / "").c_str(), 0755) != 0 || ::setuid(65534) != 0) {
      ::_exit(9);
    }
    const auto store = Store::open(options);
    ::_exit(!store && store.error().code == Code::refused ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  REQUIRE(::chown((root / "store/tocsin.db").c_str(), 65534, 65534) == 0);
  REQUIRE(::chown((root / "store/lock").c_str(), 65534, 65534) == 0);
  const auto store = open_store(options);
  add(*store, "a", {}, 1);
  struct stat file {};
  REQUIRE(::stat((root / "store/tocsin.db-wal").c_str(), &file) == 0);
  CHECK(file.st_uid == 65534);  // or the service could not use it afterwards
}

TEST_CASE("a folder that cannot be is an error with its name") {
  TemporaryFolder root;
  CHECK(refusal(options_for("")).code == Code::invalid_input);
  const Error error = refusal(options_for(root / "missing/store"));
  CHECK(error.code == Code::not_found);
  CHECK(mentions(error, "make " + (root / "missing") + " first"));
  std::ofstream(root / "file") << "x";
  CHECK(mentions(refusal(options_for(root / "file")), root / "file"));
}

TEST_CASE("a damaged database is refused with advice") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  { add(*open_store(options), "a", {"slack"}, 1); }
  const std::string database = root / "store/tocsin.db";
  const auto damaged = [&] {
    const Error error = refusal(options);
    CHECK(mentions(error, database));
    CHECK(mentions(error, "damaged"));
    CHECK(mentions(error, ".recover"));
  };
  SECTION("not a database") {
    std::ofstream(database, std::ios::binary) << std::string(10'000, 'x');
    damaged();
  }
  SECTION("the schema is overwritten") {
    std::fstream stream(database, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(100);
    stream << std::string(3996, '\xFF');
    stream.close();
    damaged();
  }
  SECTION("cut") {
    fs::resize_file(database, 5000);
    damaged();
  }
}

TEST_CASE("damage that is met later fails the store") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  {
    const auto store = open_store(options);
    for (int i = 0; i < 200; ++i) add(*store, "a" + std::to_string(i), {"slack"}, i);
  }
  const std::string database = root / "store/tocsin.db";
  std::fstream stream(database, std::ios::binary | std::ios::in | std::ios::out);
  for (std::uintmax_t at = 5 * 4096; at + 4096 <= fs::file_size(database); at += 4096) {
    stream.seekp(static_cast<std::streamoff>(at));
    stream << std::string(4096, '\xA5');
  }
  stream.close();
  const auto store = Store::open(options);
  if (!store) {
    CHECK(mentions(store.error(), "damaged"));
    return;
  }
  CHECK_FALSE((*store)->list("", false, 1000).has_value());
  CHECK((*store)->failed());
}

TEST_CASE("a database that is taken away is noticed before anything is promised") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  add(*store, "a", {}, 1);
  fs::remove_all(root / "store");
  const Result<Transaction> begun = store->begin();
  REQUIRE_FALSE(begun.has_value());
  CHECK(mentions(begun.error(), "was removed or replaced"));
  CHECK(store->failed());
}

}  // namespace
}  // namespace tocsin::store
