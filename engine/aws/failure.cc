#include "aws/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "aws/xml.h"
#include "base/text.h"

namespace tocsin::aws {
namespace {

constexpr std::size_t kMessageBytes = 512;

struct KnownCode {
  std::string_view code;
  Kind kind;
};
// The error codes of the services, by kind. Codes that begin with one of these and go on with
// "Exception" count too.
constexpr KnownCode kKnownCodes[] = {
    {"Throttling", Kind::throttled},
    {"ThrottledException", Kind::throttled},
    {"RequestThrottled", Kind::throttled},
    {"RequestThrottledException", Kind::throttled},
    {"TooManyRequests", Kind::throttled},
    {"RequestLimitExceeded", Kind::throttled},
    {"BandwidthLimitExceeded", Kind::throttled},
    {"LimitExceeded", Kind::throttled},
    {"SlowDown", Kind::throttled},
    {"PriorRequestNotComplete", Kind::throttled},
    {"OverLimit", Kind::throttled},
    {"KmsThrottled", Kind::throttled},
    {"KMS.ThrottlingException", Kind::throttled},
    {"InternalError", Kind::server},
    {"InternalFailure", Kind::server},
    {"InternalServerError", Kind::server},
    {"ServiceUnavailable", Kind::server},
    {"RequestTimeout", Kind::server},
    {"IDPCommunicationError", Kind::server},
    {"AccessDenied", Kind::denied},
    {"UnauthorizedOperation", Kind::denied},
    {"AllAccessDisabled", Kind::denied},
    {"AuthFailure", Kind::credentials},
    {"InvalidAccessKeyId", Kind::credentials},
    {"InvalidClientTokenId", Kind::credentials},
    {"UnrecognizedClient", Kind::credentials},
    {"InvalidToken", Kind::credentials},
    {"InvalidSecurity", Kind::credentials},
    {"NotSignedUp", Kind::credentials},
    {"OptInRequired", Kind::credentials},
    {"MissingAuthenticationToken", Kind::credentials},
    {"SignatureDoesNotMatch", Kind::credentials},
    {"InvalidSignature", Kind::credentials},
    {"InvalidIdentityToken", Kind::credentials},
    {"IDPRejectedClaim", Kind::credentials},
    {"ExpiredToken", Kind::expired},
    {"TokenRefreshRequired", Kind::expired},
    {"RequestTimeTooSkewed", Kind::clock},
    {"RequestExpired", Kind::clock},
    {"RequestInTheFuture", Kind::clock},
    {"NoSuchKey", Kind::not_found},
    {"NoSuchBucket", Kind::not_found},
    {"NoSuchVersion", Kind::not_found},
    {"QueueDoesNotExist", Kind::not_found},
    {"NonExistentQueue", Kind::not_found},
    {"AWS.SimpleQueueService.NonExistentQueue", Kind::not_found},
    {"KmsAccessDenied", Kind::kms},
    {"KmsDisabled", Kind::kms},
    {"KmsInvalidKeyUsage", Kind::kms},
    {"KmsInvalidState", Kind::kms},
    {"KmsNotFound", Kind::kms},
    {"KmsOptInRequired", Kind::kms},
    {"InvalidObjectState", Kind::archived},
    {"PermanentRedirect", Kind::region},
    {"TemporaryRedirect", Kind::region},
    {"Redirect", Kind::region},
    {"AuthorizationHeaderMalformed", Kind::region},
    {"IllegalLocationConstraint", Kind::region},
    {"PreconditionFailed", Kind::changed},
    {"MessageNotInflight", Kind::not_in_flight},
    {"AWS.SimpleQueueService.MessageNotInflight", Kind::not_in_flight},
};

Kind kind_of(int status, std::string_view code, std::string_view action) {
  for (const KnownCode& known : kKnownCodes) {
    if (code == known.code) return known.kind;
    if (code.size() == known.code.size() + 9 && code.starts_with(known.code) &&
        code.ends_with("Exception")) {
      return known.kind;
    }
  }
  if (code.starts_with("KMS.")) return Kind::kms;
  if (status == 429) return Kind::throttled;
  if (status >= 500) return Kind::server;
  if (status == 401 || status == 403) return Kind::denied;
  if (status == 404) return Kind::not_found;
  if (status == 412) return Kind::changed;
  if ((status == 301 || status == 307) && action.starts_with("s3:")) return Kind::region;
  return Kind::invalid;
}

// "com.amazonaws.sqs#QueueDoesNotExist", "QueueDoesNotExist:http://…".
std::string_view bare_code(std::string_view code) {
  if (const std::size_t hash = code.rfind('#'); hash != code.npos) code.remove_prefix(hash + 1);
  return code.substr(0, code.find(':'));
}

void read_xml(std::string_view body, ErrorText& text) {
  const Result<XmlElement> document = parse_xml(body);
  if (!document) return;
  // S3: <Error>; SQS, STS: <ErrorResponse><Error>; EC2 and old ones: <Response><Errors><Error>.
  const XmlElement* error = &*document;
  for (const std::string_view step : {"Errors", "Error"}) {
    if (const XmlElement* inner = error->child(step)) error = inner;
  }
  text.code = bare_code(error->text_of("Code"));
  text.message = error->text_of("Message");
  text.region = error->text_of("Region");
}

void read_json(std::string_view body, ErrorText& text) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) return;
  const auto member = [&](boost::json::string_view key) -> std::string_view {
    const boost::json::value* found = value.get_object().if_contains(key);
    if (found == nullptr || !found->is_string()) return {};
    return {found->get_string().data(), found->get_string().size()};
  };
  text.code = bare_code(!member("__type").empty() ? member("__type") : member("code"));
  text.message = !member("message").empty() ? member("message") : member("Message");
}

