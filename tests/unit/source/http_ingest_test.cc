#include "source/http_ingest.h"

#include <catch2/catch.hpp>

#include "fakes.h"
#include "net/crypto.h"
#include "source/firehose.h"
#include "source/sns_message.h"
#include "unit/event/samples.h"

namespace tocsin::source {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'123;  // 2026-01-01T00:00:00.123Z

const Headers kFirehose = {{"x-amz-firehose-protocol-version", "1.0"},
                           {"x-amz-firehose-request-id", "id-1"}};
const Headers kBridge = {{"user-agent", "Amazon/EventBridge/ApiDestinations"},
                         {"range", "bytes=0-1048575"}};
const Headers kStructured = {{"content-type", "Application/CloudEvents+json; charset=utf-8"}};
const Headers kBinary = {{"ce-specversion", "1.0"}, {"ce-id", "1"}};
const Headers kRawSns = {{"x-amz-sns-message-type", "Notification"},
                         {"x-amz-sns-rawdelivery", "true"}};

Receipt receipt(std::uint64_t accepted, std::uint64_t rejected) {
  Receipt out;
  out.accepted = accepted;
  out.rejected = rejected;
  for (std::uint64_t i = 0; i < rejected; ++i) out.errors.push_back({i + 1, i + 2, "no \"event\""});
  return out;
}

Receipt failed(Code code) {
  Receipt out;
  out.status = fail(code, "/var/lib/tocsin: no space");
  return out;
}

std::string delivery(const std::string& records, const std::string& id = "id-1") {
  return R"({"requestId":")" + id + R"(","timestamp":1578090901599,"records":[)" + records + "]}";
}

std::string fh(const std::string& error = {}) {
  return R"({"requestId":"id-1","timestamp":1767225600123)" +
         (error.empty() ? "}" : R"(,"errorMessage":")" + error + "\"}");
}

struct Exchange {
  const char* name;
  Headers headers;
  std::string body;
  Receipt receipt;
  int status;
  std::string answer;
  std::string submitted;  // "": nothing
};

const std::string kNothing = R"({"accepted":0,"rejected":0,"errors":[]})";
const std::string kOne = R"({"accepted":1,"rejected":0,"errors":[]})";
const std::string kOneOfTwo =
    R"({"accepted":1,"rejected":1,"errors":[{"record":1,"line":2,"reason":"no \"event\""}]})";
const std::string kNoneOfOne =
    R"({"accepted":0,"rejected":1,"errors":[{"record":1,"line":2,"reason":"no \"event\""}]})";
const std::string kBusy = R"({"error":"busy; try again later"})";
const std::string kFailed = R"({"error":"the events could not be kept; try again later"})";
const std::string kEmptyBody = R"({"error":"the body is empty"})";
const std::string kBinaryBody("\x1f\x8b\0\xff", 4);

std::string at_byte(std::size_t byte) {
  return "the body is not a Firehose delivery in JSON (at byte " + std::to_string(byte) + ")";
}

