#include "state.h"

#include <sqlite3.h>

#include <cstring>
#include <sstream>

namespace tocsin::store {
namespace {

class Rows {
 public:
  Rows(sqlite3* handle, const char* statement, std::string& problem)
      : handle_(handle), problem_(problem) {
    if (sqlite3_prepare_v2(handle, statement, -1, &statement_, nullptr) != SQLITE_OK) report();
  }
  ~Rows() { sqlite3_finalize(statement_); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  bool next() {
    column_ = 0;
    if (statement_ == nullptr) return false;
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) report();
    return result == SQLITE_ROW;
  }
  // The next column.
  std::int64_t integer() { return sqlite3_column_int64(statement_, column_++); }
  std::uint64_t natural() { return static_cast<std::uint64_t>(integer()); }
  std::string text() {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_++));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
  }
  Key key() {
    Key key{};
    const std::string bytes = text();
    if (bytes.size() == key.size()) std::memcpy(key.data(), bytes.data(), key.size());
    return key;
  }

 private:
  void report() {
    if (problem_.empty()) problem_ = sqlite3_errmsg(handle_);
  }

  sqlite3* handle_;
  std::string& problem_;
  sqlite3_stmt* statement_ = nullptr;
  int column_ = 0;
};

template <class Map>
std::string map_difference(const char* what, const Map& expected, const Map& found) {
  if (expected == found) return {};
  std::ostringstream out;
  out << what << ": " << expected.size() << " expected, " << found.size() << " found";
  std::size_t missing = 0;
  std::size_t changed = 0;
  for (const auto& entry : expected) {
    if constexpr (requires {
                    entry.second;
                    found.at(entry.first);
                  }) {
      const auto at = found.find(entry.first);
      if (at == found.end()) {
        ++missing;
      } else if (!(at->second == entry.second)) {
        ++changed;
      }
    } else {
      if (!found.contains(entry)) ++missing;
    }
  }
  out << ", " << missing << " missing, " << changed << " changed";
  return out.str();
}

template <class Value>
std::string value_difference(const char* what, Value expected, Value found) {
  if (expected == found) return {};
  std::ostringstream out;
  out << what << ": " << expected << " expected, " << found << " found";
  return out.str();
}

void read_alerts(sqlite3* handle, State& state, std::string& problem) {
  Rows rows(handle,
            "SELECT id, alert_id, rule_id, rule_title, level, account, principal, source, json, "
            "count, created, first_seen, last_seen, merged_into FROM alert "
            "LEFT JOIN evidence ON alert = id",
            problem);
  while (rows.next()) {
    AlertRow row;
    row.id = rows.integer();
    for (std::string* text : {&row.alert_id, &row.rule_id, &row.rule_title, &row.level,
                              &row.account, &row.principal, &row.source, &row.json}) {
      *text = rows.text();
    }
    row.count = rows.natural();
    for (Milliseconds* time : {&row.created, &row.first_seen, &row.last_seen}) {
      *time = rows.integer();
    }
    state.alerts[row.id] = row;
    if (const std::int64_t into = rows.integer(); into != 0) state.merged[row.id] = into;
  }
}

void read_outbox(sqlite3* handle, State& state, std::string& problem) {
  Rows rows(handle,
            "SELECT id, alert, receiver, key, severity, count, first_seen, last_seen, status, "
            "received, created, due, expires, attempts, error, dead FROM outbox",
            problem);
  while (rows.next()) {
    Delivery row;
    row.id = rows.integer();
    row.alert = rows.integer();
    row.receiver = rows.text();
    row.key = rows.text();
    row.severity = static_cast<int>(rows.integer());
    row.count = rows.natural();
    row.first_seen = rows.integer();
    row.last_seen = rows.integer();
    row.status = rows.text();
    for (Milliseconds* time : {&row.received, &row.created, &row.due, &row.expires}) {
      *time = rows.integer();
    }
    row.attempts = static_cast<unsigned>(rows.integer());
    row.error = rows.text();
    row.dead = rows.integer() != 0;
    state.outbox[row.id] = row;
  }
}

