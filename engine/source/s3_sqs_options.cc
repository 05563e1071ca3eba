#include "source/s3_sqs_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ip.h"
#include "net/http_client.h"

namespace tocsin::source {
namespace {

using config::Settings;

constexpr std::int64_t kMostConcurrency = 256;
constexpr std::uint64_t kLeastObject = std::uint64_t{1} << 20,
                        kMostObject = std::uint64_t{64} << 30;
constexpr std::size_t kAccountDigits = 12;

// Whether `text` is what `pattern` says, in which `*` stands for anything.
bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (fits(pattern, text.substr(skipped))) return true;
  }
  return false;
}

std::string read_url(Settings& settings, std::string_view key) {
  std::string text = settings.text(key);
  if (text.empty()) return text;
  if (const Status good = net::check_url(text); !good) {
    settings.error(key, fmt::format("{}.{}: {}", settings.what(), key, good.error().message));
  }
  return text;
}

S3SqsOptions::Role read_role(Settings& settings) {
  S3SqsOptions::Role role{settings.text("role_arn"), settings.text("external_id")};
  if (!role.arn.empty() && !role.arn.starts_with("arn:")) {
    settings.error("role_arn", "a role is named by its ARN: arn:aws:iam::ACCOUNT:role/NAME");
  }
  if (role.arn.empty() && !role.external_id.empty()) {
    settings.error("external_id", "an external_id goes with a role_arn");
  }
  return role;
}

void read_accounts(Settings& settings, S3SqsOptions& out) {
  for (auto& [account, entry] : settings.named_maps("accounts")) {
    const bool is_account = account.text.size() == kAccountDigits &&
                            account.text.find_first_not_of("0123456789") == std::string::npos;
    if (!is_account) {
      settings.report(Severity::error, "C906", account.at,
                      fmt::format("an account is written as {} digits, in quotes", kAccountDigits));
    }
    S3SqsOptions::Role role = read_role(entry);
    if (role.arn.empty()) entry.error("role_arn", fmt::format("{} has no role_arn", entry.what()));
    entry.finish();
    out.accounts.emplace(account.text, std::move(role));
  }
}

// s3://bucket/prefix
void read_backfill(Settings& settings, BackfillOptions& out) {
  constexpr std::string_view kS3Scheme = "s3://";
  constexpr std::int64_t kSinceSecondMs = 1000, kSinceDayMs = 24LL * 3600 * kSinceSecondMs;
  if (!settings.has("backfill")) return;
  Settings backfill = settings.map("backfill");
  const std::string prefix = backfill.required_text("prefix");
  if (prefix.starts_with(kS3Scheme)) {
    const std::size_t slash = prefix.find('/', kS3Scheme.size());
    out.bucket = prefix.substr(kS3Scheme.size(), slash - kS3Scheme.size());
    if (slash != std::string::npos) out.prefix = prefix.substr(slash + 1);
  }
  if (!prefix.empty() && !aws::is_bucket(out.bucket)) {
    backfill.error("prefix", "a prefix is written as s3://bucket/ or s3://bucket/prefix/");
  }
  out.since_ms = backfill.duration_ms("since", 7 * kSinceDayMs, kSinceSecondMs, 3650 * kSinceDayMs);
  out.every_ms = backfill.duration_ms("every", out.every_ms, kSinceSecondMs, kSinceDayMs);
  backfill.finish();
}

void read_connection(Settings& settings, aws::Settings& out) {
  out.region = settings.text("region", aws::region_of_url(settings.text("queue_url")));
  if (!out.region.empty() && !aws::is_region(out.region)) {
    settings.error("region", "a region is written as in eu-west-1");
  }
  out.profile = settings.text("profile");
  const S3SqsOptions::Role role = read_role(settings);
  out.role_arn = role.arn;
  out.external_id = role.external_id;
  out.endpoint = read_url(settings, "endpoint");
  out.s3_endpoint = read_url(settings, "s3_endpoint");
  out.sqs_endpoint = read_url(settings, "sqs_endpoint");
  out.sts_endpoint = read_url(settings, "sts_endpoint");
  out.ca_file = settings.path("ca_file");
  out.proxy = settings.text("proxy");
  for (const config::PlacedText& text : settings.placed_texts("allow_networks")) {
    if (Result<IpPrefix> network = parse_cidr(text.text)) {
      out.egress.allowed.push_back(*network);
    } else {
      settings.report(Severity::error, "C906", text.at, std::move(network.error().message));
    }
  }
}

}  // namespace

bool S3SqsOptions::may_read(std::string_view bucket) const {
  return buckets.empty() ||
         std::any_of(buckets.begin(), buckets.end(),
                     [&](const std::string& pattern) { return fits(pattern, bucket); });
}

S3SqsOptions read_s3_sqs(const std::string& name, Settings& settings) {
  S3SqsOptions out;
  out.name = name;
  out.queue_url = settings.required_text("queue_url");
  if (!out.queue_url.empty()) out.queue_url = read_url(settings, "queue_url");
  read_connection(settings, out.aws);
  out.buckets = settings.texts("buckets");
  read_accounts(settings, out);
  out.concurrency =
      static_cast<unsigned>(settings.integer("concurrency", out.concurrency, 1, kMostConcurrency));
  out.max_object = settings.bytes("max_object", out.max_object, kLeastObject, kMostObject);
  out.keeps_unreadable = settings.choice("on_unreadable", {"dlq", "keep"}, "dlq") == "keep";
  out.removes = settings.boolean("delete", out.removes);
  if (!out.removes) {
    settings.warning(
        "delete",
        "messages are not deleted: they come again until the queue drops them or moves "
        "them to its dead-letter queue. For trials only");
  }
  out.requester_pays = settings.boolean("requester_pays", out.requester_pays);
  read_backfill(settings, out.backfill);
  return out;
}

}  // namespace tocsin::source