std::vector<Exchange> exchanges() {
  const std::string two = delivery(R"({"data":"e30="},{"data":""})");
  const std::string plain = delivery(R"({"data":"e30="})");
  std::vector<Exchange> out = {
      {"one", {}, "{}", receipt(1, 0), 202, kOne, "{}"},
      {"some", {}, "{}\nx", receipt(1, 1), 202, kOneOfTwo, "{}\nx"},
      {"none", {}, "x", receipt(0, 1), 400, kNoneOfOne, "x"},
      {"control messages only", {}, " ", receipt(0, 0), 202, kNothing, " "},
      {"empty", {}, "", receipt(0, 0), 400, kEmptyBody, ""},
      {"gzip as it is",
       {{"content-encoding", "gzip"}},
       kBinaryBody,
       receipt(1, 0),
       202,
       kOne,
       kBinaryBody},
      {"busy", {}, "{}", failed(Code::busy), 503, kBusy, "{}"},
      {"disk", {}, "{}", failed(Code::io), 500, kFailed, "{}"},
      {"idempotency key", {{"idempotency-key", "k"}}, "{}", receipt(1, 0), 202, kOne, "{}"},
      {"form data, as curl says",
       {{"content-type", "application/x-www-form-urlencoded"}},
       "{}",
       receipt(1, 0),
       202,
       kOne,
       "{}"},
      {"structured CloudEvent", kStructured, "{}", receipt(1, 0), 202, kOne, "{}"},
      {"binary CloudEvent", kBinary, "{}", receipt(1, 0), 202, kOne, "{}"},
      {"CloudEvent without data", kBinary, "", receipt(0, 0), 400, kEmptyBody, ""},
      {"EventBridge", kBridge, "{}", receipt(1, 0), 200, kOne, "{}"},
      {"EventBridge, none", kBridge, "{}", receipt(0, 1), 400, kNoneOfOne, "{}"},
      {"EventBridge, busy", kBridge, "{}", failed(Code::busy), 503, kBusy, "{}"},
      {"raw SNS", kRawSns, "{}", receipt(1, 0), 202, kOne, "{}"},

      {"Firehose", kFirehose, two, receipt(1, 0), 200, fh(), two},
      {"Firehose, nothing readable in it", kFirehose, plain, receipt(0, 1), 200, fh(), plain},
      {"Firehose, no records", kFirehose, delivery(""), receipt(0, 0), 200, fh(), delivery("")},
      {"Firehose, busy", kFirehose, plain, failed(Code::busy), 503, fh("busy; try again later"),
       plain},
      {"Firehose, disk", kFirehose, plain, failed(Code::io), 500,
       fh("the events could not be kept; try again later"), plain},
      {"Firehose, gzip", kFirehose, event::gzipped(two), receipt(1, 0), 200, fh(), two},
  };
  const std::pair<std::string, std::string> bad_deliveries[] = {
      {"", "the body is empty"},
      {"x", at_byte(0)},
      {"[]", at_byte(0)},
      {plain.substr(0, 40), at_byte(40)},
      {plain + "x", at_byte(plain.size())},
      {plain + plain, at_byte(plain.size())},
      {"{}", "the delivery has no requestId"},
      {R"({"requestId":"id-1"})", "the delivery has no records"},
      {R"({"requestId":"id-1","records":{}})", at_byte(30)},
      {R"({"requestId":"id-1","records":[],})", at_byte(33)},
      {R"({"requestId":"id-1","records":[] "a":1})", at_byte(33)},
      {R"({"requestId":"id-1","t":01,"records":[]})", at_byte(25)},
      {R"({"requestId":"id-1","t":tru,"records":[]})", at_byte(27)},
      {R"({"requestId":"id-1","rec\u006frds":[]})", at_byte(34)},
      {R"({"requestId":1,"records":[]})", at_byte(13)},
      {R"({"requestId":"id-1","requestId":"id-1","records":[]})", R"(\"requestId\" occurs twice)"},
      {R"({"requestId":"id-1","records":[],"records":[]})", R"(\"records\" occurs twice)"},
      {delivery(R"({"data":"e30="})", "id-2"),
       "requestId differs from the header X-Amz-Firehose-Request-Id"},
      {delivery("{}"), "records[0] has no data"},
      {delivery("1"), at_byte(57)},
      {delivery(R"({"data":"e30="},)"), at_byte(73)},
      {delivery(R"({"data":null})"), at_byte(65)},
      {delivery(R"({"data":"e30=","data":"e30="})"), R"(\"data\" occurs twice)"},
      {delivery(R"({"data":"e30="},{"data":"{}"})"), "records[1].data is not base64"},
      {delivery(R"({"data":"e30=="})"), "records[0].data is not base64"},
      {delivery(R"({"data":"abcde"})"), "records[0].data is not base64"},
      {delivery(R"({"data":"ab\u0063d"})"), "records[0].data is not base64"},
      {event::gzipped(plain).substr(0, 30), "unexpected end of input in gzip member 1"},
  };
  for (const auto& [body, error] : bad_deliveries) {
    out.push_back({"bad delivery", kFirehose, body, receipt(0, 0), 400, fh(error), ""});
  }
  const std::string good_deliveries[] = {
      delivery(R"({"data":"Pz8\/"})"),
      delivery(R"({"data":"e30="} , {"new":{"a":[1,null,"]"]},"data":"e30"} )"),
      " {\n\"records\" : [ ] , \"new\":[{\"a\":1.5e3}], \"requestId\" : \"id\\u002d1\" }\r\n",
  };
  for (const std::string& body : good_deliveries) {
    out.push_back({"good delivery", kFirehose, body, receipt(1, 0), 200, fh(), body});
  }
  return out;
}