void read_rest(sqlite3* handle, State& state, std::string& problem) {
  Rows groups(handle,
              "SELECT fingerprint, alert, count, told, first_seen, last_seen, closes FROM "
              "alert_group",
              problem);
  while (groups.next()) {
    Group group;
    group.fingerprint = groups.key();
    group.alert = groups.integer();
    group.count = groups.natural();
    group.told = groups.natural();
    group.first_seen = groups.integer();
    group.last_seen = groups.integer();
    group.closes = groups.integer();
    state.groups[group.fingerprint] = group;
  }
  Rows budgets(handle, "SELECT rule, began, used FROM budget", problem);
  while (budgets.next()) {
    Budget budget;
    budget.rule = budgets.text();
    budget.began = budgets.integer();
    budget.used = budgets.natural();
    state.budgets[budget.rule] = budget;
  }
  Rows checkpoints(handle, "SELECT source, position FROM checkpoint", problem);
  while (checkpoints.next()) {
    const std::string source = checkpoints.text();
    state.checkpoints[source] = checkpoints.text();
  }
  Rows seen(handle,
            "SELECT 0, event_time, firing FROM seen_0 UNION ALL "
            "SELECT 1, event_time, firing FROM seen_1",
            problem);
  while (seen.next()) {
    auto& generation = state.seen[seen.integer()];
    const Milliseconds time = seen.integer();
    generation.emplace(time, seen.key());
  }
  Rows ids(handle,
           "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'alert'), 0), "
           "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0)",
           problem);
  if (ids.next()) {
    state.last_alert = ids.integer();
    state.last_delivery = ids.integer();
  }
}

void read_correlations(sqlite3* handle, State& state, std::string& problem) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  Rows hits(handle, "SELECT seq, until, hits FROM correlation_hits", problem);
  while (hits.next()) {
    auto& row = state.hits[hits.integer()];
    row.first = hits.integer();
    row.second = hits.text();
  }
  Rows known(handle, "SELECT key, first_s, first_ns, last_s, last_ns, count FROM correlation_known",
             problem);
  while (known.next()) {
    Known& row = state.known[known.key()];
    const std::int64_t seconds = known.integer();
    row.first = seconds * kSecond + known.integer();
    row.last = (seconds + known.integer()) * kSecond;
    row.last += known.integer();
    row.count = known.natural();
  }
  Rows episodes(handle,
                "SELECT episode, correlation, grp, firings, first, last, alert "
                "FROM correlation_episode",
                problem);
  while (episodes.next()) {
    Episode row;
    for (Key* key : {&row.episode, &row.correlation, &row.group}) *key = episodes.key();
    row.firings = episodes.natural();
    for (std::int64_t* number : {&row.first, &row.last, &row.alert}) *number = episodes.integer();
    state.episodes[row.episode] = row;
  }
  Rows rules(handle, "SELECT key, name, since FROM correlation_rule", problem);
  while (rules.next()) {
    CorrelationRule row;
    row.key = rules.key();
    row.name = rules.text();
    row.since = rules.integer();
    state.rules[row.key] = row;
  }
  Rows clock(handle, "SELECT watermark, next_seq FROM correlation_state", problem);
  if (clock.next()) {
    state.clock.watermark = clock.integer();
    state.clock.next_seq = clock.integer();
  }
  Rows sources(handle, "SELECT source, newest FROM correlation_clock", problem);
  while (sources.next()) {
    const std::string source = sources.text();
    state.clock.newest[source] = sources.integer();
  }
}

