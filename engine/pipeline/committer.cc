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
// After a refusal, senders come again with what was refused: for so long time does not go by the
// events that arrive meanwhile.
constexpr std::int64_t kRefusedMs = 60'000;

source::Submission submission_of(Findings findings) {
  return {std::move(findings.source), std::move(findings.bytes), std::move(findings.place),
          findings.received};
}

bool is_nothing(const Findings& findings) {
  return findings.is_empty() && findings.receipt.status;
}

}  // namespace

Committer::Committer(store::Store& store, const LiveHolder& live, CorrelationState& correlations,
                     Readiness& readiness, metrics::Registry& registry, const Clock& clock,
                     std::size_t at_once, Hooks hooks)
    : store_(store),
      live_(live),
      correlations_(correlations),
      readiness_(readiness),
      registry_(registry),
      clock_(clock),
      at_once_(std::max<std::size_t>(1, at_once)),
      hooks_(std::move(hooks)),
      committed_(registry.counter(metrics::kCommits, {"success"})),
      failed_(registry.counter(metrics::kCommits, {"failure"})),
      duplicates_(registry.counter(metrics::kFiringsDuplicate)),
      grouped_(registry.counter(metrics::kAlertsSuppressed, {"grouped"})),
      over_budget_(registry.counter(metrics::kAlertsSuppressed, {"budget"})),
      set_aside_(registry.counter(metrics::kSubmissionsSetAside)),
      commit_seconds_(registry.histogram(metrics::kCommitSeconds)),
      full_(registry.gauge(metrics::kStoreFull)),
      suspended_(registry.gauge(metrics::kCorrelationSuspended)),
      pulse_(readiness, "committer"),
      refused_at_(clock.steady_ms() - kRefusedMs) {
  check_store();  // before anybody asks whether the service is ready
  thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
  stop();
}

void Committer::submit(Findings findings, source::AckToken token) {
  if (sabotage::on("ack_before_commit")) token.commit(findings.receipt);
  {
    const MutexLock lock(mutex_);
    if (!stopping_) {
      queue_.push_back({std::move(findings), std::move(token), {}, false});
      wake_.notify_one();
      return;
    }
  }
  token.refuse({Code::busy, "shutting down"}, submission_of(std::move(findings)));
}

void Committer::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::size_t Committer::waiting() const {
  const MutexLock lock(mutex_);
  return queue_.size();
}

// Empty: there was nothing to do for a while, or it is over.
std::vector<Committer::Item> Committer::take() {
  const MutexLock lock(mutex_);
  pulse_.rest();
  wake_.wait_for(mutex_, std::chrono::milliseconds(kHousekeepingMs),
                 [&]() REQUIRES(mutex_) { return !queue_.empty() || stopping_; });
  pulse_.step();
  std::vector<Item> items;
  Room room;
  while (!queue_.empty() && items.size() < at_once_ && room.findings > 0 && room.bytes > 0) {
    items.push_back(std::move(queue_.front()));
    queue_.pop_front();
    grow(items.back(), room);
  }
  return items;
}

// Its next part: from where the last one ended, as much as there is room for, but something.
void Committer::grow(Item& item, Room& room) {
  const Findings& findings = item.findings;
  Part& part = item.part;
  part.firing_begin = part.firing_end;
  part.hit_begin = part.hit_end;
  const auto has_room = [&] { return room.findings > 0 && room.bytes > 0; };
  while (part.firing_end < findings.firings.size() && has_room()) {
    const std::uint32_t alert = findings.firings[part.firing_end++].alert;
    --room.findings;
    if (alert < part.alert_end) continue;  // written with an earlier firing
    part.alert_end = alert + 1;
    room.bytes -= std::min(room.bytes, findings.alerts[alert].json.size());
  }
  if (has_room()) {
    const std::size_t hits = std::min(room.findings, hits_in(findings) - part.hit_end);
    part.hit_end += hits;
    room.findings -= hits;
  }
  part.is_last = part.firing_end == findings.firings.size() && part.hit_end == hits_in(findings);
}

// At the end: others that wait have their turn before the next part.
void Committer::put_back(std::vector<Item>& items) {
  const MutexLock lock(mutex_);
  for (Item& item : items) {
    if (!item.is_answered) queue_.push_back(std::move(item));
  }
}

