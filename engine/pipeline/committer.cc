#include "pipeline/committer.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/sabotage.h"
#include "metrics/families.h"

namespace tocsin::pipeline {
namespace {

constexpr std::int64_t kHousekeepingMs = 250;
// After a write that failed, senders come again with what was refused: for so long time does not go
// by the events that they send meanwhile.
constexpr std::int64_t kRefusedMs = 60'000;
// Groups whose interval ended are taken up in parts, so that events need not wait for all of them.
constexpr std::size_t kGroupsAtOnce = 500;

}  // namespace

Committer::Committer(store::Store& store, const LiveHolder& live, CorrelationState& correlations,
                     metrics::Registry& registry, const Clock& clock, std::size_t at_once,
                     Hooks hooks)
    : store_(store),
      live_(live),
      correlations_(correlations),
      registry_(registry),
      clock_(clock),
      at_once_(std::max<std::size_t>(1, at_once)),
      hooks_(std::move(hooks)),
      committed_(registry.counter(metrics::kCommits, {"success"})),
      failed_(registry.counter(metrics::kCommits, {"failure"})),
      duplicates_(registry.counter(metrics::kFiringsDuplicate)),
      grouped_(registry.counter(metrics::kAlertsSuppressed, {"grouped"})),
      over_budget_(registry.counter(metrics::kAlertsSuppressed, {"budget"})),
      commit_seconds_(registry.histogram(metrics::kCommitSeconds)),
      full_(registry.gauge(metrics::kStoreFull)),
      refused_at_(clock.steady_ms() - kRefusedMs),
      thread_([this] { run(); }) {}

Committer::~Committer() {
  stop();
}

void Committer::submit(Findings findings, Done done) {
  if (sabotage::on("ack_before_commit")) {
    done(findings.receipt);
    done = [](const source::Receipt&) {};
  }
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      queue_.push_back({std::move(findings), std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  source::Receipt refused;
  refused.status = fail(Code::busy, "shutting down");
  done(std::move(refused));
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::size_t Committer::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

// Empty: there was nothing to do for a while, or it is over.
std::vector<Committer::Item> Committer::take() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(kHousekeepingMs),
                 [&] { return !queue_.empty() || stopping_; });
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), at_once_));
  std::vector<Item> items(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return items;
}

void Committer::run() {
  for (;;) {
    std::vector<Item> items = take();
    if (!items.empty()) {
      commit(items);
    } else if (is_over()) {
      return let_time_pass(true);
    }
    if (const std::int64_t now = clock_.steady_ms(); now >= next_housekeeping_) {
      next_housekeeping_ = now + kHousekeepingMs;
      keep_house();
    }
  }
}

bool Committer::is_over() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && stopping_;
}

void Committer::commit(std::vector<Item>& items) {
  const bool is_needed = std::any_of(items.begin(), items.end(),
                                     [](const Item& item) { return !item.findings.is_empty(); });
  Status written;
  if (is_needed) {
    written = write(items, false);
    if (!written) report(written.error());
  }
  if (!is_needed || !written) {
    const bool is_refusing = clock_.steady_ms() - refused_at_ < kRefusedMs;
    for (const Item& item : items) correlations_.hear(item.findings, !is_refusing);
  }
  for (Item& item : items) {
    source::Receipt receipt = std::move(item.findings.receipt);
    if (!written && !item.findings.is_empty()) receipt.status = written;
    item.done(std::move(receipt));
  }
}

Status Committer::write(const std::vector<Item>& items, bool all) {
  if (Status ready = correlations_.prepare(live_.get()); !ready) return ready;
  if (items.empty() && correlations_.is_idle()) return {};
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  const std::int64_t start = clock_.steady_ms();
  Recorder recorder(*transaction, clock_.wall_ms());
  const Result<bool> is_on_disk = record(items, all, *transaction, recorder);
  if (!is_on_disk) {
    correlations_.failed();
    return tl::unexpected(is_on_disk.error());
  }
  if (!*is_on_disk) return {};
  commit_seconds_.observe(static_cast<double>(clock_.steady_ms() - start) / 1000);
  count(recorder.recorded());
  if (recorder.recorded().deliveries > 0) hooks_.enqueued();
  return {};
}

// False: nothing has to be on disk, and nothing was written.
Result<bool> Committer::record(const std::vector<Item>& items, bool all,
                               store::Transaction& transaction, Recorder& recorder) {
  std::vector<const Findings*> findings;
  bool must = false;
  Status status;
  for (const Item& item : items) {
    findings.push_back(&item.findings);
    must = must || !item.findings.firings.empty() || !item.findings.position.empty();
    if (status) status = recorder.add(item.findings);
  }
  if (status) status = correlations_.decide(findings, transaction, recorder);
  if (!status) return tl::unexpected(std::move(status.error()));
  must = must || correlations_.must_be_written() || (all && correlations_.has_changes());
  if (!must) return false;
  if (!correlations_.is_idle()) status = correlations_.write(transaction, recorder, all);
  if (status) status = recorder.finish();
  if (status) status = transaction.commit();
  if (!status) return tl::unexpected(std::move(status.error()));
  correlations_.committed();
  return true;
}

void Committer::keep_house() {
  let_time_pass(false);
  if (const Status pruned = store_.prune(clock_.wall_ms()); !pruned) report(pruned.error());
  for (bool more = true; more;) {
    const Result<Recorded> recorded = end_intervals(more);
    if (!recorded) return report(recorded.error());
    if (recorded->deliveries > 0) {
      count(*recorded);
      hooks_.enqueued();
    }
    const std::lock_guard lock(mutex_);
    if (!queue_.empty() || stopping_) return;
  }
}

// Also when nothing comes in. What was held back is written at the latest when it is the last time.
void Committer::let_time_pass(bool is_last) {
  const Status written = write({}, is_last);
  if (written) return;
  // That it is full is reported by whatever comes next.
  if (written.error().code == Code::busy && !is_last) return refuse();
  report(written.error());
}

Result<Recorded> Committer::end_intervals(bool& more) {
  more = false;
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  Recorder recorder(*transaction, clock_.wall_ms());
  const Result<std::size_t> ended = recorder.end_intervals(*live_.get(), kGroupsAtOnce);
  if (!ended) return tl::unexpected(ended.error());
  more = *ended == kGroupsAtOnce;
  if (const Status finished = recorder.finish(); !finished) return tl::unexpected(finished.error());
  if (const Status committed = transaction->commit(); !committed) {
    return tl::unexpected(committed.error());
  }
  return recorder.recorded();
}

void Committer::count(const Recorded& recorded) {
  committed_.add();
  full_.set(0);
  duplicates_.add(static_cast<double>(recorded.duplicates));
  grouped_.add(static_cast<double>(recorded.grouped));
  over_budget_.add(static_cast<double>(recorded.over_budget));
  for (const auto& [level, alerts] : recorded.alerts) {
    registry_.counter(metrics::kAlerts, {level}).add(static_cast<double>(alerts));
  }
}

void Committer::refuse() {
  refused_at_ = clock_.steady_ms();
  correlations_.excuse();
}

void Committer::report(const Error& error) {
  refuse();
  failed_.add();
  if (error.code == Code::busy) {
    full_.set(1);
    log::warning("the store takes nothing at the moment", {{"reason", error.message}});
  } else {
    log::error("cannot write to the store", {{"reason", error.message}});
  }
  if (store_.failed()) hooks_.store_failed();
}

}  // namespace tocsin::pipeline
