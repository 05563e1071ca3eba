#include "source/s3_notice.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "source/s3_key.h"

namespace tocsin::source {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).string(text);
  return out;
}

std::string sns(std::string_view message, std::string_view type = "Notification") {
  return fmt::format(
      R"({{"Type":"{}","MessageId":"m","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":{},)"
      R"("Timestamp":"2026-01-01T00:00:00.000Z"}})",
      type, quoted(message));
}

std::string s3_record(std::string_view key, std::string_view event = "ObjectCreated:Put",
                      std::string_view bucket = "trail", std::string_view version = "2.1",
                      int size = 10) {
  return fmt::format(
      R"({{"eventVersion":"{}","eventSource":"aws:s3","awsRegion":"us-west-2",)"
      R"("eventTime":"1970-01-01T00:00:01.000Z","eventName":"{}",)"
      R"("userIdentity":{{"principalId":"p"}},"s3":{{"s3SchemaVersion":"1.0",)"
      R"("bucket":{{"name":"{}"}},"object":{{"key":"{}","size":{},"sequencer":"00"}}}}}})",
      version, event, bucket, key, size);
}
std::string s3(const std::vector<std::string>& records) {
  return fmt::format(R"({{"Records":[{}]}})", fmt::join(records, ","));
}

std::string eventbridge(std::string_view type, std::string_view key = "a+b") {
  return fmt::format(
      R"({{"version":"0","id":"i","detail-type":"{}","source":"aws.s3","account":"111122223333",)"
      R"("time":"1970-01-01T00:00:02Z","region":"eu-west-1","resources":[],)"
      R"("detail":{{"version":"0","bucket":{{"name":"trail"}},"object":{{"key":"{}","size":5}}}}}})",
      type, key);
}

constexpr char kTest[] =
    R"({"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z",)"
    R"("Bucket":"trail","RequestId":"r","HostId":"h"})";
constexpr char kEvent[] =
    R"({"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventName":"GetObject"})";

// "kind[ wrapped] bucket/key@region#account…"
std::string shown(const S3Notice& notice) {
  std::string out(name(notice.kind));
  if (notice.is_wrapped) out += " wrapped";
  for (const S3Pointer& each : notice.objects) {
    out += fmt::format(" {}/{}@{}#{}", each.bucket, each.key, each.region, each.account);
  }
  if (notice.ignored != 0) out += fmt::format(" ignored {}", notice.ignored);
  return out;
}

