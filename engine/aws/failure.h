// Failure: why a call to AWS did not succeed, as its callers must tell apart. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace tocsin::aws {

enum class Kind : std::uint8_t {
  transport,      // no whole answer: name, connection, TLS, timeout
  throttled,      // too many requests
  server,         // AWS failed
  denied,         // the credentials may not do this
  credentials,    // there are no credentials, or AWS does not know them
  expired,        // the session's credentials have expired
  clock,          // our clock and AWS's differ too much
  not_found,      // the object, bucket or queue does not exist
  kms,            // the key may not be used, is disabled or gone
  archived,       // the object is in Glacier and has not been restored
  region,         // the bucket is in another region: Failure::region
  changed,        // the object was replaced while it was read
  not_in_flight,  // the message is not in flight any more: it comes again, or is gone
  invalid,        // any other refusal, and answers that cannot be read
  stopped,        // the caller's stop flag was set
};
// The name as a metric label.
std::string_view name(Kind kind);

struct Failure {
  Kind kind = Kind::invalid;
  bool is_retryable = false;
  int status = 0;         // of HTTP; 0: none
  std::string code{};     // AWS's: "NoSuchKey"
  std::string message{};  // one sentence, which names the action and the resource; without secrets
  std::string region{};   // Kind::region
  std::optional<std::int64_t> retry_after_ms{};
};

template <class T>
using Outcome = tl::expected<T, Failure>;

// For callers that do not branch on the kind.
Error to_error(const Failure& failure);

// An answer's error as AWS wrote it.
struct ErrorText {
  std::string code;     // without namespace and URL: "QueueDoesNotExist"
  std::string message;  // its first line
  std::string region;   // S3: where the bucket is
};
// From an answer that is not a success: XML (also what S3 and IAM send to JSON clients), JSON, or
// nothing. `query_error` is the header x-amzn-query-error ("Code;Sender"), used when the body has
// no code. Never fails: the code is "" when there is none.
ErrorText read_error(std::string_view body, std::string_view query_error);

// Replaces each occurrence of `secret` in `text` by "[...]".
void remove_secret(std::string& text, const Secret& secret);

// The action and the resource that the message names.
struct Subject {
  std::string_view action;    // "s3:GetObject"
  std::string_view resource;  // "arn:aws:s3:::bucket/key" or a URL
};
Failure classify(int status, ErrorText text, const Subject& subject);

}  // namespace tocsin::aws
