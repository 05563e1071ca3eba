// Bodies: admitted first, then reserved in the budget, then read. A body of known size is received
// straight into the string that the service gets.
#include <algorithm>
#include <new>
#include <utility>

#include "net/http_session.h"

namespace tocsin::net {
namespace {

// A read offers the kernel at least so much room, or what is missing. The string grows in such
// steps because it fills what it grows by with zeros: these are still in the cache when the bytes
// come, which a pass over a whole large body would not be.
constexpr std::size_t kReadBytes = std::size_t{512} << 10;
constexpr std::size_t kLeastReadBytes = std::size_t{256} << 10;
// Chunks are received here and decoded from here.
constexpr std::size_t kChunkBlockBytes = std::size_t{128} << 10;

}  // namespace

void HttpSession::begin_body(const Admission& admission) {
  phase_ = Phase::body;
  body_limit_ = admission.body_limit;
  too_large_ = admission.too_large ? *admission.too_large
                                   : error_reply(413, "the body is larger than allowed here");
  lease_ = std::make_shared<BodyBudget::Lease>(state_.budget);
  leased_ = 0;
  filled_ = 0;
  if (head_.framing == Framing::length) {
    if (head_.content_length > body_limit_ || head_.content_length > state_.budget.size()) {
      return reply(std::move(too_large_), true);
    }
    const auto size = static_cast<std::size_t>(head_.content_length);
    if (!lease_->grow_to(size)) return reply(busy_reply("too many bodies at once"), true);
    try {
      body_.reserve(size);
    } catch (const std::bad_alloc&) {
      return reply(busy_reply("no memory for the body"), true);
    }
  } else if (!make_room_for_chunks()) {
    return;
  }
  set_deadline(received_ + std::chrono::milliseconds(options().body_timeout_ms));
  if (head_.expects_continue && inbox_.unread().empty()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    return transport_.write({boost::asio::buffer(kContinue), {}}, then(&HttpSession::on_continued));
  }
  read_body();
}

void HttpSession::on_continued(error_code error, std::size_t) {
  if (!failed(error)) read_body();
}

void HttpSession::read_body() {
  if (head_.framing == Framing::chunked) return read_chunks();
  const std::string_view unread = inbox_.unread();
  const std::size_t here = std::min(unread.size(), static_cast<std::size_t>(head_.content_length));
  body_.append(unread.substr(0, here));
  filled_ = here;
  inbox_.consume(here);
  inbox_.release();
  read_sized_body();
}

void HttpSession::read_sized_body() {
  const auto size = static_cast<std::size_t>(head_.content_length);
  if (filled_ == size) return handle();
  if (body_.size() - filled_ < kLeastReadBytes) body_.resize(std::min(size, filled_ + kReadBytes));
  transport_.read_some(boost::asio::buffer(body_.data() + filled_, body_.size() - filled_),
                       then(&HttpSession::on_sized_body));
}

void HttpSession::on_sized_body(error_code error, std::size_t bytes) {
  if (failed(error)) return;
  filled_ += bytes;
  read_sized_body();
}

// The string has room for all that may be decoded from the next block, and the budget knows.
bool HttpSession::make_room_for_chunks() {
  const std::size_t next = chunks_->body().size() + kChunkBlockBytes;
  if (next <= leased_ || leased_ >= body_limit_) return true;
  const std::size_t wanted = std::min(std::max(next, leased_ * 2), body_limit_);
  if (wanted > state_.budget.size()) {
    reply(std::move(too_large_), true);
    return false;
  }
  if (!lease_->grow_to(wanted)) {
    reply(busy_reply("too many bodies at once"), true);
    return false;
  }
  leased_ = wanted;
  try {
    chunks_->body().reserve(wanted);
  } catch (const std::bad_alloc&) {
    reply(busy_reply("no memory for the body"), true);
    return false;
  }
  return true;
}

void HttpSession::read_chunks() {
  const ChunkedBody::Fed fed = chunks_->feed(inbox_.unread());
  inbox_.consume(fed.used);
  switch (fed.state) {
    case ChunkedBody::State::malformed:
      return refuse({400, "the chunks of the body are malformed"});
    case ChunkedBody::State::too_large:
      return reply(std::move(too_large_), true);
    case ChunkedBody::State::complete:
      body_ = std::move(chunks_->body());
      return handle();
    case ChunkedBody::State::more:
      break;
  }
  if (!make_room_for_chunks()) return;
  const auto room = inbox_.room(kChunkBlockBytes);
  transport_.read_some(boost::asio::buffer(room.data(), room.size()),
                       then(&HttpSession::on_chunk_bytes));
}

void HttpSession::on_chunk_bytes(error_code error, std::size_t bytes) {
  if (failed(error)) return;
  inbox_.added(bytes);
  read_chunks();
}

}  // namespace tocsin::net
