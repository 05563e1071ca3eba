// Formats: a current, an older, a newer and a foreign database.
#include "store/schema.h"

#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

#include "source_dir.h"
#include "state.h"
#include "support.h"

namespace tocsin::store {
namespace {

std::unique_ptr<Database> open_database(const std::string& path, Health& health) {
  std::ofstream(path, std::ios::app);
  return must(Database::open(path, Database::Mode::write, {}, health));
}

TEST_CASE("the pragmas that durability rests on are set") {
  TemporaryFolder root;
  Health health;
  const auto database = open_database(root / "db", health);
  Query journal(*database, "PRAGMA journal_mode");
  REQUIRE(journal.next());
  CHECK(journal.text(0) == "wal");
  CHECK(must(database->number("PRAGMA synchronous")) == 2);
  CHECK(must(database->number("PRAGMA foreign_keys")) == 1);
  CHECK(must(database->number("PRAGMA trusted_schema")) == 0);
  CHECK(must(database->number("PRAGMA mmap_size")) == 0);
}

TEST_CASE("steps are done in order, once, and each in full or not at all") {
  TemporaryFolder root;
  Health health;
  const auto database = open_database(root / "db", health);
  std::array<const char*, 3> steps = {"CREATE TABLE a (x);", "INSERT INTO a VALUES (1);",
                                      "INSERT INTO a VALUES (2); INSERT INTO nowhere VALUES (3);"};
  must(migrate(*database, std::span(steps).first(1)));
  CHECK(must(database->number("PRAGMA user_version")) == 1);
  const Status failed = migrate(*database, steps);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message.find("from format 2 to 3") != std::string::npos);
  CHECK(must(database->number("PRAGMA user_version")) == 2);
  CHECK(must(database->number("SELECT count(*) FROM a")) == 1);
  steps[2] = "INSERT INTO a VALUES (2);";
  must(migrate(*database, steps));
  must(migrate(*database, steps));
  CHECK(must(database->number("SELECT count(*) FROM a")) == 2);
  CHECK(check_schema(*database, steps).has_value());
}

TEST_CASE("the command line does not migrate") {
  TemporaryFolder root;
  Health health;
  const auto database = open_database(root / "db", health);
  const std::array<const char*, 2> steps = {"CREATE TABLE a (x);", "CREATE TABLE b (x);"};
  must(migrate(*database, std::span(steps).first(1)));
  const Status status = check_schema(*database, steps);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::unsupported);
  CHECK(status.error().message.find("older format (1, now 2)") != std::string::npos);
}

TEST_CASE("a newer format is refused and left as it is") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  { add(*open_store(options), "a", {"slack"}, 1); }
  const std::string database = root / "store/tocsin.db";
  sql(database, "PRAGMA user_version = 99");
  for (const auto access : {StoreOptions::Access::service, StoreOptions::Access::operate}) {
    StoreOptions wanted = options;
    wanted.access = access;
    const auto store = Store::open(wanted);
    REQUIRE_FALSE(store.has_value());
    CHECK(store.error().code == Code::unsupported);
    CHECK(store.error().message.find("newer tocsin (format 99, this one knows up to") !=
          std::string::npos);
  }
  CHECK(sql(database, "PRAGMA user_version") == "99");
  CHECK(sql(database, "SELECT count(*) FROM outbox") == "1");
}

TEST_CASE("a database of something else is refused and left as it is") {
  TemporaryFolder root;
  fs::create_directory(root / "store");
  sql(root / "store/tocsin.db", "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  const auto store = Store::open(options_for(root / "store"));
  REQUIRE_FALSE(store.has_value());
  CHECK(store.error().code == Code::refused);
  CHECK(sql(root / "store/tocsin.db", "SELECT count(*) FROM theirs") == "1");
}

// What databases since format 2 have in them.
void check_correlations(Store& store) {
  Key correlation{};
  std::memcpy(correlation.data(), "correlation key!", correlation.size());
  constexpr std::int64_t kMinute = 60'000'000'000, kThen = 1'700'000'000'000'000'000;
  CHECK(must(store.hits_at(44)) == Hits{40, "kept hits"});
  CHECK(must(store.episodes(correlation)) ==
        std::vector<Episode>{{Key{}, correlation, Key{}, 4, kThen, kThen + kMinute, 9}});
  CHECK(must(store.correlation_rules()) == std::vector<CorrelationRule>{{correlation, "Kept", 40}});
  CHECK(must(store.clock()) ==
        CorrelationClock{1'699'999'000'000'000'000, 45, {{"http", kThen + kMinute}}});
  Transaction transaction = must(store.begin());
  CHECK(must(transaction.find_known(Key{})) == Known{kThen + 5, kThen + kMinute, 7});
}

// Each released format has a database in SQL here, which every later version must open.
TEST_CASE("databases of released formats are brought up to date with all that is in them") {
  const std::string folder = TOCSIN_SOURCE_DIR "/tests/unit/store/formats";
  int formats = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    CAPTURE(entry.path().string());
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    TemporaryFolder root;
    fs::create_directory(root / "store");
    sql(root / "store/tocsin.db", text.str());
    {
      const auto store = open_store(options_for(root / "store"));
      const auto rows = must(store->due("slack", 5000, 10, {}));
      REQUIRE(rows.size() == 1);
      CHECK(rows[0].delivery.key == "kept key");
      CHECK(rows[0].delivery.attempts == 2);
      CHECK(rows[0].alert.json == R"({"id":"kept"})");
      CHECK(must(store->counts()) ==
            std::vector<OutboxCount>{{"hook", 0, 1, 0}, {"slack", 1, 0, 1000}});
      CHECK(must(store->checkpoint("file")) == "kept position");
      Transaction transaction = must(store->begin());
      CHECK_FALSE(must(transaction.remember(Key{}, 7, 1000)));
      CHECK(must(transaction.find_group(Key{}))->count == 3);
      CHECK(must(transaction.find_budget("rule")) == Budget{"rule", 5, 6});
      CHECK(must(transaction.add_alert(alert_row("next", 1))) == 10);
      must(transaction.commit());
      CHECK(must(store->alerts({})).size() == 2);
      if (entry.path().filename() != "1.sql") check_correlations(*store);
    }
    std::string problem;
    read_state(root / "store/tocsin.db", "", problem);
    CHECK(problem == "");
    ++formats;
  }
  // The last step may be one that no release has yet.
  CHECK(formats + 1 >= static_cast<int>(migrations().size()));
}

}  // namespace
}  // namespace tocsin::store
