// HttpSession: one connection of the server, from its handshake to its end. A state machine whose
// steps run one at a time in the thread of its Worker; only Ticket and close_if_idle() come from
// elsewhere, and post.
//
//   handshake → idle → head → (body) → handling → writing → idle …  → lingering → closed
//
// Each phase has one deadline, set when it begins: a peer that sends a byte now and then gains
// nothing. Requests that arrive together are handled one after the other, and while one is handled
// nothing is read.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_chunked.h"
#include "net/http_guard.h"
#include "net/http_reply.h"
#include "net/inbox.h"
#include "net/server_state.h"
#include "net/transport.h"

namespace tocsin::net {

class HttpSession : public Connection, public std::enable_shared_from_this<HttpSession> {
 public:
  using error_code = boost::system::error_code;
  using Clock = std::chrono::steady_clock;

  // `slot` is in the state's table, and leaves it with the session.
  HttpSession(Worker& worker, Transport::Socket socket, SSL* tls, ConnectionTable::Slot* slot,
              std::string peer);
  ~HttpSession() override;

  void start();
  void close_if_idle() override;
  void close_now() override { close(); }

 private:
  class Ticket;
  friend class Ticket;
  struct Step;
  enum class Phase : std::uint8_t {
    handshake,
    idle,
    head,
    body,
    handling,
    writing,
    lingering,
    closed,
  };
  using Next = void (HttpSession::*)(error_code, std::size_t);

  // http_session.cc: from the first byte to the service
  void on_handshake(error_code error, std::size_t);
  void wait_for_request();
  void on_first_bytes(error_code error, std::size_t bytes);
  void on_head_bytes(error_code error, std::size_t bytes);
  void begin_head();
  void read_head();
  void read_request(std::string_view raw);
  void handle();
  void on_answer(std::uint64_t request, ServerReply reply);

  // http_session_body.cc
  void begin_body(const Admission& admission);
  void on_continued(error_code error, std::size_t);
  void read_body();
  void read_sized_body();
  void on_sized_body(error_code error, std::size_t bytes);
  void read_chunks();
  void on_chunk_bytes(error_code error, std::size_t bytes);
  bool make_room_for_chunks();

  // http_session_io.cc: steps, deadlines, answers, the end
  Step then(Next next);
  void run(Next next, error_code error, std::size_t bytes) noexcept;
  void set_deadline(Clock::time_point when);
  void set_deadline(std::int64_t ms) { set_deadline(Clock::now() + std::chrono::milliseconds(ms)); }
  void on_timer();
  void on_deadline();
  // Whether a read failed, or was ended by the deadline; the connection is then taken care of.
  bool failed(error_code error);
  void refuse(const Refusal& refusal);
  void reply(ServerReply reply, bool close);
  void on_written(error_code error, std::size_t);
  void linger();
  void on_tls_closed(error_code, std::size_t);
  void on_leftover(error_code error, std::size_t);
  void close();

  const ServerOptions& options() const { return state_.options; }

  Worker& worker_;
  ServerState& state_;
  Transport transport_;
  ConnectionTable::Slot* slot_;
  const std::string peer_;
  std::string client_;

  Phase phase_ = Phase::handshake;
  bool expired_ = false;  // the deadline has cancelled the read that is under way
  boost::asio::steady_timer timer_;
  Clock::time_point deadline_;
  Clock::time_point timer_until_;  // not after deadline_; the timer is set again when it fires
  bool timer_runs_ = false;

  std::array<char, 1024> first_bytes_;
  Inbox inbox_;
  HeadScanner scanner_;
  Clock::time_point began_;  // first byte of the request

  std::uint64_t request_ = 0;  // counts requests; an answer to an earlier one is late
  RequestHead head_;
  Clock::time_point received_;
  std::size_t body_limit_ = 0;
  ServerReply too_large_;
  std::string body_;
  std::size_t filled_ = 0;  // of body_
  std::unique_ptr<ChunkedBody> chunks_;
  std::shared_ptr<BodyBudget::Lease> lease_;
  std::size_t leased_ = 0;

  ServerReply reply_;
  std::string reply_head_;
  bool close_after_ = false;
  bool head_only_ = false;  // HEAD: the answer has no body
};

// What to do when an operation has ended. Keeps the session alive until then.
struct HttpSession::Step {
  std::shared_ptr<HttpSession> self;
  Next next;
  void operator()(error_code error, std::size_t bytes = 0) const { self->run(next, error, bytes); }
};

inline HttpSession::Step HttpSession::then(Next next) {
  return {shared_from_this(), next};
}

}  // namespace tocsin::net
