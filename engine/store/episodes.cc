// What is kept for detections over time: open episodes, which correlations there are, and the
// clock.
#include "store/store_impl.h"

namespace tocsin::store {
namespace {

Episode read_episode(const Query& query) {
  Episode episode;
  episode.episode = query.key(0);
  episode.correlation = query.key(1);
  episode.group = query.key(2);
  episode.firings = query.natural(3);
  episode.first = query.integer(4);
  episode.last = query.integer(5);
  episode.alert = query.integer(6);
  return episode;
}

}  // namespace

Result<std::optional<Episode>> Transaction::find_episode(const Key& episode) {
  using Found = std::optional<Episode>;
  return impl_->attempt<Found>([&](Database& database) -> Result<Found> {
    Query query(database,
                "SELECT episode, correlation, grp, firings, first, last, alert "
                "FROM correlation_episode WHERE episode = ?");
    query.bind(episode);
    if (query.next()) return read_episode(query);
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
    return std::nullopt;
  });
}

Status Transaction::save_episode(const Episode& episode) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database,
               "INSERT INTO correlation_episode VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
               "SET correlation = excluded.correlation, grp = excluded.grp, "
               "firings = excluded.firings, first = excluded.first, last = excluded.last, "
               "alert = excluded.alert",
               episode.episode, episode.correlation, episode.group, episode.firings, episode.first,
               episode.last, episode.alert);
  });
}

Status Transaction::close_episode(const Key& episode) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database, "DELETE FROM correlation_episode WHERE episode = ?", episode);
  });
}

Status Transaction::save_rule(const CorrelationRule& rule) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database,
               "INSERT INTO correlation_rule VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
               "name = excluded.name, since = excluded.since",
               rule.key, rule.name, rule.since);
  });
}

Status Transaction::forget_rule(const Key& key) {
  return impl_->attempt<void>([&](Database& database) {
    Status status = run(database, "DELETE FROM correlation_rule WHERE key = ?", key);
    if (!status) return status;
    return run(database, "DELETE FROM correlation_episode WHERE correlation = ?", key);
  });
}

Status Transaction::save_clock(const CorrelationClock& clock) {
  return impl_->attempt<void>([&](Database& database) -> Status {
    Tally::State& tally = impl_->store.tally.state();
    tally.watermark = clock.watermark;
    tally.next_seq = clock.next_seq;
    for (const auto& [source, newest] : clock.newest) {
      Status status = run(database,
                          "INSERT INTO correlation_clock VALUES (?, ?) ON CONFLICT DO UPDATE SET "
                          "newest = excluded.newest WHERE newest <> excluded.newest",
                          source, newest);
      if (!status) return status;
    }
    return {};
  });
}

Result<std::vector<Episode>> Store::episodes(const std::optional<Key>& correlation) {
  std::vector<Episode> episodes;
  const Key wanted = correlation.value_or(Key{});
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database,
                "SELECT episode, correlation, grp, firings, first, last, alert "
                "FROM correlation_episode WHERE ?1 OR correlation = ?2 ORDER BY episode");
    query.bind(!correlation.has_value(), wanted);
    while (query.next()) episodes.push_back(read_episode(query));
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return episodes;
}

Result<std::vector<CorrelationRule>> Store::correlation_rules() {
  std::vector<CorrelationRule> rules;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database, "SELECT key, name, since FROM correlation_rule ORDER BY key");
    while (query.next()) rules.push_back({query.key(0), query.text(1), query.integer(2)});
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return rules;
}

Result<CorrelationClock> Store::clock() {
  CorrelationClock clock;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query state(database, "SELECT watermark, next_seq FROM correlation_state");
    if (state.next()) {
      clock.watermark = state.integer(0);
      clock.next_seq = state.integer(1);
    }
    if (Status good = state.status(); !good) return good;
    Query sources(database, "SELECT source, newest FROM correlation_clock");
    while (sources.next()) clock.newest[sources.text(0)] = sources.integer(1);
    return sources.status();
  });
  if (!status) return tl::unexpected(status.error());
  return clock;
}

}  // namespace tocsin::store
