// ObjectReader: brings one object of S3 to the pipeline, in constant memory: it is inflated and cut
// into submissions while it arrives. Stateless; one call is one thread's.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>

#include "aws/s3.h"
#include "source/s3_metrics.h"
#include "source/source.h"

namespace tocsin::source {

// What became of an object.
struct ObjectEnd {
  enum class Kind : std::uint8_t {
    committed,  // every record of it is evaluated and what it causes is on disk
    stopped,
    transient,   // another attempt may well succeed
    permission,  // it will, once somebody has granted what `problem` names
    gone,        // S3 does not give it out: deleted, archived
    damaged,     // its bytes cannot be understood
  };
  Kind kind = Kind::committed;
  std::string reason;   // a metric label; "" when committed
  std::string problem;  // one sentence that names the object; "" when committed
};

class ObjectReader {
 public:
  // All must outlive it. Text beyond `inflated_bytes` is not read.
  ObjectReader(Host& host, const S3Metrics& metrics, std::uint64_t inflated_bytes)
      : host_(host), metrics_(metrics), inflated_bytes_(inflated_bytes) {}

  // Returns when all that was read of the object has its receipt. `stop` and `token` are the same
  // request, for those who wait for one or the other.
  ObjectEnd read(aws::S3& s3, const aws::ObjectName& object, const std::atomic<bool>& stop,
                 const std::stop_token& token) const;

 private:
  class Reading;

  Host& host_;
  const S3Metrics& metrics_;
  const std::uint64_t inflated_bytes_;
};

// An object that could not be opened or read on.
ObjectEnd end_of(const aws::Failure& failure);

}  // namespace tocsin::source
