// Transport: brings one call to AWS and its answer back. It knows endpoints, signs, retries with
// jitter and a budget, follows a bucket to its region, and dates requests by AWS's clock when ours
// is off. Thread-safe: each call uses an HttpClient of its own, and connections are used again.
//
// Secrets are in no message: of an error's body only code and first line are kept, and what was
// signed with is taken out of them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/canonical.h"
#include "aws/credential_cache.h"
#include "aws/endpoint.h"
#include "aws/failure.h"
#include "aws/retry.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "metrics/registry.h"
#include "net/http_client.h"

namespace tocsin::aws {

struct TransportOptions {
  // By Service: the endpoint that was configured, "": the one of the region.
  std::array<std::string, kServices> endpoints;
  EndpointKind kind;
  // What may be connected to. An endpoint that is configured as an IP address or as "localhost" is
  // allowed by that; one that is a name is not, when it leads to a private network.
  net::EgressPolicy egress;
  std::string ca_file;  // "": the system's
  std::string proxy;    // as in net::ClientOptions
};

struct Call {
  Service service = Service::s3;
  std::string region;
  std::string_view operation;  // a literal: "GetObject", for metrics
  std::string_view action;     // the permission that it needs: "s3:GetObject"
  std::string resource;        // what it needs it on, for messages
  std::string method = "POST";
  std::string url;         // SQS: the queue's, whose host is asked unless an endpoint is configured
  std::string bucket;      // S3: part of the host, or of the path
  std::string path = "/";  // encoded, without the bucket
  Query query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::int64_t timeout_ms = 15'000;  // of one attempt
  // Not 0: in place of timeout_ms, for each wait for bytes.
  std::int64_t idle_timeout_ms = 0;
  std::size_t answer_bytes = std::size_t{1} << 20;
};

class Transport {
 public:
  Transport(TransportOptions options, metrics::Registry& metrics, const Clock& clock);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // An HttpClient, given back when this goes. Must not outlive the Transport.
  class Lease {
   public:
    Lease(Transport& transport, Service service);
    ~Lease();
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) = delete;
    net::HttpClient* operator->() const { return client_.get(); }

   private:
    Transport* transport_;
    Service service_;
    std::unique_ptr<net::HttpClient> client_;
  };

  struct Answer {
    Lease lease;           // of open(): with the body to be read
    net::HttpAnswer head;  // of call(): with the body
  };

  // The answer to a call, whole. `credentials` null: unsigned.
  Outcome<net::HttpAnswer> call(const Call& call, CredentialCache* credentials,
                                const std::atomic<bool>& stop);
  // The head of an answer; the body is read from the lease.
  Outcome<Answer> open(const Call& call, CredentialCache* credentials,
                       const std::atomic<bool>& stop);

  // By how much AWS's clock is ahead of ours, as far as we know; 0 until AWS refuses a request for
  // it.
  std::int64_t clock_offset_ms() const { return clock_offset_ms_.load(std::memory_order_relaxed); }

 private:
  struct Attempt;
  struct Target;
  Outcome<Target> target_of(const Call& call) const;
  net::HttpRequest build(const Call& call, const Target& target,
                         const Credentials* credentials) const;
  void attempt(const Call& call, CredentialCache* credentials, bool whole, Attempt& attempt,
               const std::atomic<bool>& stop);
  Failure refusal(const Call& call, Lease& lease, const net::HttpAnswer& head,
                  const Credentials* credentials, const std::atomic<bool>& stop) const;
  Outcome<Answer> run(Call call, CredentialCache* credentials, bool whole,
                      const std::atomic<bool>& stop);
  bool adjust_clock(std::int64_t server_seconds);
  void count(const Call& call, std::string_view result, std::int64_t milliseconds);
  std::string known_region(const std::string& bucket) EXCLUDES(mutex_);
  void learn_region(const std::string& bucket, const std::string& region) EXCLUDES(mutex_);

  const TransportOptions options_;
  net::ClientOptions client_options_;
  metrics::Registry& metrics_;
  const Clock& clock_;
  RetryBudget budget_;
  std::atomic<std::int64_t> clock_offset_ms_{0};
  Mutex mutex_;
  std::array<std::vector<std::unique_ptr<net::HttpClient>>, kServices> idle_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> bucket_regions_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::aws