// What must hold in every state that is on disk.
void check_invariants(sqlite3* handle, State& state, std::string& problem) {
  const auto is_zero = [&](const char* what, const char* statement) {
    Rows rows(handle, statement, problem);
    if (rows.next() && rows.integer() != 0 && problem.empty()) problem = what;
  };
  Rows check(handle, "PRAGMA integrity_check", problem);
  if (check.next()) {
    const std::string found = check.text();
    if (found != "ok" && problem.empty()) problem = found;
  }
  is_zero("a delivery without an alert",
          "SELECT count(*) FROM outbox WHERE alert NOT IN (SELECT id FROM alert)");
  is_zero("an alert without its evidence, or the reverse",
          "SELECT count(*) FROM alert FULL JOIN evidence ON alert = id "
          "WHERE id IS NULL OR alert IS NULL");
  is_zero("the outbox is not counted right",
          "SELECT count(*) FROM (SELECT receiver, sum(dead = 0), sum(dead) FROM outbox GROUP BY 1 "
          "EXCEPT SELECT * FROM outbox_count)");
  is_zero("receivers without rows are counted",
          "SELECT count(*) FROM outbox_count WHERE pending + dead > 0 AND receiver NOT IN "
          "(SELECT receiver FROM outbox)");
  is_zero("an episode whose alert is gone",
          "SELECT count(*) FROM correlation_episode WHERE alert <> 0 AND alert NOT IN "
          "(SELECT id FROM alert)");
  is_zero("the journal of hits is not added up right",
          "SELECT hit_bytes <> coalesce((SELECT sum(length(hits)) FROM correlation_hits), 0) "
          "FROM correlation_state");
  is_zero("the values that are known are not counted right",
          "SELECT known <> (SELECT count(*) FROM correlation_known) FROM correlation_state");
  Rows counts(handle, "SELECT current, began, count_0, count_1 FROM seen_state", problem);
  if (!counts.next()) return;
  state.current = static_cast<unsigned>(counts.integer());
  state.began = counts.integer();
  for (const unsigned generation : {0u, 1u}) {
    if (counts.natural() != state.seen[generation].size() && problem.empty()) {
      problem = "the firings that were seen are not counted right";
    }
  }
}

}  // namespace

std::string difference(const State& expected, const State& found) {
  for (std::string text :
       {map_difference("alerts", expected.alerts, found.alerts),
        map_difference("outbox", expected.outbox, found.outbox),
        map_difference("groups", expected.groups, found.groups),
        map_difference("budgets", expected.budgets, found.budgets),
        map_difference("checkpoints", expected.checkpoints, found.checkpoints),
        map_difference("seen 0", expected.seen[0], found.seen[0]),
        map_difference("seen 1", expected.seen[1], found.seen[1]),
        value_difference("current generation", expected.current, found.current),
        value_difference("began", expected.began, found.began),
        value_difference("last alert", expected.last_alert, found.last_alert),
        value_difference("last delivery", expected.last_delivery, found.last_delivery),
        map_difference("merged", expected.merged, found.merged),
        map_difference("hits", expected.hits, found.hits),
        map_difference("known", expected.known, found.known),
        map_difference("episodes", expected.episodes, found.episodes),
        map_difference("rules", expected.rules, found.rules),
        value_difference("watermark", expected.clock.watermark, found.clock.watermark),
        value_difference("next number", expected.clock.next_seq, found.clock.next_seq),
        map_difference("clocks", expected.clock.newest, found.clock.newest)}) {
    if (!text.empty()) return text;
  }
  return {};
}

State read_state(const std::string& database, const std::string& vfs, std::string& problem) {
  State state;
  sqlite3* handle = nullptr;
  if (sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READWRITE,
                      vfs.empty() ? nullptr : vfs.c_str()) != SQLITE_OK) {
    problem = sqlite3_errmsg(handle);
  } else {
    read_alerts(handle, state, problem);
    read_outbox(handle, state, problem);
    read_rest(handle, state, problem);
    read_correlations(handle, state, problem);
    check_invariants(handle, state, problem);
  }
  sqlite3_close(handle);
  return state;
}

}  // namespace tocsin::store
