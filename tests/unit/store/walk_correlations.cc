// The walk over what is kept for detections over time.
#include <algorithm>
#include <iterator>
#include <map>

#include "model.h"
#include "support.h"
#include "walk.h"

namespace tocsin::store {

bool Walk::call_hits(Transaction& transaction, State& next) {
  if (chance(20)) {
    const std::uint64_t most = below(20'000);
    return same("prune_hits", transaction.prune_hits(now_, most),
                model::prune_hits(next, now_, most));
  }
  if (chance(20)) {
    const std::int64_t seq = next.clock.next_seq - static_cast<std::int64_t>(below(40));
    return same("hits_at", transaction.hits_at(seq), model::hits_at(next, seq));
  }
  std::int64_t seq = next.clock.next_seq;
  if (!next.hits.empty() && chance(15)) {  // one that is there already
    seq = std::next(next.hits.begin(), static_cast<std::ptrdiff_t>(below(next.hits.size())))->first;
  } else {
    next.clock.next_seq += 1 + static_cast<std::int64_t>(below(5));
  }
  std::string hits(below(3000), '\0');
  for (char& c : hits) c = static_cast<char>(below(256));
  const Milliseconds until = now_ + static_cast<Milliseconds>(below(20'000));
  const auto at = next.hits.find(seq);
  next.hits[seq] = {at == next.hits.end() ? until : std::max(until, at->second.first), hits};
  CorrelationClock clock = next.clock;
  clock.newest.clear();  // those that did not change need not be told
  return good(transaction.add_hits(seq, until, hits)) && good(transaction.save_clock(clock));
}

bool Walk::call_known(Transaction& transaction, State& next) {
  const Key key = key_of(below(400));
  const auto at = next.known.find(key);
  if (chance(10)) {
    next.known.erase(key);
    return good(transaction.forget_known(key));
  }
  const std::optional<Known> expected =
      at == next.known.end() ? std::nullopt : std::optional(at->second);
  if (!same("find_known", transaction.find_known(key), expected)) return false;
  Known known = expected.value_or(Known{event_time(), 0, 0});
  known.last = chance(30) ? known.first : event_time();
  ++known.count;
  model::save_known(next, limits({}), key, known);
  return good(transaction.save_known(key, known));
}

bool Walk::call_episode(Transaction& transaction, State& next) {
  const Key key = key_of(below(60));
  const auto at = next.episodes.find(key);
  switch (below(3)) {
    case 0:
      return same("find_episode", transaction.find_episode(key),
                  at == next.episodes.end() ? std::nullopt : std::optional(at->second));
    case 1:
      next.episodes.erase(key);
      return good(transaction.close_episode(key));
    default: {
      const std::int64_t alert = chance(20) ? 0 : some_alert(next);
      const Episode episode{key,         key_of(below(5)), key_of(below(100)),
                            below(1000), event_time(),     event_time(),
                            alert};
      next.episodes[key] = episode;
      return good(transaction.save_episode(episode));
    }
  }
}

bool Walk::call_rule(Transaction& transaction, State& next) {
  const Key key = key_of(below(5));
  if (chance(30)) {
    model::forget_rule(next, key);
    return good(transaction.forget_rule(key));
  }
  if (chance(50)) {
    next.clock.watermark = event_time();
    next.clock.newest[source()] = event_time();
    return good(transaction.save_clock(next.clock));
  }
  const CorrelationRule rule{key, "rule " + std::to_string(below(5)),
                             static_cast<std::int64_t>(below(1000))};
  next.rules[key] = rule;
  return good(transaction.save_rule(rule));
}

bool Walk::look_at_correlations(Store& store) {
  switch (below(4)) {
    case 0: {
      const std::int64_t seq = state.clock.next_seq - static_cast<std::int64_t>(below(40));
      return same("hits_at", store.hits_at(seq), model::hits_at(state, seq));
    }
    case 1: {
      std::map<std::int64_t, std::string> expected, found;
      for (const auto& [seq, row] : state.hits) expected[seq] = row.second;
      const Status read = store.each_hits([&](std::int64_t seq, std::string_view hits) {
        found[seq] = hits;
        return Status();
      });
      if (read && found != expected) divergences.push_back("each_hits");
      return good(read);
    }
    case 2: {
      std::optional<Key> correlation;
      if (chance(50)) correlation = key_of(below(5));
      std::vector<Episode> expected;
      for (const auto& [key, episode] : state.episodes) {
        if (!correlation || episode.correlation == *correlation) expected.push_back(episode);
      }
      return same("episodes", store.episodes(correlation), expected);
    }
    default: {
      std::vector<CorrelationRule> expected;
      for (const auto& [key, rule] : state.rules) expected.push_back(rule);
      return same("clock", store.clock(), state.clock) &&
             same("correlation_rules", store.correlation_rules(), expected);
    }
  }
}

// Mostly whole seconds, as CloudTrail's are.
std::int64_t Walk::event_time() {
  const std::int64_t seconds = around_now(100'000) / 1000;
  return seconds * 1'000'000'000 + (chance(70) ? 0 : static_cast<std::int64_t>(below(999'999'999)));
}

}  // namespace tocsin::store
