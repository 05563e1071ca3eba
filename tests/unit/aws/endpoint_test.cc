// Endpoints as botocore's rule sets give them.
#include "aws/endpoint.h"

#include <catch2/catch.hpp>

namespace tocsin::aws {
namespace {

struct Row {
  Service service;
  const char* region;
  bool fips, dual_stack;
  const char* host;  // "": there is none
};

constexpr Row kRows[] = {
    {Service::s3, "eu-west-1", false, false, "s3.eu-west-1.amazonaws.com"},
    {Service::s3, "eu-west-1", false, true, "s3.dualstack.eu-west-1.amazonaws.com"},
    {Service::s3, "eu-west-1", true, false, "s3-fips.eu-west-1.amazonaws.com"},
    {Service::s3, "eu-west-1", true, true, "s3-fips.dualstack.eu-west-1.amazonaws.com"},
    {Service::sqs, "eu-west-1", false, false, "sqs.eu-west-1.amazonaws.com"},
    {Service::sqs, "eu-west-1", false, true, "sqs.eu-west-1.api.aws"},
    {Service::sqs, "eu-west-1", true, false, "sqs-fips.eu-west-1.amazonaws.com"},
    {Service::sqs, "eu-west-1", true, true, "sqs-fips.eu-west-1.api.aws"},
    {Service::sts, "eu-west-1", false, false, "sts.eu-west-1.amazonaws.com"},
    {Service::sts, "eu-west-1", false, true, "sts.eu-west-1.api.aws"},
    {Service::sts, "eu-west-1", true, false, "sts-fips.eu-west-1.amazonaws.com"},
    {Service::sts, "eu-west-1", true, true, "sts-fips.eu-west-1.api.aws"},
    {Service::cloudtrail, "eu-west-1", false, false, "cloudtrail.eu-west-1.amazonaws.com"},
    {Service::cloudtrail, "eu-west-1", false, true, "cloudtrail.eu-west-1.api.aws"},
    {Service::cloudtrail, "eu-west-1", true, false, "cloudtrail-fips.eu-west-1.amazonaws.com"},
    {Service::cloudtrail, "eu-west-1", true, true, "cloudtrail-fips.eu-west-1.api.aws"},
    {Service::s3, "ap-southeast-7", false, false, "s3.ap-southeast-7.amazonaws.com"},
    {Service::s3, "ap-southeast-7", false, true, "s3.dualstack.ap-southeast-7.amazonaws.com"},
    {Service::s3, "ap-southeast-7", true, false, "s3-fips.ap-southeast-7.amazonaws.com"},
    {Service::s3, "ap-southeast-7", true, true, "s3-fips.dualstack.ap-southeast-7.amazonaws.com"},
    {Service::sqs, "ap-southeast-7", false, false, "sqs.ap-southeast-7.amazonaws.com"},
    {Service::sqs, "ap-southeast-7", false, true, "sqs.ap-southeast-7.api.aws"},
    {Service::sqs, "ap-southeast-7", true, false, "sqs-fips.ap-southeast-7.amazonaws.com"},
    {Service::sqs, "ap-southeast-7", true, true, "sqs-fips.ap-southeast-7.api.aws"},
    {Service::s3, "cn-north-1", false, false, "s3.cn-north-1.amazonaws.com.cn"},
    {Service::s3, "cn-north-1", false, true, "s3.dualstack.cn-north-1.amazonaws.com.cn"},
    {Service::s3, "cn-north-1", true, false, ""},
    {Service::s3, "cn-north-1", true, true, ""},
    {Service::sqs, "cn-north-1", false, false, "sqs.cn-north-1.amazonaws.com.cn"},
    {Service::sqs, "cn-north-1", false, true, "sqs.cn-north-1.api.amazonwebservices.com.cn"},
    {Service::sqs, "cn-north-1", true, false, "sqs-fips.cn-north-1.amazonaws.com.cn"},
    {Service::sqs, "cn-north-1", true, true, "sqs-fips.cn-north-1.api.amazonwebservices.com.cn"},
    {Service::s3, "us-gov-west-1", false, false, "s3.us-gov-west-1.amazonaws.com"},
    {Service::s3, "us-gov-west-1", false, true, "s3.dualstack.us-gov-west-1.amazonaws.com"},
    {Service::s3, "us-gov-west-1", true, false, "s3-fips.us-gov-west-1.amazonaws.com"},
    {Service::s3, "us-gov-west-1", true, true, "s3-fips.dualstack.us-gov-west-1.amazonaws.com"},
    {Service::sqs, "us-gov-west-1", false, false, "sqs.us-gov-west-1.amazonaws.com"},
    {Service::sqs, "us-gov-west-1", false, true, "sqs.us-gov-west-1.api.aws"},
    {Service::sqs, "us-gov-west-1", true, false, "sqs.us-gov-west-1.amazonaws.com"},
    {Service::sqs, "us-gov-west-1", true, true, "sqs-fips.us-gov-west-1.api.aws"},
    {Service::sts, "us-gov-west-1", false, false, "sts.us-gov-west-1.amazonaws.com"},
    {Service::sts, "us-gov-west-1", false, true, "sts.us-gov-west-1.api.aws"},
    {Service::sts, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"},
    {Service::sts, "us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws"},
    {Service::cloudtrail, "us-gov-west-1", false, false, "cloudtrail.us-gov-west-1.amazonaws.com"},
    {Service::cloudtrail, "us-gov-west-1", false, true, "cloudtrail.us-gov-west-1.api.aws"},
    {Service::cloudtrail, "us-gov-west-1", true, false, "cloudtrail.us-gov-west-1.amazonaws.com"},
    {Service::cloudtrail, "us-gov-west-1", true, true, "cloudtrail-fips.us-gov-west-1.api.aws"},
    {Service::s3, "us-iso-east-1", false, false, "s3.us-iso-east-1.c2s.ic.gov"},
    {Service::s3, "us-iso-east-1", false, true, "s3.dualstack.us-iso-east-1.c2s.ic.gov"},
    {Service::s3, "us-iso-east-1", true, false, "s3-fips.us-iso-east-1.c2s.ic.gov"},
    {Service::s3, "us-iso-east-1", true, true, "s3-fips.dualstack.us-iso-east-1.c2s.ic.gov"},
    {Service::sqs, "us-iso-east-1", false, false, "sqs.us-iso-east-1.c2s.ic.gov"},
    {Service::sqs, "us-iso-east-1", false, true, "sqs.us-iso-east-1.api.aws.ic.gov"},
    {Service::sqs, "us-iso-east-1", true, false, "sqs-fips.us-iso-east-1.c2s.ic.gov"},
    {Service::sqs, "us-iso-east-1", true, true, "sqs-fips.us-iso-east-1.api.aws.ic.gov"},
    {Service::s3, "us-isob-east-1", false, false, "s3.us-isob-east-1.sc2s.sgov.gov"},
    {Service::s3, "us-isob-east-1", false, true, "s3.dualstack.us-isob-east-1.sc2s.sgov.gov"},
    {Service::s3, "us-isob-east-1", true, false, "s3-fips.us-isob-east-1.sc2s.sgov.gov"},
    {Service::s3, "us-isob-east-1", true, true, "s3-fips.dualstack.us-isob-east-1.sc2s.sgov.gov"},
    {Service::sqs, "us-isob-east-1", false, false, "sqs.us-isob-east-1.sc2s.sgov.gov"},
    {Service::sqs, "us-isob-east-1", false, true, "sqs.us-isob-east-1.api.aws.scloud"},
    {Service::sqs, "us-isob-east-1", true, false, "sqs-fips.us-isob-east-1.sc2s.sgov.gov"},
    {Service::sqs, "us-isob-east-1", true, true, "sqs-fips.us-isob-east-1.api.aws.scloud"},
    {Service::s3, "eu-isoe-west-1", false, false, "s3.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::s3, "eu-isoe-west-1", false, true, "s3.dualstack.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::s3, "eu-isoe-west-1", true, false, "s3-fips.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::s3, "eu-isoe-west-1", true, true, "s3-fips.dualstack.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::sqs, "eu-isoe-west-1", false, false, "sqs.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::sqs, "eu-isoe-west-1", false, true, "sqs.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
    {Service::sqs, "eu-isoe-west-1", true, false, "sqs-fips.eu-isoe-west-1.cloud.adc-e.uk"},
    {Service::sqs, "eu-isoe-west-1", true, true, "sqs-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
    {Service::s3, "us-isof-south-1", false, false, "s3.us-isof-south-1.csp.hci.ic.gov"},
    {Service::s3, "us-isof-south-1", false, true, "s3.dualstack.us-isof-south-1.csp.hci.ic.gov"},
    {Service::s3, "us-isof-south-1", true, false, "s3-fips.us-isof-south-1.csp.hci.ic.gov"},
    {Service::s3, "us-isof-south-1", true, true,
     "s3-fips.dualstack.us-isof-south-1.csp.hci.ic.gov"},
    {Service::sqs, "us-isof-south-1", false, false, "sqs.us-isof-south-1.csp.hci.ic.gov"},
    {Service::sqs, "us-isof-south-1", false, true, "sqs.us-isof-south-1.api.aws.hci.ic.gov"},
    {Service::sqs, "us-isof-south-1", true, false, "sqs-fips.us-isof-south-1.csp.hci.ic.gov"},
    {Service::sqs, "us-isof-south-1", true, true, "sqs-fips.us-isof-south-1.api.aws.hci.ic.gov"},
    {Service::s3, "eusc-de-east-1", false, false, "s3.eusc-de-east-1.amazonaws.eu"},
    {Service::s3, "eusc-de-east-1", false, true, "s3.dualstack.eusc-de-east-1.amazonaws.eu"},
    {Service::s3, "eusc-de-east-1", true, false, "s3-fips.eusc-de-east-1.amazonaws.eu"},
    {Service::s3, "eusc-de-east-1", true, true, "s3-fips.dualstack.eusc-de-east-1.amazonaws.eu"},
    {Service::sqs, "eusc-de-east-1", false, false, "sqs.eusc-de-east-1.amazonaws.eu"},
    {Service::sqs, "eusc-de-east-1", false, true, "sqs.eusc-de-east-1.api.amazonwebservices.eu"},
    {Service::sqs, "eusc-de-east-1", true, false, "sqs-fips.eusc-de-east-1.amazonaws.eu"},
    {Service::sqs, "eusc-de-east-1", true, true,
     "sqs-fips.eusc-de-east-1.api.amazonwebservices.eu"},
    {Service::s3, "xx-mars-1", false, false, "s3.xx-mars-1.amazonaws.com"},
    {Service::s3, "xx-mars-1", false, true, "s3.dualstack.xx-mars-1.amazonaws.com"},
    {Service::s3, "xx-mars-1", true, false, "s3-fips.xx-mars-1.amazonaws.com"},
    {Service::s3, "xx-mars-1", true, true, "s3-fips.dualstack.xx-mars-1.amazonaws.com"},
    {Service::sqs, "xx-mars-1", false, false, "sqs.xx-mars-1.amazonaws.com"},
    {Service::sqs, "xx-mars-1", false, true, "sqs.xx-mars-1.api.aws"},
    {Service::sqs, "xx-mars-1", true, false, "sqs-fips.xx-mars-1.amazonaws.com"},
    {Service::sqs, "xx-mars-1", true, true, "sqs-fips.xx-mars-1.api.aws"},
};

TEST_CASE("services are found where botocore finds them, in every partition") {
  for (const Row& row : kRows) {
    INFO(row.region << ' ' << name(row.service) << ' ' << row.fips << row.dual_stack);
    const auto url = service_url(row.service, row.region, {row.fips, row.dual_stack});
    if (std::string_view(row.host).empty()) {
      CHECK_FALSE(url);
    } else {
      REQUIRE(url);
      CHECK(*url == std::string("https://") + row.host);
    }
  }
}

TEST_CASE("a region is read from the URL of a service") {
  struct Url {
    const char* url;
    const char* region;
  };
  constexpr Url kUrls[] = {
      {"https://sqs.eu-west-1.amazonaws.com/111122223333/trail", "eu-west-1"},
      {"https://sqs-fips.us-gov-east-1.amazonaws.com/1/q", "us-gov-east-1"},
      {"https://sqs.ap-southeast-7.api.aws/1/q", "ap-southeast-7"},
      {"https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"},
      {"https://sqs.us-isof-south-1.csp.hci.ic.gov/1/q", "us-isof-south-1"},
      {"https://eu-central-1.queue.amazonaws.com/1/q", "eu-central-1"},
      {"https://queue.amazonaws.com/1/q", "us-east-1"},
      {"https://vpce-0a1b2c3d-4e5f6a7b.sqs.us-east-2.vpce.amazonaws.com/1/q", "us-east-2"},
      {"https://vpce-abcdefgh-12.sqs.us-east-2.vpce.amazonaws.com/1/q", "us-east-2"},
      {"https://bucket.s3-us-west-2.amazonaws.com/key", "us-west-2"},
      {"http://127.0.0.1:5000/eu-west-1/q", ""},
      {"http://localhost:5000/1/q", ""},
      {"https://my-queue-1.example.com/1/q", "my-queue-1"},
      {"", ""},
      {"https://", ""},
      {"https://-1.-.--1.a-1", ""},
  };
  for (const Url& url : kUrls) {
    INFO(url.url);
    CHECK(region_of_url(url.url) == url.region);
  }
  CHECK(base_of_url("https://h:1/a/b?c") == "https://h:1");
  CHECK(base_of_url("http://h") == "http://h");
  CHECK(base_of_url("nonsense").empty());
}

TEST_CASE("what would change the host is neither a region nor a bucket in a host name") {
  for (const char* text : {"us-east-1", "eu-isoe-west-1"}) CHECK(is_region(text));
  for (const char* text : {"", "evil.example/", "a b", "A-B-1", "1us", "us-", "x@y", "us/1",
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    INFO(text);
    CHECK_FALSE(is_region(text));
  }
  for (const char* text : {"abc", "my-trail-1"}) CHECK(fits_host_name(text));
  for (const char* text : {"ab", "a.b.c", "Abc", "a_c", "-abc", "abc-", "a/b", "a@b", "a#b"}) {
    INFO(text);
    CHECK_FALSE(fits_host_name(text));
  }
  for (const char* text : {"abc", "a.b.c", "Old_Bucket"}) CHECK(is_bucket(text));
  for (const char* text : {"", "ab", "..", "a/b/c", "a b c", "arn:aws:s3:x"}) {
    INFO(text);
    CHECK_FALSE(is_bucket(text));
  }
}

TEST_CASE("partitions are told by pattern") {
  CHECK(partition_of("eu-north-9") == "aws");
  CHECK(partition_of("cn-northwest-1") == "aws-cn");
  CHECK(partition_of("us-gov-west-1") == "aws-us-gov");
  CHECK(partition_of("us-isob-east-1") == "aws-iso-b");
  CHECK(partition_of("") == "aws");
}

}  // namespace
}  // namespace tocsin::aws