TEST_CASE("every shape of a message, and every odd one, is understood for what it is") {
  const std::string cloudtrail = R"({"s3Bucket":"b","s3ObjectKey":["k+1","AWSLogs/%41"]})";
  struct Case {
    std::string body, expected;
  };
  const Case cases[] = {
      // The four shapes.
      {s3({s3_record("a+b%2Bc%3Dd")}), "s3 trail/a b+c=d@us-west-2#"},
      {sns(s3({s3_record("k")})), "s3 wrapped trail/k@us-west-2#"},
      {eventbridge("Object Created"), "eventbridge trail/a+b@eu-west-1#111122223333"},
      {cloudtrail, "cloudtrail b/k+1@# b/AWSLogs/%41@#"},
      {sns(cloudtrail), "cloudtrail wrapped b/k+1@# b/AWSLogs/%41@#"},
      {sns(eventbridge("Object Created")), "eventbridge wrapped trail/a+b@eu-west-1#111122223333"},
      // Several, and of several kinds.
      {s3({s3_record("a"), s3_record("b", "ObjectRemoved:Delete"),
           s3_record("c", "ObjectCreated:CompleteMultipartUpload")}),
       "s3 trail/a@us-west-2# trail/c@us-west-2# ignored 1"},
      {R"({"s3Bucket":"b","s3ObjectKey":"one/key"})", "cloudtrail b/one/key@#"},
      {R"({"s3Bucket":"b","s3ObjectKey":[]})", "other"},
      // About no new object.
      {s3({s3_record("a", "ObjectRemoved:Delete")}), "other ignored 1"},
      {s3({s3_record("a", "ObjectRestore:Completed")}), "other ignored 1"},
      {s3({s3_record("a", "ObjectTagging:Put")}), "other ignored 1"},
      {eventbridge("Object Tags Added"), "other ignored 1"},
      {eventbridge("Object Deleted"), "other ignored 1"},
      {kTest, "test"},
      {sns(kTest), "test wrapped"},
      {"CloudTrail validation message.", "validation"},
      {sns("CloudTrail validation message."), "validation wrapped"},
      {sns("You have chosen to subscribe …", "SubscriptionConfirmation"), "other"},
      // The events themselves.
      {fmt::format(R"({{"Records":[{}]}})", kEvent), "events"},
      {sns(fmt::format(R"({{"Records":[{}]}})", kEvent)), "events wrapped"},
      {kEvent, "events"},
      {fmt::format("{}\n{}\n", kEvent, kEvent), "events"},
      {fmt::format("[{}]", kEvent), "events"},
      {fmt::format(
           R"({{"detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{}}})",
           kEvent),
       "events"},
      {R"({"Records":[]})", "events"},
      // Neither.
      {"", "unreadable"},
      {"hello", "unreadable"},
      {"{", "unreadable"},
      {"{}", "unreadable"},
      {"[]", "unreadable"},
      {"[1,2]", "unreadable"},
      {R"({"a":1})", "unreadable"},
      {R"("text")", "unreadable"},
      {sns(sns(s3({s3_record("k")}))), "unreadable wrapped"},
      {sns(""), "unreadable wrapped"},
      {s3({s3_record("k", "ObjectCreated:Put", "trail", "3.0")}), "unreadable"},
      {s3({s3_record("k", "ObjectCreated:Put", "")}), "unreadable"},
      {s3({s3_record("")}), "unreadable"},
      {s3({s3_record("k"), kEvent}), "unreadable"},
      {eventbridge("Object Created", ""), "unreadable"},
      {R"({"s3Bucket":"b","s3ObjectKey":[1]})", "unreadable"},
      {R"({"s3ObjectKey":["k"]})", "unreadable"},
      {std::string(5000, '['), "unreadable"},
  };
  for (const Case& c : cases) {
    INFO(c.body.substr(0, 300));
    const S3Notice notice = read_notice(c.body);
    CHECK(shown(notice) == c.expected);
    CHECK((notice.kind == S3Notice::Kind::unreadable) != notice.problem.empty());
  }
}

TEST_CASE("a notice says when its object was written, and whether it is empty") {
  const S3Notice notice =
      read_notice(s3({s3_record("a"), s3_record("b", "ObjectCreated:Put", "trail", "2.2", 0)}));
  REQUIRE(notice.objects.size() == 2);
  CHECK(notice.objects[0].event_time_ms == 1000);
  CHECK_FALSE(notice.objects[0].is_empty);
  CHECK(notice.objects[1].is_empty);
}

TEST_CASE("a message that names too many objects is not read") {
  std::vector<std::string> records(kNoticeObjects, s3_record("k"));
  CHECK(read_notice(s3(records)).objects.size() == kNoticeObjects);
  records.push_back(records[0]);
  CHECK(read_notice(s3(records)).kind == S3Notice::Kind::unreadable);
}

TEST_CASE("a key says what its object is") {
  struct Case {
    std::string_view key, expected;
  };
  const Case cases[] = {
      {"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/30/x.json.gz",
       "log 111122223333 eu-west-1 2026/11/30"},
      {"pre/fix/AWSLogs/o-abc123/111122223333/CloudTrail/us-gov-west-1/2026/01/02/x.json.gz",
       "log 111122223333 us-gov-west-1 2026/01/02"},
      {"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/30/x.json.gz",
       "digest 111122223333 eu-west-1 2026/11/30"},
      {"AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/11/30/x.json.gz",
       "insight 111122223333 eu-west-1 2026/11/30"},
      {"AWSLogs/111122223333/Config/eu-west-1/2026/1/3/ConfigHistory/x.json.gz",
       "config 111122223333  "},
      {"AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", "config 111122223333  "},
      {"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/30/x.log.gz",
       "other 111122223333 eu-west-1 2026/11/30"},
      {"AWSLogs/111122223333/CloudTrail/", "folder 111122223333  "},
      {"AWSLogs/", "folder   "},
      {"AWSLogs/x", "other   "},
      {"copies/x.json.gz", "log   "},
      {"NotAWSLogs/111122223333/Config/x", "log   "},
      {"folder/", "folder   "},
      {"", "log   "},
  };
  for (const Case& c : cases) {
    INFO(c.key);
    const S3Key key = read_key(c.key);
    CHECK(fmt::format("{} {} {} {}", name(key.kind), key.account, key.region, key.day) ==
          c.expected);
  }
}

}  // namespace
}  // namespace tocsin::source
