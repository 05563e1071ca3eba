// EventHistory: the management events of the last 90 days as JSON lines, the newest first, from
// CloudTrail's LookupEvents: for accounts without a trail. AWS allows two pages of 50 a second.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "aws/cloudtrail.h"
#include "event/byte_source.h"

namespace tocsin::aws {

class EventHistory final : public event::ByteSource {
 public:
  static constexpr std::int64_t kPauseMs = 500;                           // between pages
  static constexpr std::int64_t kSeconds = std::int64_t{90} * 24 * 3600;  // what AWS keeps

  // Events of [from, to], seconds since 1970. `session` and `stop` must outlive it.
  EventHistory(Session& session, std::string region, std::int64_t from, std::int64_t to,
               const std::atomic<bool>& stop);

  Result<std::size_t> read(char* out, std::size_t size) override;
  std::uint64_t consumed() const override { return consumed_; }

 private:
  Session& session_;
  const std::string region_;
  const std::int64_t from_, to_;
  const std::atomic<bool>& stop_;
  std::string lines_;  // of the page at hand
  std::size_t at_ = 0;
  std::string token_;  // of the next page
  bool has_begun_ = false;
  std::uint64_t consumed_ = 0;
};

}  // namespace tocsin::aws
