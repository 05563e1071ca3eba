// A store in one file, and back: beside a service, over another store, and with everything that can
// be wrong.
#include "store/backup.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "source_dir.h"
#include "support.h"

namespace tocsin::store {
namespace {

void add_alerts(Store& store, const std::string& name, int count) {
  for (int i = 0; i < count; ++i) add(store, name + std::to_string(i), {"slack"}, i);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST_CASE("a backup is one file that others cannot read, and a store again when it is restored") {
  TemporaryFolder root;
  fs::create_directory(root / "backups");
  const std::string file = root / "backups/b.db";
  const auto store = open_store(options_for(root / "store"));
  add_alerts(*store, "a", 20);
  const Summary summary = must(back_up(root / "store", file));
  CHECK(summary.alerts == 20);
  CHECK(summary.waiting == 20);
  CHECK(summary.commit == 20);
  add_alerts(*store, "later", 5);

  CHECK(names_in(root / "backups") == std::vector<std::string>{"b.db"});
  CHECK(mode_of(file) == 0600);
  const Restored restored = must(restore(file, root / "fresh"));
  CHECK(restored.replaced.empty());
  CHECK(restored.summary.alerts == 20);
  CHECK(names_in(root / "backups") == std::vector<std::string>{"b.db"});
  const auto again = open_store(options_for(root / "fresh"));
  CHECK(must(again->alerts({})).size() == 20);
  CHECK(must(again->due("slack", 1000, 100, {})).size() == 20);
  add_alerts(*again, "more", 1);
  CHECK(must(check_store(root / "fresh")).problems.empty());
}

TEST_CASE("a backup beside a service that writes is a state that it had") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> written{0};
  std::thread writer([&] {
    for (int i = 0; !end; ++i) {
      add(*store, "a" + std::to_string(i), {"slack", "pager"}, i);
      ++written;
    }
  });
  while (written < 5) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = written;
    const Result<Summary> summary = back_up(root / "store", root / ("b" + std::to_string(i)));
    const Result<Checked> checked = check_store(root / "store");
    CHECK(summary.has_value());
    if (summary) {
      CHECK(summary->alerts >= before);
      CHECK(summary->alerts <= written + 1);
      CHECK(summary->waiting == 2 * summary->alerts);
    }
    CHECK((checked && checked->problems.empty()));
  }
  end = true;
  writer.join();
}

TEST_CASE("a restored store takes the place of a newer one, which is kept") {
  TemporaryFolder root;
  const std::string folder = root / "store";
  {
    const auto store = open_store(options_for(folder));
    add_alerts(*store, "a", 3);
    must(back_up(folder, root / "b.db"));
    add_alerts(*store, "later", 4);
    const auto refused = restore(root / "b.db", folder);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::refused);
    CHECK_THAT(refused.error().message, Catch::Contains("in use by another tocsin"));
  }
  for (int number = 1; number < 3; ++number) {
    const Restored restored = must(restore(root / "b.db", folder));
    CHECK(restored.replaced == folder + "/replaced-" + std::to_string(number));
    {
      const auto store = open_store(options_for(folder));
      CHECK(must(store->alerts({})).size() == 3);
      add_alerts(*store, "new", 2);
      CHECK(must(store->accepted_loss()) == std::nullopt);
    }
    const auto kept = open_store(options_for(restored.replaced));
    CHECK(must(kept->alerts({})).size() == (number == 1 ? 7 : 5));
  }
}

TEST_CASE("a store that has lost something is put right by a backup") {
  TemporaryFolder root;
  const std::string folder = root / "store";
  {
    const auto store = open_store(options_for(folder));
    add_alerts(*store, "a", 3);
    must(back_up(folder, root / "b.db"));
    add_alerts(*store, "later", 4);
  }
  fs::resize_file(folder + "/tocsin.db", 0);
  const auto problems = must(check_store(folder)).problems;
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::Contains("commit 7 (alerts up to 7) was acknowledged"));
  CHECK(back_up(folder, root / "b2.db").error().code == Code::refused);
  must(restore(root / "b.db", folder));
  CHECK(must(open_store(options_for(folder))->alerts({})).size() == 3);
}

