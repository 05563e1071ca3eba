#include "source/http_ingest.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "event/byte_source.h"
#include "event/gzip.h"
#include "source/firehose.h"
#include "source/sender.h"
#include "source/sns_message.h"
#include "source/sns_verifier.h"
#include "source/task_queue.h"

namespace tocsin::source {
namespace {

// Messages that wait for their signature to be checked, and deliveries that wait to be inflated.
constexpr std::size_t kWaitingMessages = 64;
constexpr std::size_t kWaitingDeliveries = 16;
// Messages that wait until something was fetched from SNS, in a queue of their own: those whose
// certificate is known do not wait for them.
constexpr std::size_t kWaitingFetches = 16;
// A delivery up to this size is looked at by the server's thread: that takes about a millisecond.
constexpr std::size_t kQuickBytes = std::size_t{4} << 20;

int status_of(Code code) {
  switch (code) {
    case Code::invalid_input:
      return 400;
    case Code::refused:
      return 403;
    case Code::limit:
      return 413;
    case Code::busy:
    case Code::io:
    case Code::not_found:
    case Code::unsupported:
      break;
  }
  return 503;
}

bool is_known_encoding(std::string_view encoding) {
  const std::string folded = text::folded(text::trim(encoding));
  return folded.empty() || folded == "identity" || folded == "gzip" || folded == "x-gzip";
}

}  // namespace

struct HttpIngest::Impl {
  // What an answer needs; it may come when the HttpIngest is gone.
  struct Context {
    const Clock& clock;
    std::function<void(std::string_view, int)> on_answer;

    void count(Sender sender, int status) const {
      if (on_answer) on_answer(name_of(sender), status);
    }
  };

  // One request that still has to be answered.
  struct Open {
    Open(Caller who, net::Responder to, std::shared_ptr<const Context> with)
        : caller(std::move(who)), responder(std::move(to)), context(std::move(with)) {}

    void send(net::ServerReply reply) {
      context->count(caller.sender, reply.status);
      responder.send(std::move(reply));
    }
    void fail(int status, std::string_view message) {
      send(failure(caller, status, message, context->clock.wall_ms()));
    }
    void receive(const Receipt& receipt) {
      if (!receipt.status && receipt.status.error().code != Code::busy) {
        log::error("events could not be taken", {{"sender", name_of(caller.sender)},
                                                 {"reason", receipt.status.error().message}});
      }
      send(answer(caller, receipt, context->clock.wall_ms()));
    }

    Caller caller;
    net::Responder responder;
    std::shared_ptr<const Context> context;
    std::string body;
    std::string peer, topic;  // of SNS: as the head says
  };
  using OpenPtr = std::shared_ptr<Open>;

  Impl(IngestOptions given, Intake& to, const Clock& time)
      : options(std::move(given)),
        intake(to),
        clock(time),
        context(std::make_shared<const Context>(Context{time, options.on_answer})),
        verifier(options.sns, time, stopping) {}

  ~Impl() { stopping = true; }  // a fetch ends soon, and then the queues

  void submit(const OpenPtr& open, std::string bytes) {
    Submission submission;
    submission.source = options.name;
    submission.bytes = std::move(bytes);
    submission.received_ms = clock.wall_ms();
    intake.submit(std::move(submission),
                  [open](const Receipt& receipt) { open->receive(receipt); });
  }

  void firehose(const OpenPtr& open);
  void inflate(const OpenPtr& open);
  void sns(const OpenPtr& open);
  void sns_read(const OpenPtr& open);
  void sns_verify(const OpenPtr& open, SnsMessage message);
  void sns_fail(const OpenPtr& open, const Error& error) const;
  void sns_accepted(const OpenPtr& open, SnsMessage message);
  void sns_refused(const std::string& topic, const std::string& peer, const Error& error) const;

  std::optional<net::ServerReply> refusal(const net::HttpHead& head, const Caller& caller) const;

