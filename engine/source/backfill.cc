#include "source/backfill.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/text.h"
#include "source/s3_key.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

constexpr std::int64_t kListDayMs = 24LL * 3600 * 1000;
constexpr auto kStopCheck = std::chrono::milliseconds(100);
constexpr std::int64_t kSaveMs = 10'000;
constexpr int kDeepest =
    8;  // folders above the days: [prefix/…/]AWSLogs/ORG/ACCOUNT/SERVICE/REGION
constexpr std::string_view kAnyDay = "2000/01/01/x";

}  // namespace

Backfill::Backfill(const BackfillOptions& options, std::string source, bool requester_pays,
                   Host& host, const S3Metrics& metrics, Hooks hooks)
    : options_(options),
      source_(std::move(source)),
      requester_pays_(requester_pays),
      host_(host),
      metrics_(metrics),
      hooks_(std::move(hooks)),
      marks_((host.clock.wall_ms() - options.since_ms) / kListDayMs) {}

std::int64_t Backfill::today() const {
  return host_.clock.wall_ms() / kListDayMs;
}

Status Backfill::run(const std::atomic<bool>& stop, const std::stop_token& token) {
  stop_ = &stop;
  token_ = token;
  auto reading = host_.intake.resume(source_);
  if (!reading) return tl::unexpected(std::move(reading.error()));
  reading_ = *std::move(reading);
  if (const Status restored = marks_.restore(reading_.position()); !restored) {
    log::error("the position of a source is lost; its objects are listed from the beginning",
               {{"source", source_}, {"error", restored.error().message}});
  }
  do {
    const bool is_whole = pass();
    wait_for_offered();
    if (*stop_) break;
    {
      const MutexLock lock(mutex_);
      const std::int64_t yesterday = today() - 1;
      if (is_whole) {
        marks_.complete_before(open_days_.empty() ? yesterday
                                                  : std::min(yesterday, *open_days_.begin()));
      }
      open_days_.clear();
    }
    if (Status saved = save(); !saved && !*stop_) return saved;
  } while (pause(options_.every_ms, token_));
  return {};
}

// One submission without bytes, which carries the position. What it says is done already.
Status Backfill::save() {
  if (!marks_.take_changed()) return {};
  Submission submission;
  submission.source = source_;
  submission.place = reading_.next(marks_.text());
  submission.received_ms = host_.clock.wall_ms();
  return submit_surely(host_.intake, std::move(submission), token_);
}

// --- listing -------------------------------------------------------------------------------------

// False: something could not be listed.
bool Backfill::pass() {
  regions_.clear();
  bool is_whole = find_regions(options_.prefix, 0);
  if (is_whole && regions_.empty()) {
    log::warning("there is nothing of CloudTrail where a backfill looks for it",
                 {{"source", source_}, {"bucket", options_.bucket}, {"prefix", options_.prefix}});
  }
  for (const std::string& region : regions_) {
    for (std::int64_t day = marks_.from(); day <= today() && !*stop_; ++day) {
      is_whole = list_day(region, day) && is_whole;
    }
  }
  return is_whole && !*stop_;
}

// Where the days of a region begin, below `prefix`.
bool Backfill::find_regions(const std::string& prefix, int depth) {
  switch (depth_of(prefix)) {
    case Depth::days:
      regions_.push_back(prefix);
      return true;
    case Depth::elsewhere:
      return true;
    case Depth::above:
      break;
  }
  if (depth == kDeepest) return true;
  std::vector<std::string> below;
  const bool is_listed = list(prefix, "/", [&](aws::ListPage& page) {
    below.insert(below.end(), std::make_move_iterator(page.prefixes.begin()),
                 std::make_move_iterator(page.prefixes.end()));
    return true;
  });
  bool is_whole = is_listed;
  for (const std::string& each : below) is_whole = find_regions(each, depth + 1) && is_whole;
  return is_whole;
}

