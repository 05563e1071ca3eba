#include "digest/layout.h"

#include <catch2/catch.hpp>

#include "base/time.h"

namespace tocsin::digest {
namespace {

TEST_CASE("the key of a digest says whose it is and of which hour") {
  struct Row {
    const char *key, *root, *account, *region, *trail, *home, *end;
    bool is_backfill;
  };
  const Row rows[] = {
      {"AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/17/"
       "111122223333_CloudTrail-Digest_us-east-2_your-trail-name_us-east-2_20150817T150131Z.json."
       "gz",
       "AWSLogs/111122223333/", "111122223333", "us-east-2", "your-trail-name", "us-east-2",
       "2015-08-17T15:01:31Z", false},
      {"a/b/AWSLogs/o-abc/111122223333/CloudTrail-Digest/eu-west-1/2026/01/31/"
       "111122223333_CloudTrail-Digest_eu-west-1_my_trail_1_us-east-1_20260131T000000Z_backfill"
       ".json.gz",
       "a/b/AWSLogs/o-abc/111122223333/", "111122223333", "eu-west-1", "my_trail_1", "us-east-1",
       "2026-01-31T00:00:00Z", true},
  };
  for (const Row& row : rows) {
    INFO(row.key);
    const auto name = parse_digest_name(row.key);
    REQUIRE(name);
    CHECK(name->root == row.root);
    CHECK(name->account == row.account);
    CHECK(name->region == row.region);
    CHECK(name->chain.trail == row.trail);
    CHECK(name->chain.home_region == row.home);
    CHECK(format_time(name->end) == row.end);
    CHECK(name->chain.is_backfill == row.is_backfill);
    CHECK(digest_key(*name, name->end) == row.key);
    CHECK(parse_digest_name(digest_key(*name, name->end - 86'400))->end == name->end - 86'400);
  }
}

TEST_CASE("other keys are no digests") {
  const char* const keys[] = {
      "",
      "/",
      "x.json.gz",
      "AWSLogs/1/CloudTrail/r/2026/01/31/1_CloudTrail_r_20260131T0000Z_x.json.gz",
      "AWSLogs/1/CloudTrail-Digest/r/2026/01/31/",
      "AWSLogs/1/CloudTrail-Digest/r/2026/01/31/2_CloudTrail-Digest_r_t_h_20260131T000000Z.json.gz",
      "AWSLogs/1/CloudTrail-Digest/r/2026/01/31/1_CloudTrail-Digest_q_t_h_20260131T000000Z.json.gz",
      "AWSLogs/1/CloudTrail-Digest/r/2026/01/31/1_CloudTrail-Digest_r_t_20260131T000000Z.json.gz",
      "AWSLogs/1/CloudTrail-Digest/r/2026/01/31/1_CloudTrail-Digest_r_t_h_20261331T000000Z.json.gz",
      "AWSLogs/1/CloudTrail-Digest/r/2026/01/31/1_CloudTrail-Digest_r_t_h_20260131T000000Z.json",
      "AWSLogs/1/CloudTrail-Digest/r/01/31/1_CloudTrail-Digest_r_t_h_20260131T000000Z.json.gz",
  };
  for (const char* key : keys) {
    INFO(key);
    CHECK_FALSE(parse_digest_name(key));
  }
}

TEST_CASE("the key of a log file says when it was delivered") {
  const std::string folder = "p/AWSLogs/1/CloudTrail/eu-west-1/2026/01/31/";
  const auto time = parse_log_time(folder + "1_CloudTrail_eu-west-1_20260131T1205Z_aB3.json.gz");
  REQUIRE(time);
  CHECK(format_time(*time) == "2026-01-31T12:05:00Z");
  CHECK_FALSE(parse_log_time(folder + "1_CloudTrail_eu-west-1_20260131T12Z_aB3.json.gz"));
  CHECK_FALSE(parse_log_time(folder + "2_CloudTrail_eu-west-1_20260131T1205Z_aB3.json.gz"));
  CHECK_FALSE(parse_log_time(folder + "readme.json.gz"));
  CHECK_FALSE(parse_log_time("1_CloudTrail_eu-west-1_20260131T1205Z_aB3.json.gz"));
  CHECK(day_folder(*time) == "2026/01/31");
  CHECK(day_folder(0) == "1970/01/01");
}

}  // namespace
}  // namespace tocsin::digest
