// What the committer does when time passes.
#include <fmt/format.h>

#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/time.h"
#include "metrics/families.h"
#include "pipeline/committer.h"

namespace tocsin::pipeline {
namespace {

// Groups whose interval ended are taken up in parts, so that events need not wait for all of them.
constexpr std::size_t kGroupsAtOnce = 500;
// A write that failed is in the past when none has failed for so long, and one would work.
constexpr std::int64_t kFailedMs = 10'000;

std::string when(store::Milliseconds time) {
  return format_time(time / 1000, static_cast<int>(time % 1000));
}

}  // namespace

void Committer::keep_house() {
  let_time_pass(false);
  if (const Status pruned = store_.prune(clock_.wall_ms()); !pruned) {
    if (is_of_store(pruned.error())) {
      report(pruned.error());
    } else {
      registry_.counter(metrics::kInternalErrors, {"prune"}).add();
      log::error("what is old cannot be dropped", {{"reason", pruned.error().message}});
    }
  }
  end_due_intervals();
  check_store();
  write_own_alerts();
  watch_readiness();
}

// Also when nothing comes in. What was held back is written at the latest when it is the last time.
void Committer::let_time_pass(bool is_last) {
  for (;;) {
    const Outcome written = write({}, is_last);
    if (written) return;
    const Failure& failure = written.error();
    if (failure.of != Failure::Of::store) {
      strike(failure.error, true);  // after some of which they are suspended, and it succeeds
      continue;
    }
    // That it is full is reported by whatever comes next.
    if (failure.error.code == Code::busy && !is_last) return excuse();
    return report(failure.error);
  }
}

void Committer::end_due_intervals() {
  std::size_t limit = kGroupsAtOnce;
  for (bool more = true; more;) {
    const Result<Recorded> recorded = end_intervals(limit, more);
    if (recorded && recorded->deliveries > 0) {
      count(*recorded);
      hooks_.enqueued();
    }
    if (!recorded) {
      const Error& error = recorded.error();
      if (error.code == Code::busy) return excuse();
      if (is_of_store(error)) return report(error);
      // One of them: it is found by taking one at a time, and is not told of again.
      registry_.counter(metrics::kInternalErrors, {"groups"}).add();
      log::error("the interval of a group cannot be ended", {{"reason", error.message}});
      if (limit == 1 && !drop_due_group()) return;
      limit = 1;
      more = true;
    }
    const MutexLock lock(mutex_);
    if (!queue_.empty() || stopping_) return;
  }
}

Result<Recorded> Committer::end_intervals(std::size_t limit, bool& more) {
  more = false;
  pulse_.step();
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  Recorder recorder(*transaction, clock_.wall_ms());
  const Result<std::size_t> ended = recorder.end_intervals(*live_.get(), limit);
  if (!ended) return tl::unexpected(ended.error());
  more = *ended == limit;
  if (const Status finished = recorder.finish(); !finished) return tl::unexpected(finished.error());
  if (const Status committed = transaction->commit(); !committed) {
    return tl::unexpected(committed.error());
  }
  return recorder.recorded();
}

Status Committer::drop_due_group() {
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  const auto due = transaction->due_groups(clock_.wall_ms(), 1);
  if (!due) return tl::unexpected(due.error());
  for (const store::Group& group : *due) {
    if (Status closed = transaction->close_group(group.fingerprint); !closed) return closed;
  }
  return transaction->commit();
}

// Whether there is room, whatever is or is not written at the moment.
void Committer::check_store() {
  const Status room = store_.room();
  readiness_.set(Readiness::Cause::disk, room ? "" : room.error().message);
  const Result<bool> outbox_full = store_.outbox_full();
  full_.set(!room || (outbox_full && *outbox_full) ? 1 : 0);
  if (room && clock_.steady_ms() - failed_at_ >= kFailedMs) {
    readiness_.set(Readiness::Cause::commits, {});
  }
}

// What went wrong is logged at once, and told when it is over: before, nothing could be written.
void Committer::watch_readiness() {
  const std::string problem = readiness_.problem();
  readiness_.publish();
  if (!problem.empty() && !outage_) {
    outage_ = Outage{clock_.wall_ms(), problem};
    log::error("not ready", {{"reason", problem}});
  } else if (problem.empty() && outage_) {
    const Outage outage = *std::exchange(outage_, std::nullopt);
    raise(alert::kNotReady, "readiness",
          fmt::format("events could not be taken as they should from {} to {}: {}",
                      when(outage.since), when(clock_.wall_ms()), outage.why));
    log::info("ready again", {{"since", when(outage.since)}});
  }
}

void Committer::write_own_alerts() {
  while (!own_alerts_.empty()) {
    Item item;
    item.findings = own_alerts_.front();
    item.part = whole(item.findings);
    const Outcome written = write({&item, 1}, false);
    if (!written && written.error().of == Failure::Of::store) return;  // later
    if (!written) {
      log::error("an alert of Tocsin about itself cannot be written",
                 {{"reason", written.error().error.message}});
    }
    own_alerts_.pop_front();
  }
}

}  // namespace tocsin::pipeline