  IngestOptions options;
  Intake& intake;
  const Clock& clock;
  std::shared_ptr<const Context> context;
  std::atomic<bool> stopping = false;
  SnsVerifier verifier;
  TaskQueue fetching{kWaitingFetches};
  TaskQueue verifying{kWaitingMessages};  // posts to fetching
  TaskQueue inflating{kWaitingDeliveries};
};

std::optional<net::ServerReply> HttpIngest::Impl::refusal(const net::HttpHead& head,
                                                          const Caller& caller) const {
  const std::int64_t now = clock.wall_ms();
  if (head.method != "POST") {
    auto reply = failure(caller, 405, "events are sent with POST", now);
    reply.headers.emplace_back("Allow", "POST");
    return reply;
  }
  if (!is_known_encoding(head.header("content-encoding"))) {
    auto reply = failure(caller, 415, "Content-Encoding must be gzip, or there must be none", now);
    reply.headers.emplace_back("Accept-Encoding", "gzip");
    return reply;
  }
  if (caller.sender == Sender::firehose) {
    if (const Status spoken = check_firehose_head(head); !spoken) {
      return failure(caller, 400, spoken.error().message, now);
    }
  }
  if (caller.sender == Sender::sns) {
    const std::string topic(head.header("x-amz-sns-topic-arn"));
    const auto& topics = options.sns.topics;
    const bool known =
        topic.empty() || std::find(topics.begin(), topics.end(), topic) != topics.end();
    if (topics.empty() || !known) {
      const Error error{Code::refused, topics.empty()
                                           ? "no SNS topics are configured"
                                           : "this SNS topic is not in the list of those accepted"};
      sns_refused(topic, head.peer, error);
      return failure(caller, 403, error.message, now);
    }
  }
  return std::nullopt;
}

void HttpIngest::Impl::firehose(const OpenPtr& open) {
  if (event::is_gzip(open->body) || open->body.size() > kQuickBytes) {
    if (!inflating.post([this, open] { inflate(open); })) open->fail(503, "busy; try again later");
    return;
  }
  if (const Status checked = check_firehose_body(open->body, open->caller.request_id); !checked) {
    return open->fail(400, checked.error().message);
  }
  submit(open, std::move(open->body));
}

void HttpIngest::Impl::inflate(const OpenPtr& open) {
  if (event::is_gzip(open->body)) {
    std::string plain;
    const auto source = event::decompress(event::memory_source(open->body));
    const Status inflated = event::read_all(*source, options.firehose_body_bytes, plain);
    if (!inflated) {
      return open->fail(inflated.error().code == Code::limit ? 413 : 400, inflated.error().message);
    }
    open->body = std::move(plain);
  }
  if (const Status checked = check_firehose_body(open->body, open->caller.request_id); !checked) {
    return open->fail(400, checked.error().message);
  }
  submit(open, std::move(open->body));
}

void HttpIngest::Impl::sns(const OpenPtr& open) {
  if (!verifying.post([this, open] { sns_read(open); })) open->fail(503, "busy; try again later");
}

// What needs no request is done at once; the rest waits in a queue of its own.
void HttpIngest::Impl::sns_read(const OpenPtr& open) {
  Result<SnsMessage> message = verifier.read(open->body);
  if (!message) return sns_fail(open, message.error());
  const bool is_known = verifier.is_known(*message);
  if (is_known && message->type != SnsMessage::Type::confirmation) {
    return sns_verify(open, std::move(*message));
  }
  if (!is_known && !verifier.may_fetch(open->peer)) {
    return sns_fail(open, {Code::busy, "too many signing certificates were asked for"});
  }
  const auto task = [this, open, held = std::move(*message)] { sns_verify(open, held); };
  if (!fetching.post(task)) open->fail(503, "busy; try again later");
}

void HttpIngest::Impl::sns_verify(const OpenPtr& open, SnsMessage message) {
  if (const Status verified = verifier.verify(message); !verified) {
    return sns_fail(open, verified.error());
  }
  sns_accepted(open, std::move(message));
}

void HttpIngest::Impl::sns_fail(const OpenPtr& open, const Error& error) const {
  sns_refused(open->topic, open->peer, error);
  open->fail(status_of(error.code), error.message);
}

void HttpIngest::Impl::sns_accepted(const OpenPtr& open, SnsMessage message) {
  const std::int64_t now = clock.wall_ms();
  switch (message.type) {
    case SnsMessage::Type::notification:
      // What was signed, and not the text around it, which another reader might see differently.
      return submit(open, std::move(message.message));
    case SnsMessage::Type::confirmation:
      if (const Status confirmed = verifier.confirm(message); !confirmed) {
        sns_refused(message.topic_arn, open->peer, confirmed.error());
        return open->fail(503, "the subscription could not be confirmed");
      }
      log::info("SNS subscription confirmed", {{"topic", message.topic_arn}});
      break;
    case SnsMessage::Type::unsubscribed:
      log::warning("an SNS subscription has ended: its events do not arrive any more",
                   {{"topic", message.topic_arn}});
      break;
  }
  open->send(acknowledged(open->caller, now));
}

void HttpIngest::Impl::sns_refused(const std::string& topic, const std::string& peer,
                                   const Error& error) const {
  log::warning("SNS message not accepted",
               {{"reason", error.message}, {"topic", topic}, {"peer", peer}});
}

HttpIngest::HttpIngest(IngestOptions options, Intake& intake, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), intake, clock)) {}
HttpIngest::~HttpIngest() = default;

