#include "source/sns_message.h"

#include <catch2/catch.hpp>

namespace tocsin::source {
namespace {

TEST_CASE("sns: addresses of certificates") {
  const std::string good[] = {
      "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
      "https://sns.us-gov-west-1.amazonaws.com/a.pem",
      "https://sns.ap-southeast-2.amazonaws.com/a/b_c.pem",
      "https://sns.cn-north-1.amazonaws.com.cn/a.pem",
      "https://localhost:8443/x.pem",
  };
  const std::string bad[] = {
      "",
      "https://",
      "https://sns.us-east-1.amazonaws.com",
      "http://sns.us-east-1.amazonaws.com/x.pem",
      "HTTPS://sns.us-east-1.amazonaws.com/x.pem",
      " https://sns.us-east-1.amazonaws.com/x.pem",
      "https:/sns.us-east-1.amazonaws.com/x.pem",
      "https:\\\\sns.us-east-1.amazonaws.com/x.pem",
      "https://sns.us-east-1.amazonaws.com.evil.com/x.pem",
      "https://sns.us-east-1.amazonaws.com.cn.evil.com/x.pem",
      "https://evil.com/sns.us-east-1.amazonaws.com/x.pem",
      "https://sns.us-east-1.amazonaws.com@evil.com/x.pem",
      "https://evil.com@sns.us-east-1.amazonaws.com/x.pem",
      "https://evil.com\\@sns.us-east-1.amazonaws.com/x.pem",
      "https://evil.com#sns.us-east-1.amazonaws.com/x.pem",
      "https://evil.com?sns.us-east-1.amazonaws.com/x.pem",
      "https://evil.com\\sns.us-east-1.amazonaws.com/x.pem",
      "https://evilsns.us-east-1.amazonaws.com/x.pem",
      "https://x.sns.us-east-1.amazonaws.com/x.pem",
      "https://sns.us-east-1.amazonaws.com:443/x.pem",
      "https://sns.us-east-1.amazonaws.com:8443/x.pem",
      "https://sns.us-east-1.amazonaws.com./x.pem",
      "https://sns.us-east-1.amazonaws.com\n/x.pem",
      "https://sns.us-east-1\xe3\x80\x82"
      "amazonaws.com/x.pem",
      "https://sns.us-east-1.amazonaws.com%2eevil.com/x.pem",
      "https://sns..amazonaws.com/x.pem",
      "https://sns.amazonaws.com/x.pem",
      "https://sns.s3.amazonaws.com/x.pem",
      "https://sns.s3-us-west-2.amazonaws.com/x.pem",
      "https://sns.execute-api.amazonaws.com/x.pem",
      "https://sns.us-east-1.s3.amazonaws.com/x.pem",
      "https://sns.us-east-.amazonaws.com/x.pem",
      "https://sns.us--1.amazonaws.com/x.pem",
      "https://sns.us-east-1.amazonaws.com/x.pem?",
      "https://sns.us-east-1.amazonaws.com/x.pem?a=.pem",
      "https://sns.us-east-1.amazonaws.com/x?a.pem",
      "https://sns.us-east-1.amazonaws.com/x.pem#",
      "https://sns.us-east-1.amazonaws.com/x.pem/",
      "https://sns.us-east-1.amazonaws.com/x.pem%00",
      "https://sns.us-east-1.amazonaws.com/../x.pem",
      "https://sns.us-east-1.amazonaws.com/x.PEM",
      "https://sns.us-east-1.amazonaws.com/x.crt",
      "https://localhost/x.pem",
      "https://localhost:84430/x.pem",
      "https://localhost:8443.evil.com/x.pem",
      "https://127.0.0.1:8443/x.pem",
      "https://169.254.169.254/x.pem",
      "file:///etc/x.pem",
  };
  for (const std::string& url : good) {
    INFO(url);
    CHECK(check_certificate_url(url, "localhost:8443"));
  }
  for (const std::string& url : bad) {
    INFO(url);
    CHECK_FALSE(check_certificate_url(url, "localhost:8443"));
  }
  CHECK_FALSE(check_certificate_url("https://localhost:8443/x.pem", ""));
  CHECK_FALSE(check_certificate_url("https:///x.pem", ""));
}

TEST_CASE("sns: addresses of confirmations") {
  const std::string base = "https://sns.us-east-1.amazonaws.com/";
  CHECK(
      check_subscribe_url(base + "?Action=ConfirmSubscription&TopicArn=arn:aws:sns:x&Token=1", ""));
  CHECK(check_subscribe_url(base + "?Token=1&Action=ConfirmSubscription", ""));
  CHECK_FALSE(check_subscribe_url(base, ""));
  CHECK_FALSE(check_subscribe_url(base + "?Action=DeleteTopic", ""));
  CHECK_FALSE(check_subscribe_url(base + "?NoAction=ConfirmSubscription", ""));
  CHECK_FALSE(check_subscribe_url(base + "x@y/?Action=ConfirmSubscription", ""));
  CHECK_FALSE(
      check_subscribe_url("https://sns.us-east-1.amazonaws.com?Action=ConfirmSubscription", ""));
  CHECK_FALSE(check_subscribe_url("https://evil.com/?Action=ConfirmSubscription", ""));
}

std::string spelled(const std::string& members) {
  return R"({"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"a\nb\u00e4",)" +
         members + R"("Timestamp":"2026-01-01T00:00:00.000Z","SignatureVersion":"2",)" +
         R"("Signature":"YWJj","SigningCertURL":"u"})";
}

TEST_CASE("sns: what is signed") {
  const auto plain = parse_sns(spelled(""));
  REQUIRE(plain);
  CHECK(plain->signed_text() ==
        "Message\na\nb\xc3\xa4\nMessageId\nm\nTimestamp\n2026-01-01T00:00:00.000Z\n"
        "TopicArn\nt\nType\nNotification\n");
  CHECK(plain->signature == "abc");
  CHECK(plain->hash() == net::RsaHash::sha256);
  const auto empty_subject = parse_sns(spelled(R"("Subject":"","UnsubscribeURL":"x",)"));
  REQUIRE(empty_subject);
  CHECK(empty_subject->signed_text().find("MessageId\nm\nSubject\n\nTimestamp\n") !=
        std::string::npos);
  const auto confirmation = parse_sns(
      R"({"Type":"SubscriptionConfirmation","MessageId":"m","TopicArn":"t","Message":"x","Token":"k",)"
      R"("SubscribeURL":"s","Timestamp":"z","SignatureVersion":"1","Signature":"YWJj",)"
      R"("SigningCertURL":"u"})");
  REQUIRE(confirmation);
  CHECK(confirmation->signed_text() ==
        "Message\nx\nMessageId\nm\nSubscribeURL\ns\nTimestamp\nz\nToken\nk\nTopicArn\nt\n"
        "Type\nSubscriptionConfirmation\n");
  CHECK(confirmation->hash() == net::RsaHash::sha1);
}

TEST_CASE("sns: what is no message") {
  const auto without = [](const std::string& member) {
    std::string body = spelled("");
    body.replace(body.find("\"" + member + "\""), member.size() + 2, "\"x\"");
    return body;
  };
  const std::string bad[] = {
      "",
      "x",
      "[]",
      "{}",
      spelled("") + "x",
      spelled("").substr(0, 100),
      without("Type"),
      without("Message"),
      without("MessageId"),
      without("TopicArn"),
      without("Timestamp"),
      without("SignatureVersion"),
      without("Signature"),
      without("SigningCertURL"),
      spelled(R"("Type":"Nothing",)"),
      spelled(R"("Type":"SubscriptionConfirmation",)"),
      spelled(R"("Type":"SubscriptionConfirmation","Token":"k",)"),
      spelled(R"("Message":1,)"),  // the last of two counts
      spelled(R"("MessageId":null,)"),
  };
  for (const std::string& body : bad) {
    INFO(body);
    const auto parsed = parse_sns(body);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::invalid_input);
  }
  REQUIRE(parse_sns(spelled("")));
}

TEST_CASE("sns: the time of a message") {
  SnsMessage message;
  message.timestamp = "2026-01-01T00:00:00.500Z";
  const std::int64_t time = 1'767'225'600'500;
  CHECK(check_sns_time(message, time));
  CHECK(check_sns_time(message, time + kSnsAgeMs));
  CHECK(check_sns_time(message, time - kSnsAgeMs));
  CHECK_FALSE(check_sns_time(message, time + kSnsAgeMs + 1));
  CHECK_FALSE(check_sns_time(message, time - kSnsAgeMs - 1));
  message.timestamp = "yesterday";
  CHECK_FALSE(check_sns_time(message, time));
}

}  // namespace
}  // namespace tocsin::source
