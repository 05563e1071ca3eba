#include "source/queue_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/text.h"
#include "source/s3_key.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

using End = QueueMessages::End;
using Decision = QueueMessages::Decision;

constexpr int kDefaultVisibilitySeconds = 30;
constexpr std::int64_t kDepthMs = 30'000;  // how often the queue is asked how deep it is
constexpr std::int64_t kAlertDayMs = 24LL * 3'600'000;
constexpr std::int64_t kTickMs = 1'000;  // how often gauges are set
// Deletions wait so long for others, to be sent together.
constexpr std::int64_t kGatherMs = 50;
// Calls that fail in a row before the run ends, with pauses that double.
constexpr int kFailures = 5;
constexpr std::int64_t kReceivePauseMs = 500;
// An object that S3 does not give out is given up after so many receives, where no redrive policy
// of the queue does it earlier.
constexpr int kGiveUpReceives = 5;
// Of a stop: for the last deletions.
constexpr std::int64_t kFinishMs = 700;

Error error_of(const aws::Failure& failure) {
  // Never Code::invalid_input and such: what is wrong with an account can be mended.
  const bool is_refusal = failure.kind == aws::Kind::denied || failure.kind == aws::Kind::kms ||
                          failure.kind == aws::Kind::credentials;
  return {is_refusal ? Code::refused : Code::io, failure.message};
}

bool is_transient(const aws::Failure& failure) {
  switch (failure.kind) {
    case aws::Kind::transport:
    case aws::Kind::throttled:
    case aws::Kind::server:
    case aws::Kind::expired:
    case aws::Kind::clock:
      return true;
    default:
      return false;
  }
}

std::vector<std::string> handles_of(const std::vector<QueueMessages::Handle>& messages) {
  std::vector<std::string> out;
  out.reserve(messages.size());
  for (const auto& [id, handle] : messages) out.push_back(handle);
  return out;
}

}  // namespace

QueueRun::QueueRun(const S3SqsOptions& options, Host& host, aws::Session& session)
    : options_(options),
      host_(host),
      session_(session),
      queue_(session, options.queue_url, options.aws.region),
      metrics_(host.metrics, options.name),
      reader_(host, metrics_, options.max_object) {}

QueueRun::~QueueRun() {
  finish();
}

Status QueueRun::run(const std::stop_token& token) {
  const std::stop_callback stopped(token, [this] { stop(); });
  Status status = begin();
  if (status) status = receive();
  finish();
  if (token.stop_requested()) return {};
  const MutexLock lock(mutex_);
  if (failure_) return tl::unexpected(*failure_);
  return status;
}

Status QueueRun::begin() {
  const auto attributes = queue_.attributes(stop_);
  if (!attributes && attributes.error().kind != aws::Kind::denied) {
    return tl::unexpected(error_of(attributes.error()));
  }
  int seconds = 0;
  if (attributes) {
    note(*attributes);
    seconds = attributes->visibility_timeout_seconds;
  } else {
    failed("attributes", attributes.error());
    log::warning("the depth, visibility and redrive policy of a queue are not known",
                 {{"source", options_.name}, {"reason", attributes.error().message}});
  }
  if (seconds <= 0) visibility_ = seconds = kDefaultVisibilitySeconds;
  visibility_ms_ = std::int64_t{seconds} * 1000;
  QueueMessages::Options options;
  options.visibility_ms = visibility_ms_;
  options.removes = options_.removes;
  options.max_receives = attributes ? attributes->max_receive_count : 0;
  options.keeps = options_.keeps_unreadable || (attributes && attributes->dead_letter_arn.empty());
  keeps_ = options.keeps;
  if (keeps_ && !options_.keeps_unreadable) {
    log::warning(
        "the queue has no redrive policy: messages that can never be read are kept here (`tocsin "
        "aside list`) and deleted",
        {{"source", options_.name}});
  }
  {
    const MutexLock lock(mutex_);
    messages_ = std::make_unique<QueueMessages>(options);
  }
  if (!options_.backfill.bucket.empty()) {
    backfill_.emplace(
        options_.backfill, options_.name, options_.requester_pays, host_, metrics_,
        Backfill::Hooks{[this](const S3Pointer& object) { return session_of(object); },
                        [this](S3Pointer object) { return offer(std::move(object)); }});
  }
  for (unsigned i = 0; i < options_.concurrency; ++i) {
    threads_.emplace_back([this] { read_objects(); });
  }
  threads_.emplace_back([this] { extend(); });
  threads_.emplace_back([this] { remove(); });
  threads_.emplace_back([this] { watch(); });
  if (backfill_) threads_.emplace_back([this] { list_objects(); });
  return {};
}

