#include "aws/trail_files.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/time.h"

namespace tocsin::aws {
namespace {

std::string delivered(const char* key) {
  const auto time = delivery_time(key);
  return time ? format_time(*time) : "none";
}

TEST_CASE("the time of delivery is read from a log file's name") {
  CHECK(delivered("AWSLogs/1/CloudTrail/eu-west-1/2026/01/31/"
                  "111122223333_CloudTrail_eu-west-1_20260131T2305Z_kq3Zt0123456789a.json.gz") ==
        "2026-01-31T23:05:00Z");
  CHECK(delivered("1_CloudTrail_us-gov-west-1_20260228T0000Z_x.json.gz") == "2026-02-28T00:00:00Z");
  for (const char* other :
       {"", "a.json.gz", "1_CloudTrail_eu-west-1_20260131_x.json.gz",
        "1_CloudTrail_eu-west-1_20260231T2305Z_x.json.gz", "1_CloudTrail_eu-west-1",
        "1_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260131T230500Z.json.gz",
        "1_CloudTrail-Insight_eu-west-1_20260131T2305Z_x.json.gz", "1_Config_eu-west-1_x"}) {
    INFO(other);
    CHECK(delivered(other) == "none");
  }
}

TEST_CASE("a prefix says where it lies in the layout") {
  struct Case {
    const char* prefix;
    bool is_below;
    std::vector<std::string> components;
  };
  const Case kCases[] = {
      {"", false, {}},
      {"trail/", false, {}},
      {"AWSLogs/", true, {}},
      {"a/b/AWSLogs/", true, {}},
      {"AWSLogs/o-abc/", true, {}},
      {"AWSLogs/o-abc/111122223333/", true, {"111122223333"}},
      {"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/",
       true,
       {"111122223333", "CloudTrail", "eu-west-1", "2026"}},
      {"MyAWSLogs/1/", false, {}},
  };
  for (const Case& test : kCases) {
    INFO(test.prefix);
    const TrailPlace place = trail_place(test.prefix);
    CHECK(place.is_below_logs == test.is_below);
    CHECK(place.components == test.components);
  }
}

}  // namespace
}  // namespace tocsin::aws