TEST_CASE("ingest: what is answered") {
  for (const Exchange& test : exchanges()) {
    INFO(test.name << ": " << test.body);
    FakeIntake intake;
    intake.receipt = test.receipt;
    FakeClock clock(kNow);
    IngestOptions options;
    std::vector<int> counted;
    options.on_answer = [&](std::string_view, int status) { counted.push_back(status); };
    HttpIngest ingest(options, intake, clock);
    const net::HttpHead head = head_of(test.headers);
    REQUIRE_FALSE(ingest.admit(head).refusal);
    CHECK_FALSE(HttpIngest::is_sns(head));
    const auto client = std::make_shared<FakeClient>();
    ingest.handle({head, test.body, {}}, net::Responder(client));
    const net::ServerReply reply = client->wait();
    CHECK(reply.status == test.status);
    CHECK(reply.body == test.answer);
    CHECK(reply.content_type == "application/json");
    CHECK(header_of(reply, "Retry-After") == (test.status == 503 ? "1" : ""));
    CHECK(counted == std::vector<int>{test.status});
    REQUIRE(intake.submissions.size() == (test.submitted.empty() ? 0 : 1));
    if (test.submitted.empty()) continue;
    CHECK(intake.submissions[0].bytes == test.submitted);
    CHECK(intake.submissions[0].source == "http");
    CHECK(intake.submissions[0].received_ms == kNow);
  }
}

TEST_CASE("ingest: who is refused before the body is read") {
  struct Case {
    const char* name;
    net::HttpHead head;
    int status;  // 0: admitted
    std::string answer;
    std::string header, value;
  };
  const auto firehose = [](const std::string& version, const std::string& id) {
    return head_of(
        {{"x-amz-firehose-protocol-version", version}, {"x-amz-firehose-request-id", id}});
  };
  const std::string encoding =
      R"({"error":"Content-Encoding must be gzip, or there must be none"})";
  const Case cases[] = {
      {"get", head_of({}, "GET"), 405, R"({"error":"events are sent with POST"})", "Allow", "POST"},
      {"lower case", head_of({}, "post"), 405, R"({"error":"events are sent with POST"})", "Allow",
       "POST"},
      {"gzip", head_of({{"content-encoding", "GZIP"}}), 0, "", "", ""},
      {"x-gzip", head_of({{"content-encoding", "x-gzip"}}), 0, "", "", ""},
      {"identity", head_of({{"content-encoding", "identity"}}), 0, "", "", ""},
      {"brotli", head_of({{"content-encoding", "br"}}), 415, encoding, "Accept-Encoding", "gzip"},
      {"two", head_of({{"content-encoding", "gzip, gzip"}}), 415, encoding, "Accept-Encoding",
       "gzip"},
      {"Firehose", firehose("1.0", "id-1"), 0, "", "", ""},
      {"Firehose 2", firehose("2.0", "id-1"), 400,
       fh("X-Amz-Firehose-Protocol-Version must be 1.0"), "", ""},
      {"Firehose without version", head_of({{"x-amz-firehose-request-id", "id-1"}}), 400,
       fh("X-Amz-Firehose-Protocol-Version must be 1.0"), "", ""},
      {"Firehose without id", firehose("1.0", ""), 400,
       R"({"requestId":"","timestamp":1767225600123,"errorMessage":"the header X-Amz-Firehose-Request-Id is missing"})",
       "", ""},
      {"SNS without topics", head_of({{"x-amz-sns-message-type", "Notification"}}), 403,
       R"({"error":"no SNS topics are configured"})", "", ""},
      {"raw SNS", head_of(kRawSns), 0, "", "", ""},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    FakeIntake intake;
    FakeClock clock(kNow);
    const HttpIngest ingest({}, intake, clock);
    const net::Admission admission = ingest.admit(test.head);
    REQUIRE(admission.refusal.has_value() == (test.status != 0));
    if (test.status == 0) continue;
    CHECK(admission.refusal->status == test.status);
    CHECK(admission.refusal->body == test.answer);
    if (!test.header.empty()) CHECK(header_of(*admission.refusal, test.header) == test.value);
  }
}

TEST_CASE("ingest: limits and the answers beyond them") {
  FakeIntake intake;
  FakeClock clock(kNow);
  IngestOptions options;
  options.sns.topics = {"arn:aws:sns:us-east-1:1:t"};
  const HttpIngest ingest(options, intake, clock);
  const net::Admission native = ingest.admit(head_of({}));
  CHECK(native.body_limit == std::size_t{10} << 20);
  CHECK(native.too_large->status == 413);
  CHECK(native.too_large->body == R"({"error":"the body is too large"})");
  const net::Admission firehose = ingest.admit(head_of(kFirehose));
  CHECK(firehose.body_limit == std::size_t{64} << 20);
  CHECK(firehose.too_large->status == 413);
  CHECK(firehose.too_large->body == fh("the body is too large"));
  const net::Admission sns = ingest.admit(head_of({{"x-amz-sns-message-type", "Notification"}}));
  CHECK_FALSE(sns.refusal);
  CHECK(sns.body_limit == kSnsBodyBytes);
  const net::Admission foreign =
      ingest.admit(head_of({{"x-amz-sns-message-type", "Notification"},
                            {"x-amz-sns-topic-arn", "arn:aws:sns:us-east-1:2:t"}}));
  REQUIRE(foreign.refusal);
  CHECK(foreign.refusal->status == 403);
}