void QueueRun::stop() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  stopping_.request_stop();
}

// --- receiving -----------------------------------------------------------------------------------

Status QueueRun::receive() {
  int failures = 0;
  while (!stop_) {
    const std::size_t slots = wait_for_slots();
    if (stop_) break;
    const int count = static_cast<int>(std::min<std::size_t>(slots, aws::Sqs::kBatch));
    auto got = queue_.receive(count, aws::Sqs::kMaxWaitSeconds, visibility_, stop_);
    if (got) {
      failures = 0;
      for (aws::Message& message : *got) take(std::move(message));
      continue;
    }
    if (stop_) break;
    metrics_.error(aws::name(got.error().kind));
    if (!is_transient(got.error()) || ++failures == kFailures) {
      return tl::unexpected(error_of(got.error()));
    }
    log::warning("messages cannot be received; trying again",
                 {{"source", options_.name}, {"reason", got.error().message}});
    if (!pause(kReceivePauseMs << failures, token_)) break;
  }
  return {};
}

// Returns how many more messages to receive: at least one, or it is over. As many may wait as are
// read at a time, so that nobody idles while the next ones are received, and a request brings many.
std::size_t QueueRun::wait_for_slots() {
  const std::size_t most = std::size_t{2} * options_.concurrency;
  const std::size_t least = std::min<std::size_t>(options_.concurrency, aws::Sqs::kBatch);
  const MutexLock lock(mutex_);
  changed_.wait(mutex_,
                [&]() REQUIRES(mutex_) { return stop_ || tasks_.size() + busy_ + least <= most; });
  return stop_ ? 0 : most - tasks_.size() - busy_;
}

void QueueRun::take(aws::Message message) {
  metrics_.message("received");
  const auto work = std::make_shared<Work>();
  work->message = std::move(message);
  const aws::Message& got = work->message;
  S3Notice notice = read_notice(got.body);
  std::vector<Task> tasks;
  for (S3Pointer& object : notice.objects) {
    if (object.event_time_ms == 0) object.event_time_ms = got.sent_ms;
    if (is_wanted(object)) tasks.push_back({work, std::move(object)});
  }
  const bool is_unreadable = notice.kind == S3Notice::Kind::unreadable;
  if (notice.kind == S3Notice::Kind::events || is_unreadable) tasks.push_back({work, std::nullopt});
  const bool is_new = messages_->add(got.id, got.receipt_handle, tasks.size(), got.receive_count,
                                     got.sent_ms, host_.clock.steady_ms());
  if (!is_new) return metrics_.message("again");
  metrics_.body(name(notice.kind));
  if (is_unreadable) {
    metrics_.error("unreadable");
    work->problem = fmt::format("message {}: {}", text::printable(got.id), notice.problem);
  }
  const MutexLock lock(mutex_);
  for (Task& task : tasks) tasks_.push_back(std::move(task));
  changed_.notify_all();
}

// Counts what is not.
bool QueueRun::is_wanted(const S3Pointer& object) const {
  const S3Key key = read_key(object.key);
  if (!options_.may_read(object.bucket)) {
    log::warning("an object of a bucket that may not be read is skipped",
                 {{"source", options_.name}, {"bucket", object.bucket}});
    metrics_.object("bucket");
  } else if (key.kind != S3Key::Kind::log) {
    metrics_.object(name(key.kind));
  } else if (object.is_empty) {
    metrics_.object("empty");
  } else if (backfill_ && backfill_->is_done(object)) {
    metrics_.object("known");
  } else {
    return true;
  }
  return false;
}

// --- reading -------------------------------------------------------------------------------------

void QueueRun::read_objects() {
  while (const std::optional<Task> task = next_task()) {
    perform(*task);
    const MutexLock lock(mutex_);
    if (!is_listed(*task)) --busy_;
    changed_.notify_all();
  }
}

