// What the committer does when something cannot be written.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/text.h"
#include "metrics/families.h"
#include "pipeline/committer.h"
#include "pipeline/self_alert.h"

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kOwnAlerts = 16;  // that wait; further ones are only logged

}  // namespace

// Not the fault of what was to be written.
bool Committer::is_of_store(const Error& error) const {
  return error.code == Code::busy || error.code == Code::io || error.code == Code::refused ||
         store_.failed();
}

bool Committer::is_suspended() const {
  return suspended_until_.has_value();
}

void Committer::give_up(Item& item, const Error& error) {
  if (!is_of_store(error)) return set_aside(item, error);
  // The outbox is full. Others are taken; but its events will come again, and must not be late.
  excuse();
  full_.set(1);
  registry_.counter(metrics::kSubmissionsRefused, {item.findings.source, "full"}).add();
  log::warning("a submission was refused",
               {{"source", item.findings.source}, {"reason", error.message}});
  refuse(item, error);
}

void Committer::set_aside(Item& item, const Error& error) {
  log::error("a submission cannot be processed and is set aside: see `tocsin aside list`",
             {{"source", item.findings.source},
              {"bytes", item.findings.bytes.size()},
              {"reason", error.message}});
  Status written = write_aside(item, error.message, true);
  if (!written && !is_of_store(written.error())) written = write_aside(item, error.message, false);
  if (!written) {
    excuse();
    log::error("it could not be set aside and is refused", {{"reason", written.error().message}});
    if (store_.failed()) report(written.error());
    return refuse(item, written.error());
  }
  set_aside_.add();
  hooks_.enqueued();
  source::Receipt receipt = std::move(item.findings.receipt);
  receipt.set_aside = error.message;
  item.is_answered = true;
  item.token.commit(std::move(receipt));
}

// In one transaction: its bytes, an alert that says so, how far its source has been read, and the
// alerts of single rules.
Status Committer::write_aside(Item& item, const std::string& reason, bool with_firings) {
  const Findings& findings = item.findings;
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  const store::Milliseconds now = clock_.wall_ms();
  Recorder recorder(*transaction, now);
  store::SetAside row;
  row.source = findings.source;
  row.received = findings.received;
  row.created = now;
  row.reason = reason;
  row.bytes = findings.bytes;
  const Result<std::int64_t> id = transaction->set_aside(row);
  if (!id) return tl::unexpected(id.error());
  const std::string detail = fmt::format(
      "{} bytes from source {} could not be processed and were kept: {}; see `tocsin aside show "
      "{}`",
      findings.bytes.size(), text::printable(findings.source), text::printable(reason), *id);
  Status status = recorder.add(findings_of(
      {alert::kSetAside, findings.source, std::to_string(*id), detail}, live_.get(), now));
  if (status && with_firings) {
    Part rest = item.part;
    rest.of = &findings;
    rest.hit_begin = rest.hit_end;
    status = recorder.add(rest);
  }
  Positions positions;
  positions.add(findings);
  if (status) status = positions.write(*transaction);
  if (status) status = recorder.finish();
  if (status) status = transaction->commit();
  if (!status) return status;
  positions.committed();
  count(recorder.recorded());
  return {};
}

// Detections over time could not be written, for a reason that is not the store's.
void Committer::strike(const Error& error, bool drops_unwritten) {
  registry_.counter(metrics::kInternalErrors, {"correlation"}).add();
  log::error("detections over time cannot be written", {{"reason", error.message}});
  if (drops_unwritten) correlations_.drop_unwritten();
  if (++strikes_ < kStrikes) return;
  suspended_until_ = clock_.steady_ms() + kSuspendedMs;
  suspended_.set(1);
  raise(alert::kCorrelationSuspended, "suspended",
        fmt::format("detections over time are suspended for {} s, and miss what comes meanwhile; "
                    "single rules go on. They cannot be written: {}",
                    kSuspendedMs / 1000, text::printable(error.message)));
}

// One more failure suspends them again.
void Committer::resume() {
  if (!suspended_until_ || clock_.steady_ms() < *suspended_until_) return;
  suspended_until_.reset();
  suspended_.set(0);
  strikes_ = kStrikes - 1;
  log::warning("detections over time are tried again");
}

// The store takes nothing.
void Committer::report(const Error& error) {
  excuse();
  failed_.add();
  failed_at_ = clock_.steady_ms();
  readiness_.set(Readiness::Cause::commits,
                 fmt::format("commits fail: {}", text::printable(error.message)));
  if (error.code == Code::busy) {
    full_.set(1);
    log::warning("the store takes nothing at the moment", {{"reason", error.message}});
  } else {
    log::error("cannot write to the store", {{"reason", error.message}});
  }
  watch_readiness();
  if (store_.failed()) hooks_.store_failed();
}

// Something was refused, which is not the sources' fault: none of them is silent or late for it.
void Committer::excuse() {
  refused_at_ = clock_.steady_ms();
  correlations_.excuse();
}

// As soon as the store takes it.
void Committer::raise(const alert::SelfRule& rule, const std::string& about,
                      const std::string& detail) {
  const store::Milliseconds now = clock_.wall_ms();
  log::error(rule.title, {{"about", about}, {"detail", detail}});
  if (own_alerts_.size() == kOwnAlerts) return;
  own_alerts_.push_back(findings_of({rule, about, std::to_string(now), detail}, live_.get(), now));
}

}  // namespace tocsin::pipeline
