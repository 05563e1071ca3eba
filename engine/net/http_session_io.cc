// What every phase needs: steps that cannot throw, one lazy timer, answers, and a close that lets
// the peer read the last answer.
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/http_session.h"

namespace tocsin::net {
namespace {

// How long a peer may take to notice that it was answered and read no further. Closing at once
// would reset the connection, and the peer's kernel would throw the answer away.
constexpr std::int64_t kLingerMs = 2'000;
constexpr std::size_t kLeftoverBytes = std::size_t{64} << 10;
// An answer of up to this size is written in one piece with its head.
constexpr std::size_t kJoinedBytes = std::size_t{16} << 10;

}  // namespace

void HttpSession::run(Next next, error_code error, std::size_t bytes) noexcept {
  if (phase_ == Phase::closed) return;
  try {
    (this->*next)(error, bytes);
  } catch (const std::exception& problem) {
    log::error("A connection failed", {{"peer", peer_}, {"problem", problem.what()}});
    close();
  } catch (...) {
    close();
  }
}

// Most deadlines are later than the one before them or never met: the timer is left alone, and
// looks at the deadline when it fires.
void HttpSession::set_deadline(Clock::time_point when) {
  deadline_ = when;
  if (timer_runs_ && timer_until_ <= when) return;
  timer_until_ = when;
  timer_runs_ = true;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    if (error) return;
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void HttpSession::on_timer() {
  timer_runs_ = false;
  if (phase_ == Phase::closed) return;
  try {
    if (Clock::now() < deadline_) return set_deadline(deadline_);
    on_deadline();
  } catch (const std::exception& problem) {
    log::error("A connection failed", {{"peer", peer_}, {"problem", problem.what()}});
    close();
  }
}

void HttpSession::on_deadline() {
  if (phase_ != Phase::idle && phase_ != Phase::lingering) {
    state_.timeouts.fetch_add(1, std::memory_order_relaxed);
  }
  switch (phase_) {
    case Phase::head:
    case Phase::body: {
      expired_ = true;  // the read that is under way ends now, and failed() answers
      error_code ignored;
      transport_.socket().cancel(ignored);
      return;
    }
    case Phase::handling:
      ++request_;
      return reply(busy_reply("this took too long; nothing was promised"), true);
    default:
      return close();
  }
}

bool HttpSession::failed(error_code error) {
  if (expired_) {
    expired_ = false;
    reply(error_reply(408, "the request did not arrive in time"), true);
    return true;
  }
  if (error) close();
  return static_cast<bool>(error);
}

void HttpSession::refuse(const Refusal& refusal) {
  state_.malformed.fetch_add(1, std::memory_order_relaxed);
  log::debug("Request refused", {{"peer", peer_}, {"reason", refusal.reason}});
  reply(error_reply(refusal.status, refusal.reason), true);
}

void HttpSession::reply(ServerReply answer, bool close) {
  phase_ = Phase::writing;
  set_deadline(options().body_timeout_ms);
  close_after_ = close || !head_.keep_alive || state_.draining.load(std::memory_order_relaxed);
  reply_ = std::move(answer);
  write_reply_head(reply_,
                   close_after_     ? Goes::closed
                   : head_.http_1_0 ? Goes::on_1_0
                                    : Goes::on,
                   reply_head_);
  const bool has_body = may_have_body(reply_.status) && !head_only_;
  if (!has_body) reply_.body.clear();
  if (reply_.body.size() <= kJoinedBytes) {
    reply_head_ += reply_.body;
    reply_.body.clear();
  }
  transport_.write({boost::asio::buffer(reply_head_), boost::asio::buffer(reply_.body)},
                   then(&HttpSession::on_written));
}

void HttpSession::on_written(error_code error, std::size_t) {
  if (error) return close();
  ++request_;
  lease_.reset();
  reply_ = {};
  if (close_after_) return linger();
  if (inbox_.unread().empty()) return wait_for_request();
  begin_head();
}

void HttpSession::linger() {
  phase_ = Phase::lingering;
  set_deadline(kLingerMs);
  lease_.reset();
  chunks_.reset();
  std::string().swap(body_);
  if (transport_.has_tls()) return transport_.close_tls(then(&HttpSession::on_tls_closed));
  on_tls_closed({}, 0);
}

void HttpSession::on_tls_closed(error_code, std::size_t) {
  error_code error;
  transport_.socket().shutdown(Transport::Socket::shutdown_send, error);
  if (error) return close();
  on_leftover({}, 0);
}

void HttpSession::on_leftover(error_code error, std::size_t) {
  if (error) return close();
  inbox_.consume(inbox_.unread().size());
  const auto room = inbox_.room(kLeftoverBytes);
  transport_.socket().async_read_some(boost::asio::buffer(room.data(), room.size()),
                                      then(&HttpSession::on_leftover));
}

void HttpSession::close_if_idle() {
  boost::asio::post(worker_.io, [self = shared_from_this()] {
    if (self->phase_ == Phase::idle) self->close();
  });
}

void HttpSession::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  error_code ignored;
  timer_.cancel(ignored);
  transport_.socket().close(ignored);
  lease_.reset();
  state_.connections.remove(std::exchange(slot_, nullptr));
}

}  // namespace tocsin::net