// Says the problem for people, without AWS's own words.
std::string explain(Kind kind, const Subject& subject) {
  switch (kind) {
    case Kind::denied:
      return fmt::format("the credentials lack the permission {} on {}", subject.action,
                         subject.resource);
    case Kind::kms:
      return fmt::format("{} on {} needs a KMS key that cannot be used (permission kms:Decrypt)",
                         subject.action, subject.resource);
    case Kind::not_found:
      return fmt::format("{} does not exist ({})", subject.resource, subject.action);
    case Kind::archived:
      return fmt::format("{} is archived in Glacier: restore it first", subject.resource);
    case Kind::credentials:
      return fmt::format("AWS does not accept the credentials for {} on {}", subject.action,
                         subject.resource);
    case Kind::expired:
      return fmt::format("the session credentials for {} on {} have expired", subject.action,
                         subject.resource);
    case Kind::clock:
      return fmt::format("the clocks of this machine and of AWS differ too much for {}",
                         subject.action);
    case Kind::throttled:
      return fmt::format("AWS throttles {} on {}", subject.action, subject.resource);
    case Kind::changed:
      return fmt::format("{} was replaced while it was read", subject.resource);
    case Kind::region:
      return fmt::format("{} is in another region", subject.resource);
    default:
      return fmt::format("{} on {} failed", subject.action, subject.resource);
  }
}

bool is_retryable_kind(Kind kind) {
  return kind == Kind::transport || kind == Kind::throttled || kind == Kind::server;
}

}  // namespace

std::string_view name(Kind kind) {
  constexpr std::string_view kNames[] = {"transport",     "throttled", "server", "denied",
                                         "credentials",   "expired",   "clock",  "not_found",
                                         "kms",           "archived",  "region", "changed",
                                         "not_in_flight", "invalid",   "stopped"};
  return kNames[static_cast<std::size_t>(kind)];
}

Error to_error(const Failure& failure) {
  switch (failure.kind) {
    case Kind::denied:
    case Kind::kms:
    case Kind::credentials:
    case Kind::expired:
      return {Code::refused, failure.message};
    case Kind::not_found:
      return {Code::not_found, failure.message};
    case Kind::throttled:
    case Kind::server:
    case Kind::stopped:
      return {Code::busy, failure.message};
    default:
      return {Code::io, failure.message};
  }
}

ErrorText read_error(std::string_view body, std::string_view query_error) {
  ErrorText text;
  const std::string_view trimmed = text::trim(body);
  if (trimmed.starts_with('<')) {
    read_xml(trimmed, text);
  } else if (trimmed.starts_with('{')) {
    read_json(trimmed, text);
  }
  if (text.code.empty()) text.code = query_error.substr(0, query_error.find(';'));
  // After the first line, signature errors repeat the request with its session token.
  text.message.resize(std::min(text.message.find('\n'), text.message.size()));
  return text;
}

void remove_secret(std::string& text, const Secret& secret) {
  const std::string_view found = secret.reveal();
  if (found.empty()) return;
  for (std::size_t at = text.find(found); at != text.npos; at = text.find(found, at)) {
    text.replace(at, found.size(), "[...]");
  }
}

Failure classify(int status, ErrorText text, const Subject& subject) {
  Failure failure;
  failure.status = status;
  failure.kind = kind_of(status, text.code, subject.action);
  const std::string_view message = text.message;
  // "Signature expired: … is now earlier than …", "Signature not yet current: …"
  if (message.starts_with("Signature expired") || message.starts_with("Signature not yet")) {
    failure.kind = Kind::clock;
  }
  // S3 answers AccessDenied, and only the text names the key.
  if (failure.kind == Kind::denied && (message.find("perform: kms:") != message.npos ||
                                       message.find("customer master key") != message.npos)) {
    failure.kind = Kind::kms;
  }
  // AuthorizationHeaderMalformed is about the region only when it names the right one.
  if (text.code == "AuthorizationHeaderMalformed" && text.region.empty()) {
    failure.kind = Kind::credentials;
  }
  failure.is_retryable = is_retryable_kind(failure.kind);
  failure.message = explain(failure.kind, subject);
  if (failure.kind == Kind::denied && subject.action == "s3:GetObject") {
    failure.message += ", or the object does not exist and s3:ListBucket is lacking too";
  }
  const std::string said = text::printable(message.substr(0, kMessageBytes));
  if (text.code.empty()) {
    failure.message += fmt::format(" (HTTP {})", status);
  } else {
    failure.message += fmt::format(" ({}{}{})", text::printable(text.code.substr(0, 64)),
                                   said.empty() ? "" : ": ", said);
  }
  failure.code = std::move(text.code);
  failure.region = std::move(text.region);
  return failure;
}

}  // namespace tocsin::aws