void Committer::run() {
  for (;;) {
    std::vector<Item> items = take();
    if (!items.empty()) {
      commit(items);
      put_back(items);
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
  const MutexLock lock(mutex_);
  return queue_.empty() && stopping_;
}

// Each item is answered afterwards, but for those of which only a part was written.
void Committer::commit(std::span<Item> items) {
  if (std::all_of(items.begin(), items.end(),
                  [](const Item& item) { return is_nothing(item.findings); })) {
    for (Item& item : items) {
      correlations_.hear(item.findings, !is_refusing());
      accept(item);
    }
    return;
  }
  while (!items.empty()) {
    const Outcome outcome = write(items, false);
    if (outcome) {
      for (Item& item : items) accept(item);
      return;
    }
    const Failure& failure = outcome.error();
    std::size_t done = 0;
    switch (failure.of) {
      case Failure::Of::store:
        report(failure.error);
        for (Item& item : items) refuse(item, failure.error);
        return;
      case Failure::Of::state:
        strike(failure.error, true);
        break;
      case Failure::Of::item:
        commit(items.first(failure.item));  // these can be written, without it
        give_up(items[failure.item], failure.error);
        done = failure.item + 1;
        break;
      case Failure::Of::group:
        done = items.size() / 2;
        if (done > 0) {
          commit(items.first(done));
        } else {
          strike(failure.error, false);
          if (!is_suspended()) set_aside(items[0], failure.error);
          done = items[0].is_answered ? 1 : 0;
        }
        break;
    }
    items = items.subspan(done);
  }
}

Committer::Outcome Committer::write(std::span<Item> items, bool all) {
  const auto failure = [&](const Error& error, Failure::Of of) {
    return tl::unexpected(Failure{error, is_of_store(error) ? Failure::Of::store : of, 0});
  };
  pulse_.step();
  resume();
  if (!is_suspended()) {
    if (Status ready = correlations_.prepare(live_.get()); !ready) {
      return failure(ready.error(), Failure::Of::state);
    }
  }
  if (items.empty() && (is_suspended() || correlations_.is_idle())) return {};
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(Failure{transaction.error(), Failure::Of::store, 0});
  const std::int64_t start = clock_.steady_ms();
  Recorder recorder(*transaction, clock_.wall_ms());
  Positions positions;
  const auto is_on_disk = record(items, all, *transaction, recorder, positions);
  if (!is_on_disk) return tl::unexpected(is_on_disk.error());
  positions.committed();
  if (!*is_on_disk) return {};
  commit_seconds_.observe(static_cast<double>(clock_.steady_ms() - start) / 1000);
  count(recorder.recorded());
  if (recorder.recorded().deliveries > 0) hooks_.enqueued();
  return {};
}

tl::expected<bool, Committer::Failure> Committer::record(std::span<Item> items, bool all,
                                                         store::Transaction& transaction,
                                                         Recorder& recorder, Positions& positions) {
  bool must = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
    item.part.of = &item.findings;
    must = must || item.part.firing_begin < item.part.firing_end;
    if (item.part.is_last) positions.add(item.findings);
    Status status = item.findings.receipt.status;  // it could not be evaluated
    if (status) status = recorder.add(item.part);
    if (!status) {
      const bool is_store = store_.failed();
      return tl::unexpected(
          Failure{status.error(), is_store ? Failure::Of::store : Failure::Of::item, i});
    }
  }
  must = must || positions.must_be_written();
  const Result<bool> written = correlate(items, must, all, transaction, recorder, positions);
  if (written) return *written;
  if (!is_suspended()) correlations_.failed();
  const bool is_store = is_of_store(written.error());
  const Failure::Of own = items.empty() ? Failure::Of::state : Failure::Of::group;
  return tl::unexpected(Failure{written.error(), is_store ? Failure::Of::store : own, 0});
}

// What the items mean over time, and the COMMIT. Nothing that is refused for its own sake gets
// here: after a failure, correlations are made anew from the store.
Result<bool> Committer::correlate(std::span<Item> items, bool must, bool all,
                                  store::Transaction& transaction, Recorder& recorder,
                                  const Positions& positions) {
  Status status;
  const bool is_on = !is_suspended() && !correlations_.is_idle();
  if (is_on) {
    std::vector<Part> parts;
    for (const Item& item : items) parts.push_back(item.part);
    status = correlations_.decide(parts, !is_refusing(), transaction, recorder);
    must = must || correlations_.must_be_written() || (all && correlations_.has_changes());
  }
  if (!status) return tl::unexpected(std::move(status.error()));
  if (!must) return false;
  if (is_on) status = correlations_.write(transaction, recorder, all);
  if (status) status = recorder.finish();
  if (status) status = positions.write(transaction);
  if (status) status = transaction.commit();
  if (!status) return tl::unexpected(std::move(status.error()));
  if (is_on) {
    correlations_.committed();
    strikes_ = 0;
  }
  return true;
}

void Committer::accept(Item& item) {
  if (is_suspended()) correlations_.count_suspended(item.part);
  if (!item.part.is_last) return;
  item.is_answered = true;
  item.token.commit(std::move(item.findings.receipt));
}

// Its sender comes again.
void Committer::refuse(Item& item, const Error& error) {
  correlations_.hear(item.findings, false);
  item.is_answered = true;
  item.token.refuse({Code::busy, error.message}, submission_of(std::move(item.findings)));
}

bool Committer::is_refusing() const {
  return clock_.steady_ms() - refused_at_ < kRefusedMs;
}

void Committer::count(const Recorded& recorded) {
  committed_.add();
  readiness_.set(Readiness::Cause::commits, {});
  duplicates_.add(static_cast<double>(recorded.duplicates));
  grouped_.add(static_cast<double>(recorded.grouped));
  over_budget_.add(static_cast<double>(recorded.over_budget));
  for (const auto& [level, alerts] : recorded.alerts) {
    registry_.counter(metrics::kAlerts, {level}).add(static_cast<double>(alerts));
  }
}

}  // namespace tocsin::pipeline