// Whatever of the old store is in place when the restore is killed, the witness is beyond it.
TEST_CASE("a store whose restore was killed is refused until it is repeated") {
  TemporaryFolder root;
  const std::string folder = root / "store";
  {
    const auto store = open_store(options_for(folder));
    add_alerts(*store, "a", 3);
    must(back_up(folder, root / "b.db"));
    add_alerts(*store, "later", 4);
  }
  fs::copy(folder, root / "killed");
  must(restore(root / "b.db", folder));
  fs::copy(folder + "/tocsin.db-witness", root / "killed/tocsin.db-witness",
           fs::copy_options::overwrite_existing);
  CHECK(Store::open(options_for(root / "killed")).error().code == Code::refused);
  fs::remove(root / "killed/tocsin.db");
  CHECK(Store::open(options_for(root / "killed")).error().code == Code::refused);
  must(restore(root / "b.db", root / "killed"));
  CHECK(must(open_store(options_for(root / "killed"))->alerts({})).size() == 3);
}

TEST_CASE("backups of older formats are restored") {
  for (const char* const format : {"1", "2"}) {
    CAPTURE(format);
    TemporaryFolder root;
    std::stringstream text;
    text << std::ifstream(std::string(TOCSIN_SOURCE_DIR "/tests/unit/store/formats/") + format +
                          ".sql")
                .rdbuf();
    sql(root / "old.db", text.str());
    must(restore(root / "old.db", root / "store"));
    CHECK(must(open_store(options_for(root / "store"))->checkpoint("file")) == "kept position");
  }
}

TEST_CASE("what is no sound backup changes nothing") {
  TemporaryFolder root;
  const std::string folder = root / "store";
  {
    const auto store = open_store(options_for(folder));
    add_alerts(*store, "a", 40);
    must(back_up(folder, root / "b.db"));
  }
  CHECK(back_up(folder, root / "b.db").error().code == Code::refused);
  CHECK(back_up(root / "nothing", root / "c.db").error().code == Code::not_found);
  CHECK_FALSE(back_up(folder, root / "missing/c.db").has_value());
  CHECK_FALSE(restore(root / "missing.db", folder).has_value());
  std::ofstream(root / "text.db") << std::string(5000, 'x');
  CHECK_FALSE(restore(root / "text.db", folder).has_value());
  sql(root / "theirs.db", "CREATE TABLE theirs (x)");
  CHECK(restore(root / "theirs.db", folder).error().code == Code::refused);
  sql(root / "b.db", "DELETE FROM evidence WHERE alert = 7");
  const auto refused = restore(root / "b.db", folder);
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().message, Catch::Contains("an alert has no evidence"));
  CHECK_FALSE(fs::exists(folder + "/replaced-1"));
  CHECK_FALSE(fs::exists(folder + "/tocsin.db-restoring"));
  CHECK(must(open_store(options_for(folder))->alerts({})).size() == 40);
}

TEST_CASE("a check finds what is not as it must be") {
  TemporaryFolder root;
  const std::string folder = root / "store", database = folder + "/tocsin.db";
  {
    const auto store = open_store(options_for(folder));
    add_alerts(*store, "a", 200);
  }
  CHECK(must(check_store(folder)).problems.empty());
  const auto problem = [&] {
    const Checked checked = must(check_store(folder));
    return checked.problems.empty() ? "" : checked.problems[0];
  };
  SECTION("a count") {
    sql(database, "UPDATE outbox_count SET pending = 7");
    CHECK(problem() == "notifications are not counted right");
  }
  SECTION("an alert") {
    sql(database, "PRAGMA foreign_keys = OFF; DELETE FROM alert WHERE id = 3");
    CHECK(problem() == "a notification has no alert");
  }
  SECTION("an episode") {
    sql(database, "INSERT INTO correlation_episode VALUES (x'00', x'00', x'00', 1, 1, 1, 999)");
    CHECK(problem() == "an episode's alert is missing");
  }
  SECTION("an index") {
    // The root of an index becomes that of another one.
    sql(database,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = "
        "(SELECT rootpage FROM sqlite_schema WHERE name = 'outbox_expires') "
        "WHERE name = 'outbox_alert'");
    const Result<Checked> checked = check_store(folder);
    CHECK((!checked || !checked->problems.empty()));
  }
}

}  // namespace
}  // namespace tocsin::store
