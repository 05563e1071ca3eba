#include "event/envelope.h"

#include <catch2/catch.hpp>

#include "base/limits.h"
#include "event/record_reader.h"
#include "samples.h"

namespace tocsin::event {
namespace {

const std::string kRecord = R"({"eventVersion":"1.08","eventName":"A","detail":{"x":"\"y\""}})";
const std::string kOther = R"({"eventName":"B"})";

std::string sns(const std::string& message) {
  return R"({"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:x","Message":)" +
         quoted(message) + R"(,"Timestamp":"2026-01-01T00:00:00Z","SignatureVersion":"1"})";
}

std::string logs(const std::string& type, const std::string& messages) {
  return R"({"messageType":")" + type +
         R"(","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[)" +
         messages + "]}";
}

std::string log_event(const std::string& message) {
  return R"({"id":"1","timestamp":1432826855000,"message":)" + quoted(message) + "}";
}

std::string firehose(const std::string& data) {
  return R"({"requestId":"r","timestamp":1,"records":[{"data":")" + base64(data) +
         R"("},{"data":""}]})";
}

std::string event_bridge(const std::string& source, const std::string& type,
                         const std::string& detail) {
  return R"({"version":"0","id":"1","detail-type":")" + type + R"(","source":")" + source +
         R"(","account":"1","time":"t","region":"r","resources":[],"detail":)" + detail + "}";
}

// Records as they are, errors as "!" and their message, control messages as "~".
struct Case {
  const char* name;
  std::string input;
  std::vector<std::string> expected;
};

const std::string kPointer = "; fetch it or configure the SQS source";

