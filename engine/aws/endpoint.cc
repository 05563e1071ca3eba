#include "aws/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::aws {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

// The prefix of a region's name decides its partition; the longest that fits wins.
struct Partition {
  std::string_view prefix;
  std::string_view name;
  std::string_view suffix;       // of host names
  std::string_view dual_suffix;  // of dual-stack ones
  bool has_fips = true;          // of S3
};
constexpr Partition kPartitions[] = {
    {"", "aws", "amazonaws.com", "api.aws"},
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
};

const Partition& partition(std::string_view region) {
  const Partition* best = &kPartitions[0];
  for (const Partition& candidate : kPartitions) {
    if (region.starts_with(candidate.prefix) && candidate.prefix.size() >= best->prefix.size()) {
      best = &candidate;
    }
  }
  return *best;
}

std::string_view host_of(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?#:"));
}

// eu-west-1, us-gov-east-1: two or more words, then a number of one or two digits.
bool looks_like_region(std::string_view label) {
  const std::size_t dash = label.rfind('-');
  if (dash == label.npos || label.starts_with("vpce-")) return false;
  const std::string_view words = label.substr(0, dash), number = label.substr(dash + 1);
  return !words.empty() && !number.empty() && number.size() <= 2 &&
         std::all_of(number.begin(), number.end(), is_decimal) && is_lower(words.front()) &&
         words.find('-') != words.npos &&
         std::all_of(words.begin(), words.end(), [](char c) { return is_lower(c) || c == '-'; });
}

}  // namespace

std::string_view name(Service service) {
  constexpr std::string_view kNames[kServices] = {"s3", "sqs", "sts", "cloudtrail"};
  return kNames[static_cast<std::size_t>(service)];
}

std::string_view partition_of(std::string_view region) {
  return partition(region).name;
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 32 && is_lower(text.front()) && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_decimal(c) || c == '-'; });
}

Result<std::string> service_url(Service service, std::string_view region, EndpointKind kind) {
  const Partition& where = partition(region);
  if (service == Service::s3) {
    if (kind.fips && !where.has_fips) {
      return fail(Code::unsupported,
                  fmt::format("the region {} has no FIPS endpoints for S3", region));
    }
    return fmt::format("https://s3{}{}.{}.{}", kind.fips ? "-fips" : "",
                       kind.dual_stack ? ".dualstack" : "", region, where.suffix);
  }
  // The ordinary names of GovCloud are FIPS endpoints, but not those of dual stack.
  const bool is_fips_already = where.name == "aws-us-gov" && !kind.dual_stack;
  return fmt::format("https://{}{}.{}.{}", name(service),
                     kind.fips && !is_fips_already ? "-fips" : "", region,
                     kind.dual_stack ? where.dual_suffix : where.suffix);
}

std::string region_of_url(std::string_view url) {
  const std::string_view host = host_of(url);
  if (host == "queue.amazonaws.com") return "us-east-1";
  for (std::string_view rest = host; !rest.empty();) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    const bool is_old_s3 = label.starts_with("s3-");  // s3-us-west-2.amazonaws.com
    const std::string_view region = is_old_s3 ? label.substr(3) : label;
    if (looks_like_region(region)) return std::string(region);
    rest.remove_prefix(std::min(label.size() + 1, rest.size()));
  }
  return {};
}

std::string base_of_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return {};
  return std::string(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

bool fits_host_name(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && bucket.front() != '-' &&
         bucket.back() != '-' && std::all_of(bucket.begin(), bucket.end(), [](char c) {
           return is_lower(c) || is_decimal(c) || c == '-';
         });
}

bool is_bucket(std::string_view text) {
  return text.size() >= 3 && text.size() <= 255 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_lower(c) || is_decimal(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace tocsin::aws
