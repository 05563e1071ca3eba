// What AWS's refusals are taken for: bodies as the services send them.
#include "aws/failure.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::aws {
namespace {

struct Case {
  int status;
  const char* body;
  const char* query_error;
  Kind kind;
  const char* code;
};

constexpr Case kCases[] = {
    {404, "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>", "", Kind::not_found,
     "NoSuchKey"},
    {404, "<Error><Code>NoSuchBucket</Code></Error>", "", Kind::not_found, "NoSuchBucket"},
    {403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", "",
     Kind::denied, "AccessDenied"},
    {403,
     "<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/u is not authorized to "
     "perform: kms:Decrypt on resource: arn:aws:kms:k</Message></Error>",
     "", Kind::kms, "AccessDenied"},
    {400, "<Error><Code>KMS.DisabledException</Code><Message>k</Message></Error>", "", Kind::kms,
     "KMS.DisabledException"},
    {403, "<Error><Code>InvalidObjectState</Code></Error>", "", Kind::archived,
     "InvalidObjectState"},
    {503, "<Error><Code>SlowDown</Code><Message>Reduce</Message></Error>", "", Kind::throttled,
     "SlowDown"},
    {500, "<Error><Code>InternalError</Code></Error>", "", Kind::server, "InternalError"},
    {400, "<Error><Code>RequestTimeout</Code></Error>", "", Kind::server, "RequestTimeout"},
    {403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", "", Kind::clock,
     "RequestTimeTooSkewed"},
    {400, "<Error><Code>ExpiredToken</Code></Error>", "", Kind::expired, "ExpiredToken"},
    {301, "<Error><Code>PermanentRedirect</Code></Error>", "", Kind::region, "PermanentRedirect"},
    {307, "<Error><Code>TemporaryRedirect</Code></Error>", "", Kind::region, "TemporaryRedirect"},
    {400,
     "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; "
     "expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>",
     "", Kind::region, "AuthorizationHeaderMalformed"},
    {400, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>key</Message></Error>", "",
     Kind::credentials, "AuthorizationHeaderMalformed"},
    {412, "<Error><Code>PreconditionFailed</Code></Error>", "", Kind::changed,
     "PreconditionFailed"},
    {301, "", "", Kind::region, ""},
    {403, "", "", Kind::denied, ""},
    {429, "", "", Kind::throttled, ""},
    {502, "<html>Bad Gateway</html>", "", Kind::server, ""},
    // SQS, JSON protocol
    {400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"})",
     "AWS.SimpleQueueService.NonExistentQueue;Sender", Kind::not_found, "QueueDoesNotExist"},
    {400, "", "AWS.SimpleQueueService.NonExistentQueue;Sender", Kind::not_found,
     "AWS.SimpleQueueService.NonExistentQueue"},
    {400, R"({"__type":"com.amazonaws.sqs#RequestThrottled"})", "", Kind::throttled,
     "RequestThrottled"},
    {400, R"({"__type":"com.amazonaws.sqs#OverLimit"})", "", Kind::throttled, "OverLimit"},
    {400, R"({"__type":"com.amazonaws.sqs#KmsAccessDenied"})", "", Kind::kms, "KmsAccessDenied"},
    {400, R"({"__type":"com.amazonaws.sqs#KmsThrottled"})", "", Kind::throttled, "KmsThrottled"},
    {400, R"({"__type":"com.amazonaws.sqs#MessageNotInflight"})", "", Kind::not_in_flight,
     "MessageNotInflight"},
    {403, R"({"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: x"})", "",
     Kind::denied, "AccessDeniedException"},
    {403, R"({"__type":"com.amazon.coral.service#UnrecognizedClientException"})", "",
     Kind::credentials, "UnrecognizedClientException"},
    {403, R"({"__type":"com.amazon.coral.service#ExpiredTokenException"})", "", Kind::expired,
     "ExpiredTokenException"},
    {403,
     R"({"__type":"com.amazon.coral.service#InvalidSignatureException",)"
     R"("message":"Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z"})",
     "", Kind::clock, "InvalidSignatureException"},
    {400, R"({"__type":"ThrottlingException"})", "", Kind::throttled, "ThrottlingException"},
    // IAM and moto answer JSON clients with XML.
    {403,
     "<ErrorResponse><Errors><Error><Code>SignatureDoesNotMatch</Code><Message>x</Message></Error>"
     "</Errors></ErrorResponse>",
     "", Kind::credentials, "SignatureDoesNotMatch"},
    // STS
    {400,
     "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>IDPCommunicationError</Code>"
     "<Message>m</Message></Error></ErrorResponse>",
     "", Kind::server, "IDPCommunicationError"},
    {400, R"({"__type":"SomethingNew"})", "", Kind::invalid, "SomethingNew"},
    {400, "not a body", "", Kind::invalid, ""},
};

TEST_CASE("refusals are told apart, whatever their form") {
  for (const Case& test : kCases) {
    INFO(test.status << ' ' << test.body << ' ' << test.query_error);
    const Failure failure =
        classify(test.status, read_error(test.body, test.query_error), {"s3:GetObject", "r"});
    CHECK(std::string(name(failure.kind)) == name(test.kind));
    CHECK(failure.code == test.code);
    CHECK(failure.is_retryable == (test.kind == Kind::throttled || test.kind == Kind::server));
    CHECK_FALSE(failure.message.empty());
  }
}

TEST_CASE("a bucket that is called after keys needs none, and a queue is not redirected") {
  const ErrorText text = read_error(
      "<Error><Code>AccessDenied</Code><Message>User: u is not authorized to perform: s3:GetObject "
      "on resource: \"arn:aws:s3:::KMS-kms:x/customer\"</Message></Error>",
      "");
  CHECK(classify(403, text, {"s3:GetObject", "r"}).kind == Kind::denied);
  CHECK(classify(302, {}, {"sqs:ReceiveMessage", "r"}).kind == Kind::invalid);
  CHECK(classify(307, {}, {"sqs:ReceiveMessage", "r"}).kind == Kind::invalid);
  CHECK(classify(307, {}, {"s3:ListBucket", "r"}).kind == Kind::region);
}

TEST_CASE("a missing permission is one sentence that names action and resource") {
  const Failure failure =
      classify(403, read_error(R"({"__type":"AccessDeniedException","message":"User: u"})", ""),
               {"sqs:DeleteMessage", "https://sqs.eu-west-1.amazonaws.com/1/q"});
  CHECK(failure.message ==
        "the credentials lack the permission sqs:DeleteMessage on "
        "https://sqs.eu-west-1.amazonaws.com/1/q (AccessDeniedException: User: u)");
}

TEST_CASE("what a signature error repeats of the request is not kept, nor what could be a trick") {
  const std::string body =
      "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"The request signature we "
      "calculated "
      "does not match.\\n\\nThe Canonical String for this request should have been\\n'POST\\n"
      "x-amz-security-token:TOPSECRET'\"}";
  const Failure failure = classify(403, read_error(body, ""), {"a", "b"});
  CHECK_THAT(failure.message, !Catch::Contains("TOPSECRET"));
  CHECK_THAT(failure.message, Catch::Contains("does not match"));

  const Failure hostile = classify(
      400, read_error("{\"__type\":\"\\u001b[31mx\",\"message\":\"\\u001b[2J\"}", ""), {"a", "b"});
  CHECK_THAT(hostile.message, !Catch::Contains("\x1b"));
  const Failure longest = classify(
      400, read_error("{\"__type\":\"x\",\"message\":\"" + std::string(60'000, 'a') + "\"}", ""),
      {"a", "b"});
  CHECK(longest.message.size() < 1000);

  std::string text = "key KEY and KEYKEY";
  remove_secret(text, Secret("KEY"));
  CHECK(text == "key [...] and [...][...]");
  remove_secret(text, Secret(""));
  CHECK(text == "key [...] and [...][...]");
}

TEST_CASE("every kind has a name of its own") {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Kind::stopped); ++i) {
    names.emplace_back(name(static_cast<Kind>(i)));
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(name(Kind::transport) == "transport");
  CHECK(name(Kind::not_in_flight) == "not_in_flight");
  CHECK(name(Kind::stopped) == "stopped");
}

}  // namespace
}  // namespace tocsin::aws