Backfill::Depth Backfill::depth_of(const std::string& prefix) const {
  const std::string below = prefix + std::string(kAnyDay);
  const S3Key as_region = read_key(below);
  if (as_region.kind == S3Key::Kind::log && !as_region.region.empty() && prefix.ends_with('/')) {
    return Depth::days;
  }
  // Below an account, only CloudTrail's own folder leads to log files.
  const S3Key key = read_key(prefix + "x");
  const bool is_service = !key.account.empty() && key.kind != S3Key::Kind::log &&
                          !prefix.ends_with(std::string(key.account) + "/");
  return is_service ? Depth::elsewhere : Depth::above;
}

bool Backfill::list_day(const std::string& region, std::int64_t day) {
  return list(region + day_text(day), "", [&](aws::ListPage& page) {
    for (const aws::ListedObject& object : page.objects) {
      if (!offer(object)) return false;
    }
    const std::int64_t now = host_.clock.steady_ms();
    if (now - saved_at_ < kSaveMs) return true;
    saved_at_ = now;
    return save().has_value();
  });
}

// All pages; false: it failed, or `use` said that it is over.
bool Backfill::list(const std::string& prefix, const std::string& delimiter,
                    const std::function<bool(aws::ListPage&)>& use) {
  S3Pointer where;
  where.bucket = options_.bucket;
  where.key = prefix;
  const Result<aws::Session*> session = hooks_.session(where);
  aws::ListRequest request;
  request.bucket = options_.bucket;
  request.prefix = prefix;
  request.delimiter = delimiter;
  request.requester_pays = requester_pays_;
  do {
    auto page = session ? aws::S3(**session).list(request, *stop_)
                        : tl::unexpected(aws::Failure{
                              aws::Kind::credentials, false, 0, {}, session.error().message});
    if (!page) {
      if (!*stop_) {
        metrics_.error(aws::name(page.error().kind));
        if (page.error().kind == aws::Kind::denied) {
          host_.raise(alert::kSourceDenied, fmt::format("{} list", source_),
                      std::to_string(today()), page.error().message);
        }
        log::error("objects cannot be listed; trying again later",
                   {{"source", source_}, {"reason", page.error().message}});
      }
      return false;
    }
    if (!use(*page)) return false;
    request.continuation = page->continuation;
  } while (!request.continuation.empty() && !*stop_);
  return !*stop_;
}

bool Backfill::offer(const aws::ListedObject& object) {
  S3Pointer pointer;
  pointer.bucket = options_.bucket;
  pointer.key = object.key;
  if (read_key(object.key).kind != S3Key::Kind::log || object.size == 0) return true;
  if (is_done(pointer)) return true;
  {
    const MutexLock lock(mutex_);
    ++offered_;
  }
  if (hooks_.offer(pointer)) return true;
  ended(pointer, ObjectEnd::Kind::stopped, true);
  return false;
}

bool Backfill::is_done(const S3Pointer& object) const {
  return object.bucket == options_.bucket && marks_.contains(object.bucket, object.key);
}

void Backfill::ended(const S3Pointer& object, ObjectEnd::Kind end, bool was_offered) {
  const std::int64_t day = day_number(read_key(object.key).day);
  // What is gone or damaged would be no better in the next pass; an alert was raised.
  const bool is_done =
      end == ObjectEnd::Kind::committed ||
      (was_offered && (end == ObjectEnd::Kind::gone || end == ObjectEnd::Kind::damaged));
  const bool is_ours = object.bucket == options_.bucket && day >= 0;
  if (is_done && is_ours && !marks_.add(object.bucket, object.key, day)) {
    log::warning("more objects than can be remembered: some of them are read again",
                 {{"source", source_}});
  }
  if (!was_offered) return;
  const MutexLock lock(mutex_);
  if (!is_done) open_days_.insert(day);
  --offered_;
  changed_.notify_all();
}

void Backfill::wait_for_offered() {
  const MutexLock lock(mutex_);
  // What waits to be read at a stop never ends.
  while (offered_ > 0 && !*stop_) changed_.wait_for(mutex_, kStopCheck);
}

}  // namespace tocsin::source