const Case kCases[] = {
    {"record", kRecord, {kRecord}},
    {"log file", R"({"Records":[)" + kRecord + "," + kOther + "]}", {kRecord, kOther}},
    {"gzip of a log file",
     gzipped(R"({"Records":[)" + kRecord + "," + kOther + "]}"),
     {kRecord, kOther}},
    {"SNS", sns(kRecord), {kRecord}},
    {"SNS of a log file",
     sns("{\n\"Records\":[" + kRecord + "," + kOther + "]}"),
     {kRecord, kOther}},
    {"SNS of SNS", sns(sns(kRecord)), {kRecord}},
    {"SNS of text", sns("hello"), {"!in the SNS message: 'h' where a JSON object should begin"}},
    {"SNS confirmation",
     R"({"Type":"SubscriptionConfirmation","TopicArn":"a","Message":"m"})",
     {"~"}},
    {"SNS end", R"({"Type":"UnsubscribeConfirmation","TopicArn":"a","Message":"m"})", {"~"}},
    {"not SNS",
     R"({"Type":"Notification","Message":"m"})",
     {R"({"Type":"Notification","Message":"m"})"}},
    {"CloudWatch Logs",
     logs("DATA_MESSAGE", log_event(kRecord) + "," + log_event(kOther)),
     {kRecord, kOther}},
    {"CloudWatch Logs of text",
     logs("DATA_MESSAGE", log_event("x") + "," + log_event(kOther)),
     {"!in the CloudWatch Logs message: 'x' where a JSON object should begin", kOther}},
    {"control message", logs("CONTROL_MESSAGE", log_event("x")), {"~"}},
    {"control text",
     logs("DATA_MESSAGE", log_event("CWL CONTROL MESSAGE: Checking health")),
     {"~"}},
    {"Lambda",
     R"({"awslogs":{"data":")" + base64(gzipped(logs("DATA_MESSAGE", log_event(kRecord)))) +
         R"("}})",
     {kRecord}},
    {"Firehose", firehose(kRecord + kOther + "\n"), {kRecord, kOther}},
    {"Firehose of CloudWatch Logs",
     firehose(gzipped(logs("DATA_MESSAGE", log_event(kOther)))),
     {kOther}},
    {"Firehose, not base64",
     R"({"records":[{"data":"a*bc"}]})",
     {"!in the Firehose record: not base64"}},
    {"Firehose, escaped slash",
     R"({"records":[{"data":"eyJhIjoiPz8\/In0="}]})",
     {R"({"a":"???"})"}},
    {"Firehose, damaged gzip",
     firehose(gzipped(kOther).substr(0, 20)),
     {"!in the Firehose record: the input ends inside the record",
      "!in the Firehose record: unexpected end of input in gzip member 1"}},
    {"EventBridge", event_bridge("aws.iam", "AWS API Call via CloudTrail", kRecord), {kRecord}},
    {"EventBridge in SNS",
     sns(event_bridge("aws.iam", "AWS API Call via CloudTrail", kRecord)),
     {kRecord}},
    {"EventBridge of S3",
     event_bridge("aws.s3", "Object Created",
                  R"({"bucket":{"name":"b"},"object":{"key":"k+%2B"}})"),
     {"!points to S3 object s3://b/k+%2B" + kPointer}},
    {"CloudEvent",
     R"({"specversion":"1.0","type":"t","source":"s","id":"1","data":)" + kRecord + "}",
     {kRecord}},
    {"CloudEvent of a string",
     R"({"specversion":"1.0","type":"t","source":"s","id":"1","data":)" + quoted(kOther) + "}",
     {kOther}},
    {"CloudEvent of base64",
     R"({"specversion":"1.0","type":"t","id":"1","data_base64":")" + base64(kOther) + R"("})",
     {kOther}},
    {"CloudEvent of an array",
     R"({"specversion":"1.0","type":"t","source":"s","id":"1","data":[)" + kRecord + "," + kOther +
         "]}",
     {kRecord, kOther}},
    {"CloudEvents batch",
     R"([{"specversion":"1.0","type":"t","source":"s","id":"1","data":)" + kRecord +
         R"(},{"specversion":"1.0","type":"t","source":"s","id":"2","data_base64":")" +
         base64(kOther) + R"("}])",
     {kRecord, kOther}},
    {"Firehose of log files and CloudWatch Logs in gzip members",
     R"({"requestId":"r","timestamp":1,"records":[{"data":")" +
         base64(gzipped(R"({"Records":[)" + kRecord + "]}") + gzipped(kOther)) + R"("},{"data":")" +
         base64(gzipped(logs("DATA_MESSAGE", log_event(kOther)) +
                        logs("CONTROL_MESSAGE", log_event("x")))) +
         R"("}]})",
     {kRecord, kOther, kOther, "~"}},
    {"S3 notification",
     R"({"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2Fc.gz"}}}]})",
     {"!points to S3 object s3://b/a b/c.gz" + kPointer}},
    {"CloudTrail notification",
     sns(R"({"s3Bucket":"b","s3ObjectKey":["k1","k\/2"]})"),
     {"!points to S3 object s3://b/k1" + kPointer, "!points to S3 object s3://b/k/2" + kPointer}},
    {"S3 test", R"({"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"})", {"~"}},
    {"digest",
     R"({"awsAccountId":"1","digestS3Object":"o","logFiles":[]})",
     {"!CloudTrail digest file, not events"}},
    {"scalars in an array", "[1," + kOther + "]", {"!not a JSON object", kOther}},
    {"escaped keys and texts",
     R"({"\u0054ype":"Notific\u0061tion","Topic\u0041rn":"a","M\u0065ssage":"{\u0022b\u0022:1}"})",
     {R"({"b":1})"}},
    {"two messages",
     R"({"Type":"Notification","TopicArn":"a","Message":"{\"b\":1}","Message":"{\"c\":2}"})",
     {R"({"b":1})", R"({"c":2})"}},
    {"a message of another type",
     R"({"Type":"Notification","TopicArn":"a","Message":7,"Message":"{}","Message":null})",
     {"!in the SNS message: the payload has another type than it should have", "{}"}},
    {"two details",
     R"({"detail-type":"t","source":"s","detail":{"b":1},"detail":{"c":2}})",
     {R"({"b":1})", R"({"c":2})"}},
    {"records in a detail",
     event_bridge("s", "t", R"({"Records":[null,)" + kOther + "]}"),
     {"!in the EventBridge event: not a JSON object", kOther}},
    {"an event with records in a detail",
     event_bridge("s", "t", R"({"a":1,"Records":[)" + kOther + "]}"),
     {kOther, R"({"a":1,"Records":[)" + kOther + "]}"}},
    {"an event with records that is an envelope, too",
     R"({"Records":[)" + kOther + R"(],"Type":"Notification","TopicArn":"a","Message":"{}"})",
     {kOther, "{}"}},
    {"a log stream named like a control message",
     R"({"logStream":"CONTROL_MESSAGE","messageType":"DATA_MESSAGE","logEvents":[)" +
         log_event(kOther) + "]}",
     {kOther}},
    {"a record that mentions envelopes",
     R"({"eventID":"1","Type":"Notification","TopicArn":"a","Message":"m"})",
     {R"({"eventID":"1","Type":"Notification","TopicArn":"a","Message":"m"})"}},
    {"detail alone", R"({"detail":{"a":1},"source":"s"})", {R"({"detail":{"a":1},"source":"s"})"}},
    {"truncated inside", "{\"detail\":{\"a\":\"}", {"!the input ends inside the record"}},
};

