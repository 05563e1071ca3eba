#include "source/sns_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ip.h"
#include "base/log.h"
#include "net/crypto.h"

namespace tocsin::source {
namespace {

// SNS changes its certificates once in a while, and has one per region.
constexpr std::size_t kCertificates = 16;
// A sender who only knows a topic's name must neither keep us fetching, nor keep others from having
// an unknown certificate fetched. A region has one certificate at a time.
constexpr unsigned kFetchesPerMinute = 60;
constexpr unsigned kFetchesPerNetwork = 5;
// SNS waits 15 s for the answer to its message.
constexpr std::int64_t kFetchTimeoutMs = 5'000;
constexpr std::int64_t kConnectTimeoutMs = 3'000;

// One sender has a network of this size, rather than an address.
std::string network_of(std::string_view peer) {
  const bool is_ipv4 = peer.find(':') == peer.npos;
  const std::string text(peer);
  return corrected_cidr(text + (is_ipv4 ? "/24" : "/48")).value_or(text);
}

}  // namespace

SnsVerifier::SnsVerifier(const IngestOptions::Sns& options, const Clock& clock,
                         const std::atomic<bool>& stop)
    : options_(options), clock_(clock), stop_(stop) {}
SnsVerifier::~SnsVerifier() = default;

Result<SnsMessage> SnsVerifier::read(std::string_view body) const {
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
  return message;
}

std::optional<std::string> SnsVerifier::find(const std::string& url) const {
  const MutexLock lock(mutex_);
  for (const Certificate& known : certificates_) {
    if (known.url == url) return known.pem;
  }
  return std::nullopt;
}

bool SnsVerifier::is_known(const SnsMessage& message) const {
  return find(message.certificate_url).has_value();
}

Status SnsVerifier::verify(const SnsMessage& message) {
  std::optional<std::string> pem = find(message.certificate_url);
  if (!pem) {
    auto fetched = fetch(message.certificate_url);
    if (!fetched) return tl::unexpected<Error>(fetched.error());
    pem = std::move(*fetched);
  }
  const Status verified =
      net::verify_rsa(*pem, message.hash(), message.signed_text(), message.signature,
                      options_.ca_file, clock_.wall_ms() / 1000);
  if (!verified) {
    return fail(Code::refused,
                fmt::format("the SNS message's signature: {}", verified.error().message));
  }
  keep(message.certificate_url, std::move(*pem));
  return {};
}

// Makes room by the certificate that was used the longest ago.
void SnsVerifier::keep(const std::string& url, std::string pem) {
  const MutexLock lock(mutex_);
  auto at = std::find_if(certificates_.begin(), certificates_.end(),
                         [&](const Certificate& known) { return known.url == url; });
  if (at == certificates_.end()) {
    if (certificates_.size() == kCertificates) {
      certificates_.erase(
          std::min_element(certificates_.begin(), certificates_.end(),
                           [](const auto& a, const auto& b) { return a.used < b.used; }));
    }
    at = certificates_.insert(certificates_.end(), {url, std::move(pem), 0});
  }
  at->used = ++use_;
}

Result<std::string> SnsVerifier::fetch(const std::string& url) {
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

bool SnsVerifier::may_fetch(std::string_view peer) {
  const std::int64_t now = clock_.steady_ms();
  const MutexLock lock(mutex_);
  if (fetches_ == 0 || now - fetches_since_ms_ >= 60'000) {
    fetches_since_ms_ = now;
    fetches_ = 0;
    fetches_of_.clear();
  }
  if (fetches_ >= kFetchesPerMinute) return false;
  unsigned& of_network = fetches_of_[network_of(peer)];
  if (of_network >= kFetchesPerNetwork) return false;
  ++of_network;
  ++fetches_;
  return true;
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
