// Any head and body as a request: it is refused, or answered exactly once, in the form that its
// sender reads; and what is submitted came from the request.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "source/http_ingest.h"
#include "source/sns_message.h"

namespace {

using namespace tocsin;

void require(bool holds) {
  if (!holds) std::abort();
}

class Fake final : public source::Intake {
 public:
  void submit(source::Submission submission, source::AckToken token) override {
    submitted = std::move(submission.bytes);
    source::Receipt receipt;
    receipt.accepted = submitted.size() % 3;
    receipt.rejected = submitted.size() % 2;
    if (receipt.rejected != 0) receipt.errors.push_back({1, 1, submitted});
    if (submitted.size() % 7 == 6) receipt.status = fail(Code::busy, "");
    token.answer(std::move(receipt));
  }
  void set_aside(source::Submission, std::string, source::AckToken) override {}
  source::Receipt submit_and_wait(source::Submission, std::stop_token) override { return {}; }
  Result<source::Reading> resume(const std::string&) override { return source::Reading(); }

  std::string submitted;
};

class Client final : public net::Responder::Target {
 public:
  void reply(net::ServerReply reply) override {
    require(++replies == 1);
    answer = std::move(reply);
  }
  int replies = 0;
  net::ServerReply answer;
};

// Far from the seeds' time: no message is fresh, so that no certificate is asked for.
class Later final : public Clock {
 public:
  std::int64_t wall_ms() const override { return 4'000'000'000'000; }
  std::int64_t steady_ms() const override { return 0; }
};

// Lines "name: value" up to an empty one; then the body.
net::ServerRequest request_of(std::string_view text) {
  net::ServerRequest out;
  out.head.method = "POST";
  out.head.path = "/v1/events";
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) continue;
    out.head.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  out.body = text;
  return out;
}

}  // namespace

namespace {

void check_urls(std::string_view url) {
  const std::string_view host = "https://sns.";
  if (source::check_certificate_url(url, "")) {
    require(url.starts_with(host) && url.ends_with(".pem") && url.find('@') == url.npos);
    const std::string_view rest = url.substr(url.find('/', host.size()) + 1);
    require(url.substr(0, url.size() - rest.size()).find(".amazonaws.com") != url.npos);
  }
  if (source::check_subscribe_url(url, "")) require(url.starts_with(host));
  if (const auto message = source::parse_sns(url)) {
    require(message->signed_text().starts_with("Message\n"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  net::ServerRequest request = request_of({reinterpret_cast<const char*>(data), size});
  check_urls(request.body);
  const net::HttpHead head = request.head;
  const auto client = std::make_shared<Client>();
  Fake intake;
  {
    source::IngestOptions options;
    options.firehose_body_bytes = 100'000;
    options.sns.topics = {"arn:aws:sns:us-east-1:123456789012:audit"};
    const Later clock;
    source::HttpIngest ingest(options, intake, clock);
    source::HttpIngest::token_of(head);
    ingest.unauthorized(head);
    const net::Admission admission = ingest.admit(head);
    if (admission.refusal) {
      require(admission.refusal->status >= 400);
      return 0;
    }
    if (request.body.size() > admission.body_limit) return 0;
    ingest.handle(std::move(request), net::Responder(client));
  }
  // What the threads had no time for is answered when the ingest goes.
  require(client->replies == 1);
  const net::ServerReply& answer = client->answer;
  require(answer.status == 503 || answer.body.starts_with('{'));
  if (source::HttpIngest::is_sns(head)) {
    require(answer.status != 200 && intake.submitted.empty());  // nobody can sign here
  }
  if (answer.status < 300) require(answer.status == 200 || answer.status == 202);
  return 0;
}
