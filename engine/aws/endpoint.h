// Where a service of a region is. Partitions are recognised by the region's pattern, never by a
// list of regions: tomorrow's regions work. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::aws {

enum class Service : std::uint8_t { s3, sqs, sts, cloudtrail };
inline constexpr std::size_t kServices = 4;
// "s3", as in host names, signatures and metrics.
std::string_view name(Service service);

struct EndpointKind {
  bool fips = false;
  bool dual_stack = false;
};

// "aws", "aws-cn", "aws-us-gov", …: for ARNs. "aws" for a pattern that is not known.
std::string_view partition_of(std::string_view region);

// Whether the text may stand for a region in a host name: lower-case letters, digits and dashes.
bool is_region(std::string_view text);

// "https://sqs.eu-west-1.amazonaws.com". Fails for FIPS where the partition has none. For S3 a
// bucket's name may be put in front of the host. Precondition: is_region(region).
Result<std::string> service_url(Service service, std::string_view region, EndpointKind kind);

// The region in the host of a service's URL ("https://sqs.eu-west-1.amazonaws.com/…", FIPS, dual
// stack, VPC endpoint, the old forms of SQS); "" when there is none.
std::string region_of_url(std::string_view url);

// "https://host:1234" of a URL: scheme and host, as an endpoint.
std::string base_of_url(std::string_view url);

// Whether a bucket's name may be part of a host name and of its certificate: no dots, no upper
// case.
bool fits_host_name(std::string_view bucket);
// Whether the text can be the name of a bucket at all (old ones are longer and less strict).
bool is_bucket(std::string_view text);

}  // namespace tocsin::aws