std::optional<QueueRun::Task> QueueRun::next_task() {
  const MutexLock lock(mutex_);
  changed_.wait(mutex_,
                [&]() REQUIRES(mutex_) { return stop_ || !tasks_.empty() || !listed_.empty(); });
  if (stop_) return std::nullopt;
  std::deque<Task>& from = tasks_.empty() ? listed_ : tasks_;
  Task task = std::move(from.front());
  from.pop_front();
  if (!is_listed(task)) ++busy_;
  changed_.notify_all();  // there is room in listed_
  return task;
}

void QueueRun::perform(const Task& task) {
  End end = End::later;
  if (!task.object) {
    end = read_body(task);
  } else {
    const ObjectEnd read = read_object(*task.object);
    if (backfill_) backfill_->ended(*task.object, read.kind, is_listed(task));
    end = judge(task, read);
    if (is_listed(task)) return;
  }
  if (!stop_ || end == End::committed) ended(task, end);
}

ObjectEnd QueueRun::read_object(const S3Pointer& object) {
  const Result<aws::Session*> session = session_of(object);
  if (!session) return {ObjectEnd::Kind::permission, "role", session.error().message};
  aws::S3 s3(**session);
  aws::ObjectName name;
  name.bucket = object.bucket;
  name.key = object.key;
  name.region = object.region;
  name.requester_pays = options_.requester_pays;
  const std::int64_t begin = host_.clock.steady_ms();
  ObjectEnd end = reader_.read(s3, name, stop_, token_);
  const std::int64_t spent = host_.clock.steady_ms() - begin;
  if (end.kind == ObjectEnd::Kind::committed) {
    metrics_.object("read");
    metrics_.object_seconds.observe(static_cast<double>(spent) / 1000);
    if (object.event_time_ms != 0) {
      metrics_.lag.observe(static_cast<double>(host_.clock.wall_ms() - object.event_time_ms) /
                           1000);
    }
  }
  return end;
}

End QueueRun::read_body(const Task& task) {
  if (!task.work->problem.empty()) return End::never;
  Submission submission;
  submission.source = options_.name;
  submission.bytes = task.work->message.body;
  submission.received_ms = host_.clock.wall_ms();
  return submit_surely(host_.intake, std::move(submission), token_) ? End::committed : End::later;
}

// Counts an object that was not read, raises an alert where people have to act, and returns what it
// means for its message.
End QueueRun::judge(const Task& task, const ObjectEnd& end) {
  if (end.kind == ObjectEnd::Kind::committed) return End::committed;
  if (end.kind == ObjectEnd::Kind::stopped) return End::later;
  metrics_.object("failed");
  metrics_.error(end.reason);
  log::warning("an object could not be read",
               {{"source", options_.name}, {"reason", end.reason}, {"problem", end.problem}});
  const bool is_given_up = !is_listed(task) && end.kind == ObjectEnd::Kind::gone && keeps_ &&
                           task.work->message.receive_count >= kGiveUpReceives;
  const bool is_damaged = end.kind == ObjectEnd::Kind::damaged;
  if (!is_listed(task) && (is_damaged || is_given_up)) {
    const MutexLock lock(mutex_);
    task.work->problem = end.problem;
    return End::never;
  }
  if (end.kind != ObjectEnd::Kind::transient) {
    const bool is_denied = end.kind == ObjectEnd::Kind::permission;
    host_.raise(is_denied ? alert::kSourceDenied : alert::kObjectUnread,
                fmt::format("{} {}", options_.name, end.reason),
                is_listed(task) ? task.object->key : task.work->message.id, end.problem);
  }
  return End::later;
}

void QueueRun::ended(const Task& task, End end) {
  const Work& work = *task.work;
  switch (messages_->ended(work.message.id, end)) {
    case Decision::keep:
      keep(work);
      break;
    case Decision::reject:
      metrics_.message("rejected");
      host_.raise(alert::kMessageUnreadable, options_.name, work.message.id,
                  fmt::format("source {}: {}; the queue moves the message to its dead-letter queue",
                              options_.name, work.problem));
      break;
    case Decision::let_go:
      metrics_.message("returned");
      break;
    case Decision::remove:
    case Decision::none:
      break;
  }
  const MutexLock lock(mutex_);
  changed_.notify_all();
}

