#include "net/http_session.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.h"

namespace tocsin::net {

// The way of an answer back to its connection. Shares the lease of the body: a service that holds
// on to a body after its deadline still has it counted.
class HttpSession::Ticket : public Responder::Target {
 public:
  Ticket(std::shared_ptr<Worker> worker, std::shared_ptr<HttpSession> session)
      : worker_(std::move(worker)),
        session_(std::move(session)),
        lease_(session_->lease_),
        request_(session_->request_) {}

  void reply(ServerReply answer) override {
    try {
      boost::asio::post(worker_->io, [session = std::move(session_), request = request_,
                                      answer = std::move(answer)]() mutable {
        session->on_answer(request, std::move(answer));
      });
    } catch (const std::exception&) {
      // No memory to say so: the deadline of the request answers for us.
    }
  }

 private:
  std::shared_ptr<Worker> worker_;  // goes last: the session needs its io_context
  std::shared_ptr<HttpSession> session_;
  std::shared_ptr<BodyBudget::Lease> lease_;
  std::uint64_t request_;
};

HttpSession::HttpSession(Worker& worker, Transport::Socket socket, SSL* tls,
                         ConnectionTable::Slot* slot, std::string peer)
    : worker_(worker),
      state_(*worker.state),
      transport_(std::move(socket), tls),
      slot_(slot),
      peer_(std::move(peer)),
      timer_(worker.io) {}

HttpSession::~HttpSession() {
  close();
}

void HttpSession::start() {
  if (!transport_.has_tls()) return wait_for_request();
  set_deadline(options().header_timeout_ms);
  transport_.handshake(then(&HttpSession::on_handshake));
}

void HttpSession::on_handshake(error_code error, std::size_t) {
  if (error) return close();
  if (!options().tls.client_ca_file.empty() &&
      SSL_get_verify_result(transport_.tls()) == X509_V_OK) {
    client_ = common_name(SSL_get0_peer_certificate(transport_.tls()));
  }
  wait_for_request();
}

void HttpSession::wait_for_request() {
  if (state_.draining.load(std::memory_order_relaxed)) return linger();
  inbox_.release();
  phase_ = Phase::idle;
  set_deadline(options().idle_timeout_ms);
  state_.connections.set_idle(slot_);
  // Not into the inbox: ten thousand connections that wait need no block each.
  transport_.read_some(boost::asio::buffer(first_bytes_), then(&HttpSession::on_first_bytes));
}

void HttpSession::on_first_bytes(error_code error, std::size_t bytes) {
  if (error || !state_.connections.set_busy(slot_)) return close();
  inbox_.append({first_bytes_.data(), bytes}, options().header_bytes);
  begin_head();
}

void HttpSession::begin_head() {
  phase_ = Phase::head;
  scanner_ = {};
  head_ = {};
  head_only_ = false;
  began_ = Clock::now();
  read_head();
}

void HttpSession::on_head_bytes(error_code error, std::size_t bytes) {
  if (failed(error)) return;
  inbox_.added(bytes);
  read_head();
}

void HttpSession::read_head() {
  const std::string_view unread = inbox_.unread();
  switch (scanner_.scan(unread)) {
    case HeadScanner::State::complete:
      return read_request(unread.substr(0, scanner_.size()));
    case HeadScanner::State::bad:
      return refuse({400, "this is not HTTP, or a line does not end with CR LF"});
    case HeadScanner::State::more:
      break;
  }
  if (unread.size() >= options().header_bytes) {
    return refuse({431, "the head of the request is too large"});
  }
  set_deadline(began_ + std::chrono::milliseconds(options().header_timeout_ms));
  const auto room = inbox_.room(options().header_bytes);
  transport_.read_some(boost::asio::buffer(room.data(), room.size()),
                       then(&HttpSession::on_head_bytes));
}

void HttpSession::read_request(std::string_view raw) {
  auto guarded = guard_head(raw, {options().header_bytes, options().headers});
  if (!guarded) return refuse(guarded.error());
  received_ = Clock::now();
  head_ = std::move(*guarded);
  head_.head.peer = peer_;
  head_.head.client = client_;
  head_only_ = head_.head.method == "HEAD";

  Admission admission;
  try {
    admission = state_.service.admit(head_.head);
  } catch (const std::exception& problem) {
    log::error("The service failed to admit a request", {{"problem", problem.what()}});
    return reply(error_reply(500, "internal error"), true);
  }
  if (admission.refusal) return reply(std::move(*admission.refusal), true);

  if (head_.framing == Framing::chunked) {
    chunks_ = std::make_unique<ChunkedBody>(admission.body_limit);
    if (!chunks_->begin(raw)) return refuse({400, "the head of the request is ambiguous"});
  }
  inbox_.consume(raw.size());
  if (head_.framing == Framing::none ||
      (head_.framing == Framing::length && head_.content_length == 0)) {
    return handle();
  }
  begin_body(admission);
}

void HttpSession::handle() {
  phase_ = Phase::handling;
  set_deadline(options().handle_timeout_ms);
  ServerRequest request{std::move(head_.head), std::move(body_), received_};
  body_.clear();
  chunks_.reset();
  const auto ticket = std::make_shared<Ticket>(worker_.shared_from_this(), shared_from_this());
  try {
    state_.service.handle(std::move(request), Responder(ticket));
  } catch (const std::exception& problem) {
    // The responder has answered 503 on its way out, unless it has been used before.
    log::error("The service failed to handle a request", {{"problem", problem.what()}});
  }
}

void HttpSession::on_answer(std::uint64_t request, ServerReply answer) {
  if (request != request_ || phase_ != Phase::handling) return;  // too late
  const bool close = answer.close;
  reply(std::move(answer), close);
}

}  // namespace tocsin::net
