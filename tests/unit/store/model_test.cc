// The outbox and all else in the store against a model, with a crash or a restart between any two
// operations. TOCSIN_MODEL_OPS: how many operations (short by default), TOCSIN_SEED: which ones.
#include <fmt/format.h>

#include "environment.h"
#include "support.h"
#include "walk.h"

namespace tocsin::store {
namespace {

// As after a kill: what the files hold at this moment. Shared memory does not survive the last
// process that had it.
void copy_files(const std::string& from, const std::string& to) {
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  // The witness first: one that is behind the database promises less.
  for (const char* name : {"/tocsin.db-witness", "/tocsin.db", "/tocsin.db-wal"}) {
    if (fs::exists(from + name)) fs::copy_file(from + name, to + name);
  }
}

class Life {
 public:
  explicit Life(std::uint64_t seed) : walk(seed) { open(); }

  void open() {
    StoreOptions options = Walk::limits(options_for(folder()));
    // What a process wrote survives it without fsync; power_loss_test.cc is about the rest.
    options.seams.synchronous = "OFF";
    options.seams.checkpoint_pages = 100;
    store = open_store(options);
  }

  void restart() {
    store.reset();
    open();
    compare();
  }

  void crash() {
    const std::string from = folder();
    ++lives_;
    if (walk.chance(50)) {
      copy_files(from, folder());
    } else {
      walk.abandon(*store, [&] { copy_files(from, folder()); });
    }
    store.reset();
    fs::remove_all(from);
    open();
    compare();
    ++crashes;
  }

  void compare() {
    std::string problem;
    const State found = read_state(folder() + "/tocsin.db", "", problem);
    if (problem.empty()) problem = difference(walk.state, found);
    if (!problem.empty()) walk.divergences.push_back("on disk: " + problem);
  }

  Walk walk;
  std::unique_ptr<Store> store;
  std::uint64_t crashes = 0;

 private:
  std::string folder() const { return root_ / fmt::format("store_{}", lives_); }

  TemporaryFolder root_;
  std::uint64_t lives_ = 0;
};

TEST_CASE("the store does what the model does, across crashes") {
  const std::uint64_t wanted = from_environment("TOCSIN_MODEL_OPS", 10'000);
  const std::uint64_t seed = from_environment("TOCSIN_SEED", 1);
  CAPTURE(seed);
  Life life(seed);
  std::uint64_t steps = 0;
  while (life.walk.operations < wanted && life.walk.divergences.empty()) {
    if (!life.walk.step(*life.store)) {
      FAIL("step " << steps << ", operation " << life.walk.operations << ": " << life.walk.error);
    }
    ++steps;
    if (life.walk.chance(1)) life.crash();
    if (life.walk.below(300) == 0) life.restart();
  }
  life.compare();
  INFO("operation " << life.walk.operations);
  CHECK(life.walk.divergences == std::vector<std::string>{});
  CHECK(life.crashes > 0);
  if (wanted > 10'000) {
    WARN(fmt::format("seed {}: {} operations, {} commits, {} crashes, {} divergences", seed,
                     life.walk.operations, life.walk.commits, life.crashes,
                     life.walk.divergences.size()));
  }
}

}  // namespace
}  // namespace tocsin::store
