// Session: who we are to AWS, and how it is reached. S3, Sqs, Sts and CloudTrail call AWS by it.
// Thread-safe; it must outlive whatever was made with it.
//
//   Settings settings;                      // of a source: region, profile, role_arn, endpoints …
//   Result<std::unique_ptr<Session>> session =
//       Session::open(settings, process_environment(), metrics, system_clock());
//   Sqs queue(**session, queue_url);
//   S3 s3(**session);
//
// Nothing is sent before the first call: open() fails for settings that contradict each other or
// cannot be read, not for missing permissions.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "aws/configuration.h"
#include "aws/credential_cache.h"
#include "aws/environment.h"
#include "aws/transport.h"
#include "base/clock.h"
#include "base/result.h"
#include "metrics/registry.h"

namespace tocsin::aws {

class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const Settings& settings,
                                               const Environment& environment,
                                               metrics::Registry& metrics, const Clock& clock);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A session with the same endpoints whose credentials are those of another role, assumed with
  // this one's, which may go first. `external_id` "": none.
  Result<std::unique_ptr<Session>> assume(const std::string& role_arn,
                                          const std::string& external_id) const;

  // What calls go to when they name no region; "": none was configured.
  const std::string& region() const { return region_; }

  Outcome<net::HttpAnswer> call(const Call& call, const std::atomic<bool>& stop) {
    return transport_->call(call, credentials_.get(), stop);
  }
  Outcome<Transport::Answer> open_answer(const Call& call, const std::atomic<bool>& stop) {
    return transport_->open(call, credentials_.get(), stop);
  }

  // How far AWS's clock is ahead of ours (Transport).
  std::int64_t clock_offset_ms() const { return transport_->clock_offset_ms(); }
  // The credentials that calls are signed with; for messages about where they are from.
  Outcome<Credentials> credentials(const std::atomic<bool>& stop) {
    return credentials_->get(stop);
  }

 private:
  Session() = default;

  std::string region_, sts_region_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<CredentialCache> credentials_;
  metrics::Registry* metrics_ = nullptr;
  const Clock* clock_ = nullptr;
};

}  // namespace tocsin::aws
