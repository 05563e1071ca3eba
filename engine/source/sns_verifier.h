// SnsVerifier: does this message come from Amazon SNS? Asks for the signing certificate, and keeps
// it. Blocks; used by one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "source/http_ingest.h"
#include "source/sns_message.h"

namespace tocsin::source {

class SnsVerifier {
 public:
  SnsVerifier(const IngestOptions::Sns& options, const Clock& clock, const std::atomic<bool>& stop);
  ~SnsVerifier();

  // Code::invalid_input: no SNS message; refused: not ours to accept, sending it again is useless;
  // others: it cannot be known now.
  Result<SnsMessage> verify(std::string_view body);
  // Tells SNS that the subscription is wanted. Precondition: verify() returned this message.
  Status confirm(const SnsMessage& message);

 private:
  struct Certificate {
    std::string url, pem;
    bool proven = false;     // a signature was made with it: evicted last
    std::uint64_t used = 0;  // when, by use_
  };

  Status check_signature(const SnsMessage& message);
  Result<std::string> fetch(const std::string& url);
  bool may_fetch();
  net::HttpClient& client();

  IngestOptions::Sns options_;
  const Clock& clock_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<net::HttpClient> client_;
  std::vector<Certificate> certificates_;
  std::uint64_t use_ = 0;
  std::int64_t fetches_since_ms_ = 0;
  unsigned fetches_ = 0;
};

}  // namespace tocsin::source