std::vector<std::string> unwrapped(const Batch& batch) {
  std::vector<std::string> out(batch.records.size() + batch.errors.size());
  for (const Record& record : batch.records) out.at(record.origin.record - 1) = record.json;
  for (const RecordError& error : batch.errors) {
    if (error.origin.record != 0) out.at(error.origin.record - 1) = "!" + error.error.message;
  }
  for (std::size_t i = 0; i < batch.control_messages; ++i) out.push_back("~");
  return out;
}

TEST_CASE("envelope: cases") {
  for (const Case& test : kCases) {
    INFO(test.name);
    const Batch batch = read_records(test.input);
    CHECK(unwrapped(batch) == test.expected);
    for (const Record& record : batch.records) {
      volatile char last = record.json.data()[record.json.size() + kPadding - 1];
      static_cast<void>(last);
    }
  }
}

TEST_CASE("envelope: records have the place of what encloses them") {
  const Batch batch = read_records("\n" + sns(kRecord + kOther) + "\n" + kOther);
  REQUIRE(batch.records.size() == 3);
  CHECK(batch.records[1].origin.line == 2);
  CHECK(batch.records[1].origin.offset == 1);
  CHECK(batch.records[1].origin.record == 2);
  CHECK(batch.records[2].origin.line == 3);
  CHECK(batch.records[2].origin.record == 3);
}

TEST_CASE("envelope: nesting has a limit") {
  std::string text = kRecord;
  for (std::size_t i = 0; i < limits::kEnvelopeDepth; ++i) {
    text = i % 2 == 0 ? event_bridge("s", "t", text) : sns(text);
  }
  CHECK(read_records(text).records.size() == 1);
  const Batch batch = read_records(sns(text));
  CHECK(batch.records.empty());
  REQUIRE(batch.errors.size() == 1);
  CHECK(batch.errors[0].error.code == Code::limit);
}

TEST_CASE("envelope: log files in one another, deeper than a framer follows") {
  std::string text = kOther;
  for (std::size_t i = 0; i < 20; ++i) text = R"({"Records":[)" + text + ",null]}";
  const Batch batch = read_records(text + kRecord);
  REQUIRE(batch.records.size() == 2);
  CHECK(batch.records[0].json == kOther);
  CHECK(batch.records[1].json == kRecord);
  CHECK(batch.errors.size() == 20);
}

TEST_CASE("envelope: an inflated payload has a limit") {
  const std::string bomb = gzipped(std::string(limits::kInflatedPayloadBytes + 1, ' '));
  const Batch batch = read_records(firehose(bomb) + firehose(kOther));
  CHECK(batch.records.size() == 1);
  REQUIRE(batch.errors.size() == 1);
  CHECK(batch.errors[0].error.code == Code::limit);
  const Batch direct = read_records(bomb);
  REQUIRE(direct.errors.size() == 1);
  CHECK(direct.errors[0].fatal_for_input);
}

TEST_CASE("envelope: what one text holds has a limit in number") {
  const auto repeated = [](const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
  };
  // Records, errors and payloads count; each kind alone is one too many.
  const std::size_t limit = limits::kEnvelopeItems;
  const std::string kBombs[] = {
      firehose(gzipped(repeated("{}", limit + 1))),
      firehose(gzipped("[" + repeated("1,", limit + 1) + "1]")),
      firehose(gzipped(logs("DATA_MESSAGE", repeated(R"({"message":""},)", limit + 1) + "{}"))),
      R"({"s3Bucket":"b","s3ObjectKey":[)" + repeated("\"\",", limit + 1) + "\"\"]}",
  };
  for (const std::string& bomb : kBombs) {
    INFO(bomb.substr(0, 60));
    const Batch batch = read_records(bomb + kOther);
    CHECK(batch.records.size() + batch.errors.size() + batch.unwrapped.size() <= limit + 5);
    REQUIRE_FALSE(batch.errors.empty());
    CHECK(batch.errors.back().error.code == Code::limit);
    REQUIRE_FALSE(batch.records.empty());
    CHECK(batch.records.back().json == kOther);
  }
  const Batch whole = read_records(firehose(gzipped(repeated("{}", limit - 1))));
  CHECK(whole.records.size() == limit - 1);
  CHECK(whole.errors.empty());
}

}  // namespace
}  // namespace tocsin::event
