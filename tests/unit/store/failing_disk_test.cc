// A disk that fails: full for a while, or broken for ever.
#include "environment.h"
#include "power_loss_vfs.h"
#include "support.h"
#include "walk.h"

namespace tocsin::store {
namespace {

StoreOptions options_on(const PowerLossVfs& vfs, const std::string& folder) {
  StoreOptions options = Walk::limits(options_for(folder));
  options.seams.vfs = vfs.name();
  options.seams.checkpoint_pages = 30;
  return options;
}

// Steps until one fails, at most `most`.
bool walk_until_error(Walk& walk, Store& store, int most) {
  for (int step = 0; step < most; ++step) {
    if (!walk.step(store)) return true;
  }
  return false;
}

TEST_CASE("a full disk is no failure, and nothing is done by halves") {
  const std::uint64_t points = from_environment("TOCSIN_FAULTS", 40);
  std::mt19937_64 random(11);
  std::uint64_t met = 0;
  for (std::uint64_t point = 0; point < points; ++point) {
    CAPTURE(point);
    TemporaryFolder root;
    PowerLossVfs vfs;
    Walk walk(point);
    const std::string folder = root / "store";
    {
      const auto store = open_store(options_on(vfs, folder));
      vfs.fail(PowerLossVfs::Kind::write, SQLITE_FULL, random() % 300, 1 + random() % 5);
      for (int step = 0; step < 150; ++step) {
        if (walk.step(*store)) continue;
        ++met;
        CHECK(walk.error.find("no room for") != std::string::npos);
        CHECK_FALSE(store->failed());
      }
      vfs.stop_failing();
      CHECK_FALSE(walk_until_error(walk, *store, 20));
    }
    CHECK(walk.divergences == std::vector<std::string>{});
    std::string problem;
    const State found = read_state(folder + "/tocsin.db", vfs.name(), problem);
    CHECK(problem == "");
    CHECK(difference(walk.state, found) == "");
  }
  CHECK(met > points / 2);
}

// What is promised holds although a failed fsync is followed by a loss of power, and nothing is
// promised after it. A write that fails is treated alike.
TEST_CASE("a broken disk fails the store for ever") {
  const std::uint64_t points = from_environment("TOCSIN_FAULTS", 40);
  std::mt19937_64 random(12);
  std::uint64_t met = 0;
  for (std::uint64_t point = 0; point < points; ++point) {
    const bool is_sync = point % 2 == 0;
    CAPTURE(point, is_sync);
    TemporaryFolder root;
    PowerLossVfs vfs;
    Walk walk(point);
    {
      const auto store = open_store(options_on(vfs, root / "store"));
      vfs.fail(is_sync ? PowerLossVfs::Kind::sync : PowerLossVfs::Kind::write,
               is_sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE, random() % 100, 1);
      if (!walk_until_error(walk, *store, 150)) continue;
      ++met;
      CHECK(store->failed());
      // The disk works again, and still:
      CHECK(store->begin().error().message.find("the store has failed") == 0);
      CHECK(store->delivered({1}).error().code == Code::io);
      CHECK_FALSE(store->due("slack", 0, 1, {}).has_value());
      CHECK_FALSE(store->counts().has_value());
      vfs.lose_power();
    }
    vfs.survivors(root / "store", root / "after", random);
    { const auto store = open_store(options_on(vfs, root / "after")); }
    std::string problem;
    const State found = read_state(root / "after/tocsin.db", vfs.name(), problem);
    CHECK(problem == "");
    if (!walk.maybe || !(found == *walk.maybe)) CHECK(difference(walk.state, found) == "");
  }
  CHECK(met > points / 2);
}

TEST_CASE("a store that has failed writes nothing when it is closed") {
  TemporaryFolder root;
  PowerLossVfs vfs;
  std::uint64_t operations = 0;
  {
    const auto store = open_store(options_on(vfs, root / "store"));
    add(*store, "a", {"slack"}, 1);
    vfs.fail(PowerLossVfs::Kind::sync, SQLITE_IOERR_FSYNC, 0, 1);
    Transaction transaction = must(store->begin());
    must(transaction.add_alert(alert_row("b", 2)));
    const Status committed = transaction.commit();
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().code == Code::io);
    CHECK(committed.error().message.find("tocsin.db") != std::string::npos);
    operations = vfs.operations();
  }
  CHECK(vfs.operations() == operations);
}

TEST_CASE("a transaction that changes nothing writes nothing") {
  TemporaryFolder root;
  PowerLossVfs vfs;
  const auto store = open_store(options_on(vfs, root / "store"));
  add(*store, "a", {"slack"}, 1);
  const std::uint64_t before = vfs.operations();
  Transaction transaction = must(store->begin());
  must(transaction.find_group(key_of(1)));
  must(transaction.due_groups(5, 10));
  must(transaction.prune(10));
  must(transaction.commit());
  must(store->prune(20));
  must(store->expire(5, 10));
  CHECK(vfs.operations() == before);
}

TEST_CASE("a commit costs one sync of the log, and one of the witness when it is acknowledged") {
  TemporaryFolder root;
  PowerLossVfs vfs;
  StoreOptions options = options_on(vfs, root / "store");
  options.seams.checkpoint_pages = 0;
  const auto store = open_store(options);
  add(*store, "a", {"slack"}, 1);
  const std::uint64_t before = vfs.syncs();
  for (int i = 0; i < 10; ++i) add(*store, "b" + std::to_string(i), {"slack", "pager"}, 2);
  CHECK(vfs.syncs() == before + 2 * 10);
  must(store->delivered({1, 2, 3}));
  must(store->bury({4, 5}, "no"));
  CHECK(vfs.syncs() == before + 2 * 10 + 2);
}

}  // namespace
}  // namespace tocsin::store