std::string HttpIngest::token_of(const net::HttpHead& head) {
  const std::string_view firehose = head.header("x-amz-firehose-access-key");
  return std::string(firehose.empty() ? head.header("x-api-key") : firehose);
}

bool HttpIngest::is_sns(const net::HttpHead& head) {
  return caller_of(head).sender == Sender::sns;
}

net::Admission HttpIngest::admit(const net::HttpHead& head) const {
  const Caller caller = caller_of(head);
  net::Admission admission;
  admission.refusal = impl_->refusal(head, caller);
  if (admission.refusal) {
    impl_->context->count(caller.sender, admission.refusal->status);
    return admission;
  }
  const IngestOptions& options = impl_->options;
  admission.body_limit = caller.sender == Sender::firehose ? options.firehose_body_bytes
                         : caller.sender == Sender::sns
                             ? std::min(kSnsBodyBytes, options.body_bytes)
                             : options.body_bytes;
  admission.too_large = failure(caller, 413, "the body is too large", impl_->clock.wall_ms());
  return admission;
}

net::ServerReply HttpIngest::unauthorized(const net::HttpHead& head) const {
  const Caller caller = caller_of(head);
  auto reply =
      failure(caller, 401, "the access key or token is missing or wrong", impl_->clock.wall_ms());
  // SNS sends the user and password of its endpoint's URL only when it is asked for them.
  reply.headers.emplace_back(
      "WWW-Authenticate", is_raw_sns(head) ? "Basic realm=\"tocsin\"" : "Bearer realm=\"tocsin\"");
  impl_->context->count(caller.sender, 401);
  return reply;
}

void HttpIngest::handle(net::ServerRequest request, net::Responder responder) {
  const auto open =
      std::make_shared<Impl::Open>(caller_of(request.head), std::move(responder), impl_->context);
  if (request.body.empty()) return open->fail(400, "the body is empty");
  switch (open->caller.sender) {
    case Sender::firehose:
      open->body = std::move(request.body);
      return impl_->firehose(open);
    case Sender::sns:
      open->body = std::move(request.body);
      open->topic = request.head.header("x-amz-sns-topic-arn");
      open->peer = std::move(request.head.peer);
      return impl_->sns(open);
    case Sender::native:
    case Sender::cloud_events:
    case Sender::event_bridge:
      break;
  }
  impl_->submit(open, std::move(request.body));
}

}  // namespace tocsin::source
