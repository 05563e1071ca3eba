// CredentialCache: credentials that are fetched when they are first asked for, and again before
// they expire. Thread-safe; one thread at a time fetches, in its own call of get().
//
// Refreshing begins kAdvisoryMs before the end, a little earlier at random so that many processes
// do not do it at once; the other threads go on with the credentials at hand, from kMandatoryMs
// before the end they wait. Sessions that are short have these times shortened. A refresh that
// fails leaves credentials that are still valid in use, and is tried again after kRetryMs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "aws/credentials.h"
#include "aws/failure.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace tocsin::aws {

class CredentialCache {
 public:
  static constexpr std::int64_t kAdvisoryMs = 15LL * 60'000;
  static constexpr std::int64_t kMandatoryMs = 10LL * 60'000;
  static constexpr std::int64_t kRetryMs = 30'000;

  using Fetch = std::function<Outcome<Credentials>(const std::atomic<bool>& stop)>;
  // `refreshed` is called after each fetch, with whether it succeeded; may be empty.
  CredentialCache(Fetch fetch, const Clock& clock, std::function<void(bool)> refreshed = {});

  // Valid credentials, or why there are none.
  Outcome<Credentials> get(const std::atomic<bool>& stop);

  // AWS has refused `used`: they are fetched again before the next use, unless that has happened
  // already. False: they cannot change.
  bool reject(const Credentials& used);

 private:
  enum class Need : std::uint8_t { none, advisory, mandatory, at_once };
  Need need(std::int64_t now) const REQUIRES(mutex_);
  void keep(Outcome<Credentials> fetched) REQUIRES(mutex_);

  const Fetch fetch_;
  const Clock& clock_;
  const std::function<void(bool)> refreshed_;
  Mutex mutex_;
  CondVar changed_;
  std::optional<Credentials> current_ GUARDED_BY(mutex_);
  bool is_rejected_ GUARDED_BY(mutex_) = false;
  bool is_fetching_ GUARDED_BY(mutex_) = false;
  std::int64_t advisory_at_ GUARDED_BY(mutex_) = 0;
  std::int64_t mandatory_at_ GUARDED_BY(mutex_) = 0;
  std::int64_t retry_at_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::aws
