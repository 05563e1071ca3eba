#include "deliver/lane.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "base/log.h"

namespace tocsin::deliver {
namespace {

// Signals are for the thread that waits for them; a receiver that closes its connection is an
// error, not a SIGPIPE.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Lane::Lane(Receiver receiver, World world, metrics::Registry& metrics, std::shared_ptr<Lane> before)
    : receiver_(std::move(receiver)),
      world_(world),
      metrics_(metrics, receiver_.name, receiver_.type),
      before_(std::move(before)),
      delivered_([this](const Combiner::Rows& rows) { return world_.store.delivered(rows); }),
      bucket_(receiver_.traits.rate, receiver_.traits.burst),
      backoff_(random_seed()) {
  metrics_.up.set(1);
  running_ = std::max(receiver_.traits.concurrency, 1u);
  threads_.reserve(running_);
  for (unsigned i = 0; i < running_; ++i) threads_.emplace_back([this, i] { run(i == 0); });
}

Lane::~Lane() {
  abort();
  join();
}

void Lane::run(bool first) {
  block_signals();
  if (first && before_ != nullptr) {
    before_->wait_until_ended();
    before_.reset();
  }
  std::unique_ptr<net::HttpClient> http;  // made when it is first needed
  Lock lock(mutex_);
  if (first) {
    picking_ = false;
    picker_.notify_all();
  }
  while (!ending()) {
    if (picking_) {
      picker_.wait(mutex_);
      continue;
    }
    picking_ = true;
    Batch batch;
    if (wait_until_ready()) batch = pick();
    picking_ = false;
    picker_.notify_one();
    if (batch.rows.empty()) continue;

    const std::vector<std::int64_t> taken = batch.ids();
    lock.unlock();
    const bool again = tell(batch, http);
    lock.lock();
    for (const std::int64_t id : taken) taken_.erase(id);
    look_ = look_ || again;  // only now can they be found
    changed_.notify_all();
  }
  picker_.notify_all();
  if (--running_ == 0) ended_.notify_all();
}

void Lane::wake() {
  const Lock lock(mutex_);
  look_ = true;
  changed_.notify_all();
}

void Lane::finish() {
  const Lock lock(mutex_);
  finish_ = true;
  changed_.notify_all();
  picker_.notify_all();
}

void Lane::abort() {
  const Lock lock(mutex_);
  stop_ = true;
  changed_.notify_all();
  picker_.notify_all();
}

bool Lane::ended() const {
  const Lock lock(mutex_);
  return running_ == 0;
}

void Lane::wait_until_ended() {
  const Lock lock(mutex_);
  ended_.wait(mutex_, [this]() REQUIRES(mutex_) { return running_ == 0; });
}

void Lane::join() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

ReceiverStatus Lane::status() const {
  const Lock lock(mutex_);
  ReceiverStatus status{receiver_.name, receiver_.type, "ok", last_error_, last_delivered_ms_};
  if (gone_) {
    status.state = "gone";
  } else if (breaker_.state() != Breaker::State::closed) {
    status.state = "broken";
  } else if (breaker_.failures() > 0) {
    status.state = "retrying";
  }
  return status;
}

}  // namespace tocsin::deliver
