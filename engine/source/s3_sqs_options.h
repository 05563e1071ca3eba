// S3SqsOptions: what the configuration says of a source of type s3_sqs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aws/configuration.h"
#include "config/settings.h"
#include "source/backfill.h"

namespace tocsin::source {

struct S3SqsOptions {
  struct Role {
    std::string arn, external_id;
  };

  std::string name;
  std::string queue_url;
  aws::Settings aws;
  std::vector<std::string> buckets;      // patterns with `*`; none: every bucket may be read
  std::map<std::string, Role> accounts;  // by account: the role that reads its objects
  unsigned concurrency = 8;              // objects at a time
  std::uint64_t max_object = std::uint64_t{512} << 20;  // inflated
  bool keeps_unreadable = false;                        // on_unreadable: keep
  bool removes = true;                                  // delete
  bool requester_pays = false;
  BackfillOptions backfill;

  bool may_read(std::string_view bucket) const;
};

// Reads the keys of such a source; problems are reported there.
S3SqsOptions read_s3_sqs(const std::string& name, config::Settings& settings);

}  // namespace tocsin::source
