// SnsMessage: what Amazon SNS posts to an HTTPS subscriber, and what of it can be judged without
// asking anybody. Nothing here is trusted before its signature has been checked (sns_verifier.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/crypto.h"

namespace tocsin::source {

struct SnsMessage {
  enum class Type : std::uint8_t { notification, confirmation, unsubscribed };

  Type type = Type::notification;
  std::string message, message_id, timestamp, topic_arn, type_name;
  std::optional<std::string> subject, subscribe_url, token;
  int signature_version = 1;
  std::string signature;  // decoded
  std::string certificate_url;

  // What the signature is over: the members that are there, by name.
  std::string signed_text() const;
  net::RsaHash hash() const {
    return signature_version == 1 ? net::RsaHash::sha1 : net::RsaHash::sha256;
  }
};

// Bytes of a message. SNS sends at most 256 KiB, which escaping can make longer. It is read before
// its sender has shown who he is, so the bound is tight.
inline constexpr std::size_t kSnsBodyBytes = std::size_t{2} << 20;
// Between the message's time and ours.
inline constexpr std::int64_t kSnsAgeMs = 3'600'000;

Result<SnsMessage> parse_sns(std::string_view body);

Status check_sns_time(const SnsMessage& message, std::int64_t now_ms);

// Whether the URL is at SNS itself: https, sns.REGION.amazonaws.com[.cn] or `further_host`, no
// user, no port (but that of `further_host`), no fragment. AWS also serves what its customers store
// under amazonaws.com, hence REGION must look like one: "sns.s3-us-west-2.amazonaws.com" is a
// bucket. The first is for certificates (a path that ends in .pem, no query), the second for
// confirmations.
Status check_certificate_url(std::string_view url, std::string_view further_host);
Status check_subscribe_url(std::string_view url, std::string_view further_host);

}  // namespace tocsin::source
