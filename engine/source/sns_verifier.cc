#include "source/sns_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/crypto.h"

namespace tocsin::source {
namespace {

// SNS changes its certificates once in a while, and has one per region.
constexpr std::size_t kCertificates = 16;
// A sender who only knows a topic's name must not be able to keep us asking.
constexpr unsigned kFetchesPerMinute = 20;
// SNS waits 15 s for the answer to its message.
constexpr std::int64_t kFetchTimeoutMs = 5'000;
constexpr std::int64_t kConnectTimeoutMs = 3'000;

}  // namespace

SnsVerifier::SnsVerifier(const IngestOptions::Sns& options, const Clock& clock,
                         const std::atomic<bool>& stop)
    : options_(options), clock_(clock), stop_(stop) {}
SnsVerifier::~SnsVerifier() = default;

Result<SnsMessage> SnsVerifier::verify(std::string_view body) {
  auto message = parse_sns(body);
  if (!message) return message;
  const auto& topics = options_.topics;
  if (std::find(topics.begin(), topics.end(), message->topic_arn) == topics.end()) {
    return fail(Code::refused, "this SNS topic is not in the list of those accepted");
  }
  if (message->signature_version < options_.least_signature_version) {
    return fail(Code::refused,
                fmt::format("SignatureVersion {} is not accepted; set it to {} for "
                            "the topic",
                            message->signature_version, options_.least_signature_version));
  }
  if (Status fresh = check_sns_time(*message, clock_.wall_ms()); !fresh) {
    return tl::unexpected<Error>(fresh.error());
  }
  Status place = check_certificate_url(message->certificate_url, options_.certificate_host);
  if (place && message->type == SnsMessage::Type::confirmation) {
    place = check_subscribe_url(*message->subscribe_url, options_.certificate_host);
  }
  if (!place) return tl::unexpected<Error>(place.error());
  if (Status signature = check_signature(*message); !signature) {
    return tl::unexpected<Error>(signature.error());
  }
  return message;
}

Status SnsVerifier::check_signature(const SnsMessage& message) {
  const std::string& url = message.certificate_url;
  auto found = std::find_if(certificates_.begin(), certificates_.end(),
                            [&](const Certificate& known) { return known.url == url; });
  if (found == certificates_.end()) {
    auto pem = fetch(url);
    if (!pem) return tl::unexpected<Error>(pem.error());
    if (certificates_.size() == kCertificates) {
      certificates_.erase(std::min_element(
          certificates_.begin(), certificates_.end(), [](const auto& a, const auto& b) {
            return std::pair(a.proven, a.used) < std::pair(b.proven, b.used);
          }));
    }
    certificates_.push_back({url, std::move(*pem), false, 0});
    found = std::prev(certificates_.end());
  }
  found->used = ++use_;
  const Status verified =
      net::verify_rsa(found->pem, message.hash(), message.signed_text(), message.signature,
                      options_.ca_file, clock_.wall_ms() / 1000);
  if (!verified) {
    return fail(Code::refused,
                fmt::format("the SNS message's signature: {}", verified.error().message));
  }
  found->proven = true;
  return {};
}

Result<std::string> SnsVerifier::fetch(const std::string& url) {
  if (!may_fetch()) return fail(Code::busy, "too many signing certificates were asked for");
  net::HttpRequest request;
  request.method = "GET";
  request.url = Secret(url);
  auto answer = client().send(request, stop_);
  if (!answer) {
    log::warning("the certificate of an SNS message could not be fetched",
                 {{"url", url}, {"reason", answer.error().message}});
    return fail(Code::busy, "the signing certificate could not be fetched");
  }
  if (answer->status >= 500 || answer->status == 429) {
    return fail(Code::busy, "the signing certificate could not be fetched");
  }
  if (answer->status != 200 || answer->body_cut) {
    return fail(Code::refused, "there is no signing certificate at SigningCertURL");
  }
  return std::move(answer->body);
}

bool SnsVerifier::may_fetch() {
  const std::int64_t now = clock_.steady_ms();
  if (fetches_ == 0 || now - fetches_since_ms_ >= 60'000) {
    fetches_since_ms_ = now;
    fetches_ = 0;
  }
  return fetches_++ < kFetchesPerMinute;
}

net::HttpClient& SnsVerifier::client() {
  if (client_ == nullptr) {
    net::ClientOptions options;
    options.egress = options_.egress;
    options.timeout_ms = kFetchTimeoutMs;
    options.connect_timeout_ms = kConnectTimeoutMs;
    options.ca_file = options_.ca_file;
    client_ = std::make_unique<net::HttpClient>(std::move(options));
  }
  return *client_;
}

Status SnsVerifier::confirm(const SnsMessage& message) {
  net::HttpRequest request;
  request.method = "GET";
  request.url = Secret(*message.subscribe_url);
  auto answer = client().send(request, stop_);
  if (!answer) {
    return fail(Code::busy,
                fmt::format("the subscription could not be confirmed: {}", answer.error().message));
  }
  if (answer->status != 200) {
    return fail(Code::busy, fmt::format("the subscription could not be confirmed: SNS answered {}",
                                        answer->status));
  }
  return {};
}

}  // namespace tocsin::source
