// A store that was damaged behind the service's back: nothing that was acknowledged is missing
// without being noticed, nothing is changed before somebody says so, and nothing complete is
// refused.
#include <fstream>
#include <iterator>
#include <map>

#include "power_loss_vfs.h"
#include "support.h"

namespace tocsin::store {
namespace {

constexpr int kAlerts = 31;
constexpr std::uint64_t kSlotStride = 4096;  // of the witness

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const fs::path& path, std::uint64_t at, const std::string& bytes) {
  std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(at));
  stream << bytes;
}

// What a kill leaves: the files as they are while the store is open.
void copy_store(const fs::path& from, const fs::path& to) {
  fs::create_directory(to);
  for (const auto& file : fs::directory_iterator(from)) {
    if (file.path().extension() != ".db-shm") fs::copy(file.path(), to / file.path().filename());
  }
}

// Databases, logs and witnesses; SQLite's index of the log is made anew by whoever opens it.
std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename();
    const std::string bytes = read_file(file.path());
    if (name != "lock" && name != "tocsin.db-shm" && !bytes.empty()) files[name] = bytes;
  }
  return files;
}

// A store with kAlerts alerts, as it is after a kill, and what it was after ten of them.
struct Killed {
  Killed() {
    const auto store = open_store(options_for(root / "running"));
    for (int i = 0; i < kAlerts; ++i) {
      if (i == 10) copy_store(root / "running", root / "early");
      if (i == kAlerts - 1) copy_store(root / "running", root / "before_last");
      add(*store, "a" + std::to_string(i), {"slack"}, i);
    }
    copy_store(root / "running", root / "store");
  }
  std::string file(const std::string& suffix) const { return root / ("store/tocsin.db" + suffix); }

  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
};

std::size_t count_alerts(Store& store) {
  return must(store.alerts({})).size();
}

void check_noticed(Killed& killed, const std::string& what, std::size_t left) {
  const auto before = files_of(killed.root / "store");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto refused = Store::open(killed.options);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::refused);
    CHECK_THAT(refused.error().message, Catch::Contains(what));
    CHECK_THAT(refused.error().message, Catch::Contains("tocsin run --accept-loss"));
    CHECK_THAT(refused.error().message, Catch::Contains("tocsin store restore"));
    CHECK(files_of(killed.root / "store") == before);
  }
  StoreOptions accepting = killed.options;
  accepting.accept_loss = true;
  std::string loss;
  {
    const auto store = open_store(accepting);
    CHECK(count_alerts(*store) == left);
    loss = must(store->accepted_loss()).value_or("");
    CHECK_THAT(loss, Catch::Contains(what));
  }
  // Once; and what comes then is witnessed again.
  copy_store(killed.root / "store", killed.root / "earlier");
  {
    const auto store = open_store(killed.options);
    add(*store, "later", {"slack"}, 100);
    CHECK(must(store->accepted_loss()) == loss);
    CHECK(count_alerts(*store) == left + 1);
  }
  fs::copy(killed.file("-witness"), killed.root / "earlier/tocsin.db-witness",
           fs::copy_options::overwrite_existing);
  const auto refused = Store::open(options_for(killed.root / "earlier"));
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().message, Catch::Contains("1 commit is missing"));
}

TEST_CASE("a store that was killed is complete") {
  Killed killed;
  const auto store = open_store(killed.options);
  CHECK(count_alerts(*store) == kAlerts);
  CHECK(must(store->accepted_loss()) == std::nullopt);
}

TEST_CASE("a log that was damaged is noticed") {
  Killed killed;
  const std::uint64_t size = fs::file_size(killed.file("-wal"));
  SECTION("cut in half") {
    fs::resize_file(killed.file("-wal"), size / 2);
    StoreOptions accepting = options_for(killed.root / "counted");
    copy_store(killed.root / "store", killed.root / "counted");
    accepting.accept_loss = true;
    const std::size_t left = count_alerts(*open_store(accepting));
    CHECK(left > 0);
    CHECK(left < kAlerts);
    check_noticed(killed, "alerts " + std::to_string(left + 1) + " to " + std::to_string(kAlerts),
                  left);
  }
  SECTION("overwritten early") {
    overwrite(killed.file("-wal"), 8192, std::string(64, '\x5A'));
    check_noticed(killed, "alerts 1 to 31 with them", 0);
  }
  SECTION("its last commit lost") {
    fs::copy(killed.root / "before_last/tocsin.db-wal", killed.file("-wal"),
             fs::copy_options::overwrite_existing);
    check_noticed(killed, "1 commit is missing, and alerts 31 to 31 with them", kAlerts - 1);
  }
  SECTION("removed") {
    fs::remove(killed.file("-wal"));
    check_noticed(killed, "the database ends at commit 0, but commit 31 was acknowledged", 0);
  }
}