// Waits until it is on disk.
void QueueRun::keep(const Work& work) {
  Submission submission;
  submission.source = options_.name;
  submission.bytes = work.message.body;
  std::promise<Receipt> promise;
  std::future<Receipt> receipt = promise.get_future();
  host_.intake.set_aside(
      std::move(submission), work.problem,
      [promise = std::move(promise)](Receipt got) mutable { promise.set_value(std::move(got)); });
  const bool is_kept = receipt.get().status.has_value();
  metrics_.message(is_kept ? "kept" : "returned");
  messages_->kept(work.message.id, is_kept);
}

// The session whose role may read the object: that of its bucket's account, or of the account whose
// events it holds, or the source's own.
Result<aws::Session*> QueueRun::session_of(const S3Pointer& object) {
  auto role = options_.accounts.find(object.account);
  if (role == options_.accounts.end()) {
    role = options_.accounts.find(std::string(read_key(object.key).account));
  }
  if (role == options_.accounts.end()) return &session_;
  const MutexLock lock(sessions_mutex_);
  std::unique_ptr<aws::Session>& session = sessions_[role->first];
  if (session == nullptr) {
    auto assumed = session_.assume(role->second.arn, role->second.external_id);
    if (!assumed) return tl::unexpected(std::move(assumed.error()));
    session = std::move(*assumed);
  }
  return session.get();
}

void QueueRun::list_objects() {
  Status ended = backfill_->run(stop_, token_);
  if (ended) return;
  {
    const MutexLock lock(mutex_);
    failure_ = std::move(ended.error());
  }
  stop();
}

// As many wait as can be read at once.
bool QueueRun::offer(S3Pointer object) {
  const MutexLock lock(mutex_);
  changed_.wait(mutex_,
                [&]() REQUIRES(mutex_) { return stop_ || listed_.size() < options_.concurrency; });
  if (stop_) return false;
  listed_.push_back({nullptr, std::move(object)});
  changed_.notify_all();
  return true;
}

// --- the other threads ---------------------------------------------------------------------------

void QueueRun::extend() {
  const std::int64_t longest = std::clamp<std::int64_t>(visibility_ms_ / 8, 1, kTickMs);
  while (!stop_) {
    const std::int64_t now = host_.clock.steady_ms();
    const std::int64_t oldest = messages_->oldest_sent_ms();
    const std::int64_t age = oldest == 0 ? 0 : host_.clock.wall_ms() - oldest;
    metrics_.in_flight.set(static_cast<double>(messages_->size()));
    metrics_.oldest.set(static_cast<double>(age) / 1000);
    if (const auto due = messages_->to_extend(now); !due.empty()) extend_now(due, now);
    const std::int64_t next = messages_->next_extension().value_or(now + longest);
    const MutexLock lock(mutex_);
    if (stop_) return;
    // Often enough for messages that come meanwhile.
    changed_.wait_for(mutex_, std::chrono::milliseconds(std::clamp<std::int64_t>(
                                  next - host_.clock.steady_ms(), 1, longest)));
  }
}

void QueueRun::extend_now(const std::vector<QueueMessages::Handle>& due, std::int64_t now) {
  std::vector<aws::VisibilityChange> changes;
  changes.reserve(due.size());
  for (const auto& [id, handle] : due) {
    changes.push_back({handle, static_cast<int>(visibility_ms_ / 1000)});
  }
  std::vector<bool> has_failed(due.size(), false);
  for (const aws::EntryFailure& each : queue_.change_visibility(changes, stop_)) {
    has_failed[each.index] = true;
    const bool is_in_flight = each.failure.kind != aws::Kind::not_in_flight;
    const bool matters =
        messages_->not_extended(due[each.index].id, is_in_flight, host_.clock.steady_ms());
    if (!matters || stop_) continue;  // it was finished meanwhile
    failed("extend", each.failure);
    log::warning("the visibility of a message cannot be extended: it may come twice",
                 {{"source", options_.name}, {"reason", each.failure.message}});
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (has_failed[i]) continue;
    messages_->extended(due[i].id, now);
    metrics_.extensions.add();
  }
}

