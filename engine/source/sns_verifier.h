// SnsVerifier: does this message come from Amazon SNS? Fetches the signing certificate, and keeps
// those that messages were signed with, so that nobody else can displace them.
//
// read() and may_fetch() are for any thread. verify() and confirm() may send a request and wait for
// its answer: those that do are for one thread at a time. verify() of a known certificate sends
// none and is for any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "net/http_client.h"
#include "source/http_ingest.h"
#include "source/sns_message.h"

namespace tocsin::source {

class SnsVerifier {
 public:
  SnsVerifier(const IngestOptions::Sns& options, const Clock& clock, const std::atomic<bool>& stop);
  ~SnsVerifier();

  // Judges everything but the signature: topic, version, time and URLs. Code::invalid_input: no SNS
  // message; refused: not ours to accept, sending it again is useless.
  Result<SnsMessage> read(std::string_view body) const;
  // Whether verify() needs no request.
  bool is_known(const SnsMessage& message) const;
  // Whether the sender at `peer` may make us fetch a certificate now; counts it.
  bool may_fetch(std::string_view peer);
  // Judges the signature. Code::refused, or others: it cannot be known now.
  Status verify(const SnsMessage& message);
  // Tells SNS that the subscription is wanted. Precondition: verify() succeeded.
  Status confirm(const SnsMessage& message);

 private:
  // A message was signed with it.
  struct Certificate {
    std::string url, pem;
    std::uint64_t used = 0;  // when, by use_
  };

  std::optional<std::string> find(const std::string& url) const;
  void keep(const std::string& url, std::string pem);
  Result<std::string> fetch(const std::string& url);
  net::HttpClient& client();

  IngestOptions::Sns options_;
  const Clock& clock_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<net::HttpClient> client_;

  mutable Mutex mutex_;
  std::vector<Certificate> certificates_ GUARDED_BY(mutex_);
  std::uint64_t use_ GUARDED_BY(mutex_) = 0;
  // Of the minute that began at fetches_since_ms_.
  std::int64_t fetches_since_ms_ GUARDED_BY(mutex_) = 0;
  unsigned fetches_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, unsigned> fetches_of_ GUARDED_BY(mutex_);  // by the sender's network
};

}  // namespace tocsin::source