TEST_CASE("a database that was damaged or exchanged is noticed") {
  Killed killed;
  SECTION("emptied") {
    fs::resize_file(killed.file(""), 0);
    check_noticed(killed, "is missing or empty, but commit 31 (alerts up to 31) was acknowledged",
                  0);
  }
  SECTION("removed") {
    fs::remove(killed.file(""));
    check_noticed(killed, "is missing or empty", 0);
  }
  SECTION("all but the witness removed") {
    fs::remove(killed.file(""));
    fs::remove(killed.file("-wal"));
    check_noticed(killed, "is missing or empty", 0);
  }
  SECTION("emptied, without a witness") {
    fs::resize_file(killed.file(""), 0);
    fs::remove(killed.file("-witness"));
    check_noticed(killed, "is missing or empty, but it has a write-ahead log", 0);
  }
  SECTION("put back to an earlier state") {
    for (const char* const suffix : {"", "-wal"}) {
      fs::copy(killed.root / ("early/tocsin.db" + std::string(suffix)), killed.file(suffix),
               fs::copy_options::overwrite_existing);
    }
    check_noticed(killed, "ends at commit 10, but commit 31 was acknowledged: 21 commits are", 10);
  }
  SECTION("exchanged for that of another store") {
    {
      const auto other = open_store(options_for(killed.root / "other"));
      for (int i = 0; i < 2 * kAlerts; ++i) add(*other, "b" + std::to_string(i), {}, i);
    }
    fs::remove(killed.file("-wal"));
    fs::copy(killed.root / "other/tocsin.db", killed.file(""),
             fs::copy_options::overwrite_existing);
    check_noticed(killed, "is the database of another store", 2 * kAlerts);
  }
}

TEST_CASE("a witness that is missing or unreadable is noticed") {
  Killed killed;
  SECTION("removed") {
    fs::remove(killed.file("-witness"));
    check_noticed(killed, "tocsin.db-witness is missing or empty", kAlerts);
  }
  SECTION("emptied") {
    fs::resize_file(killed.file("-witness"), 0);
    check_noticed(killed, "tocsin.db-witness is missing or empty", kAlerts);
  }
  SECTION("both slots damaged") {
    for (const std::uint64_t slot : {0u, 1u}) {
      overwrite(killed.file("-witness"), slot * kSlotStride + 30, "\xFF");
    }
    check_noticed(killed, "tocsin.db-witness is damaged", kAlerts);
  }
}

TEST_CASE("one slot of the witness may be torn") {
  for (const std::uint64_t slot : {0u, 1u}) {
    Killed killed;
    overwrite(killed.file("-witness"), slot * kSlotStride + 30, "\xFF");
    CHECK(count_alerts(*open_store(killed.options)) == kAlerts);
  }
}

TEST_CASE("a kill between a commit and its witness is no loss") {
  Killed killed;
  fs::copy(killed.root / "before_last/tocsin.db-witness", killed.file("-witness"),
           fs::copy_options::overwrite_existing);
  { CHECK(count_alerts(*open_store(killed.options)) == kAlerts); }
  // From then on the witness is as far as the database.
  fs::copy(killed.root / "before_last/tocsin.db", killed.file(""),
           fs::copy_options::overwrite_existing);
  fs::copy(killed.root / "before_last/tocsin.db-wal", killed.file("-wal"),
           fs::copy_options::overwrite_existing);
  check_noticed(killed, "1 commit is missing", kAlerts - 1);
}

TEST_CASE("a store without a commit may have no witness, or any") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  { open_store(options); }
  fs::remove(root / "store/tocsin.db-witness");
  { open_store(options); }
  fs::resize_file(root / "store/tocsin.db-witness", 100);
  { open_store(options); }
  fs::remove(root / "store/tocsin.db");
  const auto store = open_store(options);
  add(*store, "a", {}, 1);
}

TEST_CASE("beside a service a loss is noticed, too, and what it does is no loss") {
  Killed killed;
  StoreOptions beside = killed.options;
  beside.access = StoreOptions::Access::operate;
  { CHECK(must(open_store(beside)->drop({1})) == 1); }
  { CHECK(must(open_store(killed.options)->counts()).at(0).pending == kAlerts - 1); }
  fs::copy(killed.root / "early/tocsin.db", killed.file(""), fs::copy_options::overwrite_existing);
  fs::copy(killed.root / "early/tocsin.db-wal", killed.file("-wal"),
           fs::copy_options::overwrite_existing);
  const auto refused = Store::open(beside);
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().message, Catch::Contains("was acknowledged"));
}

TEST_CASE("a witness that cannot be written on a full disk is written with the next commit") {
  TemporaryFolder root;
  PowerLossVfs vfs;
  StoreOptions options = options_for(root / "store");
  options.seams.vfs = vfs.name();
  const std::string witness = root / "store/tocsin.db-witness";
  const auto store = open_store(options);
  add(*store, "a", {}, 1);
  const std::uint64_t before = vfs.operations();
  add(*store, "b", {}, 2);
  // The witness's write is the last but one operation of a commit, before its sync.
  const std::uint64_t operations = vfs.operations() - before;
  const std::string marked = read_file(witness);
  vfs.fail(PowerLossVfs::Kind::any, SQLITE_FULL, operations - 2, 1);
  add(*store, "c", {}, 3);
  CHECK(read_file(witness) == marked);
  CHECK_FALSE(store->failed());
  add(*store, "d", {}, 4);
  CHECK(read_file(witness) != marked);
}

TEST_CASE("a witness that cannot be synced fails the store") {
  TemporaryFolder root;
  PowerLossVfs vfs;
  StoreOptions options = options_for(root / "store");
  options.seams.vfs = vfs.name();
  const auto store = open_store(options);
  add(*store, "a", {}, 1);
  vfs.fail(PowerLossVfs::Kind::sync, SQLITE_IOERR_FSYNC, 1, 1);  // the second one of a commit
  Transaction transaction = must(store->begin());
  must(transaction.add_alert(alert_row("b", 2)));
  const Status committed = transaction.commit();
  REQUIRE_FALSE(committed.has_value());
  CHECK(committed.error().code == Code::io);
  CHECK_THAT(committed.error().message, Catch::Contains("tocsin.db-witness"));
  CHECK(store->failed());
}

}  // namespace
}  // namespace tocsin::store
