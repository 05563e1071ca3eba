// S3Object: reading an object over as many connections as it takes.
#include <fmt/format.h>

#include <charconv>

#include "aws/s3.h"

namespace tocsin::aws {
namespace {

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

ObjectInfo info_of(const net::HttpAnswer& head) {
  constexpr std::string_view kMeta = "x-amz-meta-";
  ObjectInfo info;
  info.size = decimal(head.header("content-length"));
  info.etag = head.header("etag");
  info.last_modified = head.header("last-modified");
  info.version = head.header("x-amz-version-id");
  for (const auto& [key, value] : head.headers) {
    if (key.starts_with(kMeta)) info.metadata.emplace(key.substr(kMeta.size()), value);
  }
  return info;
}

}  // namespace

S3Object::S3Object(Session& session, Call call, Transport::Answer answer,
                   const std::atomic<bool>& stop)
    : session_(session), call_(std::move(call)), stop_(stop), info_(info_of(answer.head)) {
  answer_.emplace(std::move(answer));
}

Result<std::size_t> S3Object::fail_with(Failure failure) {
  answer_.reset();
  failure_ = std::move(failure);
  return tl::unexpected(to_error(*failure_));
}

// Asks for the rest of the object. False: failure_ says why there is none.
bool S3Object::resume() {
  answer_.reset();
  Call call = call_;
  if (consumed_ > 0) {
    call.headers.emplace_back("Range", fmt::format("bytes={}-", consumed_));
    if (!info_.etag.empty()) call.headers.emplace_back("If-Match", info_.etag);
  }
  Outcome<Transport::Answer> answer = session_.open_answer(call, stop_);
  if (!answer) {
    failure_ = std::move(answer.error());
    return false;
  }
  const net::HttpAnswer& head = answer->head;
  const bool is_rest =
      consumed_ == 0
          ? head.status == 200
          : head.status == 206 &&
                head.header("content-range").starts_with(fmt::format("bytes {}-", consumed_));
  if (!is_rest || head.header("etag") != info_.etag) {
    failure_ = Failure{Kind::changed,
                       false,
                       head.status,
                       {},
                       fmt::format("{} cannot be read on from byte {}: the server does not answer "
                                   "with the rest of it",
                                   call.resource, consumed_)};
    return false;
  }
  answer_.emplace(std::move(*answer));
  return true;
}

bool S3Object::would_block(int milliseconds) const {
  return answer_ && !stop_.load(std::memory_order_relaxed) &&
         !answer_->lease->wait(milliseconds, stop_);
}

Result<std::size_t> S3Object::read(char* out, std::size_t size) {
  if (failure_) return tl::unexpected(to_error(*failure_));
  for (;;) {
    const Result<std::size_t> got = answer_->lease->read(out, size, stop_);
    if (got) {
      if (*got > 0) resumes_ = 0;
      consumed_ += *got;
      return *got;
    }
    const bool is_stopped = stop_.load(std::memory_order_relaxed);
    if (is_stopped || ++resumes_ > kResumes) {
      return fail_with({is_stopped ? Kind::stopped : Kind::transport,
                        !is_stopped,
                        0,
                        {},
                        fmt::format("{} broke off after {} bytes: {}", call_.resource, consumed_,
                                    got.error().message)});
    }
    const std::int64_t wait =
        resumes_ == 1 ? 0 : backoff_ms(resumes_, Kind::transport, random_fraction());
    wait_ms(wait, stop_);
    if (!resume()) return fail_with(*failure_);
  }
}

}  // namespace tocsin::aws