TEST_CASE("ingest: a Firehose delivery that inflates to too much") {
  FakeIntake intake;
  FakeClock clock(kNow);
  IngestOptions options;
  options.firehose_body_bytes = 1000;
  HttpIngest ingest(options, intake, clock);
  const auto client = std::make_shared<FakeClient>();
  ingest.handle({head_of(kFirehose), event::gzipped(std::string(1001, ' ')), {}},
                net::Responder(client));
  CHECK(client->wait().status == 413);
  CHECK(intake.submissions.empty());
}

TEST_CASE("ingest: a Firehose delivery has at most 10,000 records") {
  std::string records = R"({"data":""})";
  for (std::size_t i = 1; i < kFirehoseRecords; ++i) records += R"(,{"data":""})";
  CHECK(check_firehose_body(delivery(records), "id-1"));
  const Status more = check_firehose_body(delivery(records + R"(,{"data":""})"), "id-1");
  REQUIRE_FALSE(more);
  CHECK(more.error().code == Code::limit);
}

TEST_CASE("ingest: tokens and who lacks them") {
  CHECK(HttpIngest::token_of(head_of({{"x-amz-firehose-access-key", "k"}})) == "k");
  CHECK(HttpIngest::token_of(head_of({{"x-api-key", "k"}})) == "k");
  CHECK(HttpIngest::token_of(head_of({{"authorization", "Bearer k"}})).empty());
  const auto sns = head_of({{"x-amz-sns-message-type", "Notification"}});
  CHECK(HttpIngest::is_sns(sns));
  CHECK_FALSE(HttpIngest::is_sns(head_of(kRawSns)));
  auto mixed = kFirehose;  // it is read as a Firehose delivery, and so needs its key
  mixed.emplace_back("x-amz-sns-message-type", "Notification");
  CHECK_FALSE(HttpIngest::is_sns(head_of(mixed)));

  FakeIntake intake;
  FakeClock clock(kNow);
  const HttpIngest ingest({}, intake, clock);
  const net::ServerReply native = ingest.unauthorized(head_of({}));
  CHECK(native.status == 401);
  CHECK(native.body == R"({"error":"the access key or token is missing or wrong"})");
  CHECK(header_of(native, "WWW-Authenticate") == "Bearer realm=\"tocsin\"");
  const net::ServerReply firehose = ingest.unauthorized(head_of(kFirehose));
  CHECK(firehose.status == 401);
  CHECK(firehose.body == fh("the access key or token is missing or wrong"));
  CHECK(header_of(ingest.unauthorized(head_of(kRawSns)), "WWW-Authenticate") ==
        "Basic realm=\"tocsin\"");
}

TEST_CASE("ingest: an answer that comes late, or never") {
  FakeIntake intake;
  intake.hold = true;
  FakeClock clock(kNow);
  const auto client = std::make_shared<FakeClient>();
  const auto forgotten = std::make_shared<FakeClient>();
  {
    HttpIngest ingest({}, intake, clock);
    ingest.handle({head_of({}), "{}", {}}, net::Responder(client));
    ingest.handle({head_of({}), "{}", {}}, net::Responder(forgotten));
  }
  REQUIRE_FALSE(client->has_reply());
  intake.held[0].commit(receipt(1, 0));  // the ingest is gone
  CHECK(client->wait().status == 202);
  intake.held.clear();  // the pipeline is gone as well: nothing was promised
  CHECK(forgotten->wait().status == 503);
}

TEST_CASE("ingest: long reasons and many errors are cut") {
  FakeIntake intake;
  intake.receipt.rejected = 150;
  for (std::uint64_t i = 0; i < 150; ++i) {
    intake.receipt.errors.push_back({i, i, std::string(511, 'a') + "\xc3\xa4" + "end"});
  }
  FakeClock clock(kNow);
  HttpIngest ingest({}, intake, clock);
  const auto client = std::make_shared<FakeClient>();
  ingest.handle({head_of({}), "{}", {}}, net::Responder(client));
  const std::string body = client->wait().body;
  CHECK(body.size() < 60'000);
  CHECK(body.find("end") == std::string::npos);
  CHECK(body.find("\xef\xbf\xbd") == std::string::npos);
  CHECK(body.find(R"("record":99,)") != std::string::npos);
  CHECK(body.find(R"("record":100,)") == std::string::npos);
}

}  // namespace
}  // namespace tocsin::source