void QueueRun::remove() {
  while (!stop_) {
    {
      const MutexLock lock(mutex_);
      changed_.wait_for(mutex_, std::chrono::milliseconds(kTickMs), [&] {
        return stop_ || messages_->removals() > 0 || messages_->rejections() > 0;
      });
      if (stop_) return;
      changed_.wait_for(mutex_, std::chrono::milliseconds(kGatherMs),
                        [&] { return stop_ || messages_->removals() >= aws::Sqs::kBatch; });
    }
    remove_now(messages_->take_removals(aws::Sqs::kBatch), stop_);
    give_back(messages_->take_rejections(), stop_);
  }
}

void QueueRun::remove_now(std::vector<QueueMessages::Handle> handles,
                          const std::atomic<bool>& stop) {
  if (handles.empty()) return;
  const auto failures = queue_.remove(handles_of(handles), stop);
  metrics_.message("deleted", static_cast<double>(handles.size() - failures.size()));
  for (const aws::EntryFailure& each : failures) {
    if (each.failure.kind == aws::Kind::stopped && &stop == &stop_) {
      interrupted_.push_back(std::move(handles[each.index]));
      continue;
    }
    metrics_.message("not_deleted");
    failed("delete", each.failure);
    log::warning("a message cannot be deleted: it comes again",
                 {{"source", options_.name}, {"reason", each.failure.message}});
  }
}

void QueueRun::give_back(const std::vector<QueueMessages::Handle>& handles,
                         const std::atomic<bool>& stop) {
  if (handles.empty()) return;
  std::vector<aws::VisibilityChange> changes;
  changes.reserve(handles.size());
  for (const auto& [id, handle] : handles) changes.push_back({handle, 0});
  for (const aws::EntryFailure& each : queue_.change_visibility(changes, stop)) {
    failed("give_back", each.failure);
  }
}

void QueueRun::watch() {
  while (pause(kDepthMs, token_) && !stop_) {
    const auto attributes = queue_.attributes(stop_);
    if (attributes) {
      note(*attributes);
    } else if (!stop_) {
      failed("attributes", attributes.error());
    }
  }
}

void QueueRun::note(const aws::QueueAttributes& attributes) {
  metrics_.depth("visible", attributes.visible);
  metrics_.depth("in_flight", attributes.in_flight);
  metrics_.depth("delayed", attributes.delayed);
  const MutexLock lock(mutex_);
  attributes_ = attributes;
}

void QueueRun::failed(std::string_view call, const aws::Failure& failure) const {
  metrics_.error(aws::name(failure.kind));
  if (failure.kind != aws::Kind::denied) return;
  host_.raise(alert::kSourceDenied, fmt::format("{} {}", options_.name, call),
              std::to_string(host_.clock.wall_ms() / kAlertDayMs), failure.message);
}

// --- the end -------------------------------------------------------------------------------------

// What is done is still deleted, and what is not is given back, for a moment.
void QueueRun::finish() {
  stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (messages_ == nullptr) return;
  std::vector<QueueMessages::Handle> removals = messages_->take_removals(messages_->removals());
  std::move(interrupted_.begin(), interrupted_.end(), std::back_inserter(removals));
  interrupted_.clear();
  std::vector<QueueMessages::Handle> rest = messages_->take_rest();
  metrics_.message("returned", static_cast<double>(rest.size()));
  std::vector<QueueMessages::Handle> rejections = messages_->take_rejections();
  std::move(rejections.begin(), rejections.end(), std::back_inserter(rest));
  if (!removals.empty() || !rest.empty()) {
    std::atomic<bool> is_late = false;
    const std::jthread timer([&](const std::stop_token& done) {
      pause(kFinishMs, done);
      is_late = true;
    });
    remove_now(std::move(removals), is_late);
    give_back(rest, is_late);
  }
  metrics_.in_flight.set(0);
  metrics_.oldest.set(0);
}

void QueueRun::write_status(JsonWriter& json) const {
  const MutexLock lock(mutex_);
  json.key("queue").begin_object().member("url", queue_.url());
  json.key("visible").number(attributes_.visible);
  json.key("in_flight").number(attributes_.in_flight);
  json.key("delayed").number(attributes_.delayed);
  if (!attributes_.dead_letter_arn.empty()) {
    json.member("dead_letter_queue", attributes_.dead_letter_arn);
  }
  json.end_object();
  json.key("messages").number(std::uint64_t{messages_ == nullptr ? 0 : messages_->size()});
}

}  // namespace tocsin::source
