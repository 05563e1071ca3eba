#include "pipeline/episodes.h"

#include <algorithm>
#include <utility>

#include "base/time.h"
#include "pipeline/episode_alert.h"

namespace tocsin::pipeline {
namespace {

using correlate::Change;

store::Milliseconds milliseconds_of(correlate::Time time) {
  return time / kMillisecond;
}

}  // namespace

Episodes::Episodes(const Live& live, HitJournal& journal, store::Transaction& transaction,
                   Recorder& recorder, store::Milliseconds now)
    : live_(live), journal_(journal), transaction_(transaction), recorder_(recorder), now_(now) {}

Status Episodes::add(const std::vector<Change>& changes, const std::vector<correlate::Key>& ended) {
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::merged) continue;
    if (Status done = update(change); !done) return done;
  }
  for (const Change& change : changes) {
    if (change.kind != Change::Kind::merged) continue;
    if (Status done = merge(change); !done) return done;
  }
  for (const correlate::Key& episode : ended) {
    if (Status closed = transaction_.close_episode(episode); !closed) return closed;
  }
  return {};
}

Result<store::Episode> Episodes::find(const Change& change) {
  store::Episode fresh;
  fresh.episode = change.episode;
  fresh.correlation = (*live_.ruleset.correlations)[change.correlation].key;
  fresh.group = change.group;
  Result<std::optional<store::Episode>> found = transaction_.find_episode(change.episode);
  if (!found) return tl::unexpected(std::move(found.error()));
  return found->value_or(fresh);
}

Status Episodes::update(const Change& change) {
  Result<store::Episode> episode = find(change);
  if (!episode) return tl::unexpected(std::move(episode.error()));
  const bool is_new = episode->firings == 0;
  const bool is_told =
      !(*live_.ruleset.correlations)[change.correlation].silent && (is_new || episode->alert != 0);
  episode->firings = std::max(episode->firings, change.firings);
  episode->first = change.first;
  episode->last = change.last;
  if (is_told) {
    Result<FoundAlert> found = alert_of(change);
    if (!found) return tl::unexpected(std::move(found.error()));
    const OngoingAlert alert{change.episode,
                             episode->alert,
                             std::move(*found),
                             episode->firings,
                             milliseconds_of(change.first),
                             milliseconds_of(change.last)};
    const Result<std::int64_t> row =
        recorder_.add({live_, source_, now_, store::Transaction::AtLimit::exceed}, alert);
    if (!row) return tl::unexpected(row.error());
    episode->alert = *row;
  }
  return transaction_.save_episode(*episode);
}

Result<FoundAlert> Episodes::alert_of(const Change& change) {
  const Result<alert::CorrelationAlert> made = make_episode_alert(
      *live_.ruleset.correlations, change,
      [&](correlate::HitRef ref) { return journal_.find(ref, transaction_); }, now_);
  if (!made) return tl::unexpected(made.error());
  return FoundAlert{made->rule,
                    made->id,
                    alert::correlation_json(*made),
                    made->closing.account,
                    made->closing.principal,
                    {}};
}

// The one that stays has been told already, or will be with its next update; when it could not be
// told, it goes on with the alert of the other one.
Status Episodes::merge(const Change& change) {
  Result<std::optional<store::Episode>> from = transaction_.find_episode(change.episode);
  if (!from) return tl::unexpected(std::move(from.error()));
  Result<std::optional<store::Episode>> into = transaction_.find_episode(change.into);
  if (!into) return tl::unexpected(std::move(into.error()));
  if (*from && (*from)->alert != 0 && *into) {
    if ((*into)->alert == 0) {
      (*into)->alert = (*from)->alert;
      if (Status saved = transaction_.save_episode(**into); !saved) return saved;
    } else {
      Status merged = recorder_.merge(change.episode, (*from)->alert, (*into)->alert);
      if (!merged) return merged;
    }
  }
  return transaction_.close_episode(change.episode);
}

}  // namespace tocsin::pipeline
