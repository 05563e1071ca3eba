// SNS, from the request to the answer: messages signed by a key of our own, whose certificate is
// fetched over HTTPS from a server of our own.
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/ip.h"
#include "base/json_writer.h"
#include "base/time.h"
#include "fakes.h"
#include "net/http_server.h"
#include "pki.h"
#include "source/http_ingest.h"

namespace tocsin::source {
namespace {

const std::string kTopic = "arn:aws:sns:us-east-1:123456789012:audit";
const std::string kEvent = R"({"eventVersion":"1.08","eventName":"StopLogging","eventID":"e"})";

struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "tocsin-sns-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return path / name;
  }
  std::filesystem::path path;
};

// Stands for sns.REGION.amazonaws.com.
class Aws final : public net::HttpService {
 public:
  net::Admission admit(const net::HttpHead&) override { return {{}, 0, {}}; }
  void handle(net::ServerRequest request, net::Responder responder) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request.head.path + "?" + request.head.query);
    if (request.head.path.starts_with("/hang")) return hanging_.push_back(std::move(responder));
    net::ServerReply reply;
    const auto page = pages.find(request.head.path);
    if (page != pages.end()) {
      reply = page->second;
    } else {
      reply.status = 404;
    }
    responder.send(std::move(reply));
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  void add(const std::string& path, net::ServerReply page) {
    const std::lock_guard lock(mutex_);
    pages[path] = std::move(page);
  }
  // Answers what has been kept waiting, with 404.
  void release() {
    const std::lock_guard lock(mutex_);
    net::ServerReply reply;
    reply.status = 404;
    for (net::Responder& responder : hanging_) responder.send(reply);
    hanging_.clear();
  }

  std::map<std::string, net::ServerReply> pages;

 private:
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<net::Responder> hanging_;
};

using Members = std::map<std::string, std::string>;

// Keys and certificates are made once: it takes a while.
struct World {
  World() {
    ca_file = folder.write("ca.pem", ca.certificate_pem());
    net::ServerOptions server;
    server.port = 0;
    server.tls.certificate_file = folder.write("host.pem", host.certificate_pem());
    server.tls.key_file = folder.write("host.key", host.key_pem());
    const auto page = [](const Identity& identity) {
      net::ServerReply reply;
      reply.body = identity.certificate_pem();
      reply.content_type = "application/x-pem-file";
      return reply;
    };
    aws.pages["/good.pem"] = page(signer);
    aws.pages["/expired.pem"] = page(expired);
    aws.pages["/stranger.pem"] = page(stranger);
    aws.pages["/"] = {};
    aws.pages["/broken.pem"].status = 500;
    aws.pages["/moved.pem"].status = 302;
    aws.pages["/moved.pem"].headers = {{"Location", "/good.pem"}};
    aws.pages["/junk.pem"].body = "junk";
    aws.pages["/long.pem"].body = std::string(200'000, ' ') + signer.certificate_pem();
    auto started = net::HttpServer::start(server, aws);
    REQUIRE(started);
    running = std::move(*started);
    place = "localhost:" + std::to_string(running->port());
    base = "https://" + place;
  }

  IngestOptions options() const {
    IngestOptions out;
    out.sns.topics = {"arn:aws:sns:us-east-1:123456789012:other", kTopic};
    out.sns.ca_file = ca_file;
    out.sns.certificate_host = place;
    out.sns.egress.allowed = {*parse_cidr("127.0.0.0/8"), *parse_cidr("::1/128")};
    return out;
  }

  // A message of this type, before its signature.
  Members message(const std::string& type, std::int64_t time_ms) const {
    Members out = {{"Type", type},
                   {"MessageId", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"},
                   {"TopicArn", kTopic},
                   {"Message", type == "Notification" ? kEvent : "You have chosen to subscribe"},
                   {"Timestamp", format_time(time_ms / 1000, static_cast<int>(time_ms % 1000))},
                   {"SignatureVersion", "1"},
                   {"SigningCertURL", base + "/good.pem"}};
    if (type == "Notification") {
      out["Subject"] = "Alarm";
      out["UnsubscribeURL"] = base + "/?Action=Unsubscribe";
    } else {
      out["Token"] = "2336412f37";
      out["SubscribeURL"] = base + "/?Action=ConfirmSubscription&Token=2336412f37";
    }
    return out;
  }

  // As JSON, signed. The order of what is signed is spelled out once more, independently.
  std::string signed_body(Members members, const Identity& by) const {
    std::string text;
    for (const char* key : {"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token",
                            "TopicArn", "Type"}) {
      if (members.contains(key)) text += key + ("\n" + members[key] + "\n");
    }
    members["Signature"] = by.sign(text, members["SignatureVersion"] == "1");
    return body(members);
  }

  static std::string body(const Members& members) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (const auto& [key, value] : members) json.member(key, value);
    json.end_object();
    return out;
  }

  Folder folder;
  Identity ca = make_identity("ca", nullptr);
  Identity host = make_identity("localhost", &ca, "localhost");
  Identity signer = make_identity("sns.amazonaws.com", &ca);
  Identity expired = make_identity("sns.amazonaws.com", &ca, {}, -7200, -3600);
  Identity stranger = make_identity("sns.amazonaws.com", nullptr);
  Aws aws;
  std::unique_ptr<net::HttpServer> running;
  std::string ca_file, place, base;
};

World& world() {
  static World world;
  return world;
}

struct Service {
  explicit Service(IngestOptions options) : ingest(std::move(options), intake, clock) {}

  net::ServerReply post(const std::string& body, const std::string& type = "Notification") {
    return begin(body, type)->wait();
  }
  std::shared_ptr<FakeClient> begin(const std::string& body,
                                    const std::string& type = "Notification") {
    net::HttpHead head = head_of({{"x-amz-sns-message-type", type},
                                  {"x-amz-sns-topic-arn", kTopic},
                                  {"content-type", "text/plain; charset=UTF-8"}});
    head.peer = peer;
    REQUIRE(HttpIngest::is_sns(head));
    REQUIRE_FALSE(ingest.admit(head).refusal);
    const auto client = std::make_shared<FakeClient>();
    ingest.handle({head, body, {}}, net::Responder(client));
    return client;
  }

  std::string peer = "192.0.2.1";
  FakeClock clock{system_clock().wall_ms()};
  FakeIntake intake;
  HttpIngest ingest;
};

TEST_CASE("sns: what was signed is matched, and the certificate is asked for once") {
  World& w = world();
  Service service(w.options());
  const std::size_t before = w.aws.requests().size();
  for (const char* version : {"1", "2"}) {
    Members members = w.message("Notification", service.clock.wall_ms());
    members["SignatureVersion"] = version;
    CHECK(service.post(w.signed_body(members, w.signer)).status == 200);
  }
  REQUIRE(service.intake.submissions.size() == 2);
  CHECK(service.intake.submissions[0].bytes == kEvent);
  CHECK(w.aws.requests().size() == before + 1);

  service.intake.receipt.status = fail(Code::busy, "");
  const Members members = w.message("Notification", service.clock.wall_ms());
  CHECK(service.post(w.signed_body(members, w.signer)).status == 503);
}

TEST_CASE("sns: a text that two readers see differently is what was signed, or nothing") {
  World& w = world();
  Service service(w.options());
  const std::string body =
      w.signed_body(w.message("Notification", service.clock.wall_ms()), w.signer);
  const std::string forged = R"({"Message":"{\"eventName\":\"Forged\"}",)" + body.substr(1);
  CHECK(service.post(forged).status == 200);
  REQUIRE(service.intake.submissions.size() == 1);
  CHECK(service.intake.submissions[0].bytes == kEvent);
  const std::string last =
      body.substr(0, body.size() - 1) + R"(,"Message":"{\"eventName\":\"Forged\"}"})";
  CHECK(service.post(last).status == 403);
}

TEST_CASE("sns: what is refused") {
  World& w = world();
  struct Case {
    const char* name;
    std::function<void(Members&)> before, after;  // the signature
    const Identity* signer;
    int status;
  };
  const auto set = [](const std::string& key, const std::string& value) {
    return [=](Members& members) { members[key] = value; };
  };
  const auto url = [&](const std::string& path) { return set("SigningCertURL", w.base + path); };
  const auto nothing = [](Members&) {};
  const Case cases[] = {
      {"good", nothing, nothing, &w.signer, 200},
      {"message", nothing, set("Message", "{}"), &w.signer, 403},
      {"id", nothing, set("MessageId", "x"), &w.signer, 403},
      {"subject", nothing, set("Subject", "x"), &w.signer, 403},
      {"no subject", nothing, [](Members& m) { m.erase("Subject"); }, &w.signer, 403},
      {"time", nothing, set("Timestamp", format_time(system_clock().wall_ms() / 1000 + 60)),
       &w.signer, 403},
      {"type", nothing, set("Type", "UnsubscribeConfirmation"), &w.signer, 400},
      {"version", nothing, set("SignatureVersion", "2"), &w.signer, 403},
      {"version 3", nothing, set("SignatureVersion", "3"), &w.signer, 400},
      {"topic, signed", set("TopicArn", kTopic + "2"), nothing, &w.signer, 403},
      {"topic, not signed", nothing, set("TopicArn", "arn:aws:sns:us-east-1:123456789012:other"),
       &w.signer, 403},
      {"another's key", nothing, nothing, &w.stranger, 403},
      {"old", set("Timestamp", format_time(system_clock().wall_ms() / 1000 - 3700)), nothing,
       &w.signer, 403},
      {"early", set("Timestamp", format_time(system_clock().wall_ms() / 1000 + 3700)), nothing,
       &w.signer, 403},
      {"expired certificate", url("/expired.pem"), nothing, &w.expired, 403},
      {"unknown authority", url("/stranger.pem"), nothing, &w.stranger, 403},
      {"no certificate", url("/none.pem"), nothing, &w.signer, 403},
      {"not a certificate", url("/junk.pem"), nothing, &w.signer, 403},
      {"long certificate", url("/long.pem"), nothing, &w.signer, 403},
      {"redirect", url("/moved.pem"), nothing, &w.signer, 403},
      {"server error", url("/broken.pem"), nothing, &w.signer, 503},
      {"query", url("/good.pem?"), nothing, &w.signer, 403},
      {"other host", set("SigningCertURL", "https://sns.us-east-1.amazonaws.com.evil.com/good.pem"),
       nothing, &w.signer, 403},
      {"user",
       set("SigningCertURL", "https://sns.us-east-1.amazonaws.com@" + w.place + "/good.pem"),
       nothing, &w.signer, 403},
      {"not base64", nothing, set("Signature", "*"), &w.signer, 400},
      {"other signature", nothing, set("Signature", "YWJj"), &w.signer, 403},
      {"no signature", nothing, [](Members& m) { m.erase("Signature"); }, &w.signer, 400},
  };
  Service service(w.options());
  std::size_t accepted = 0;
  for (const Case& test : cases) {
    INFO(test.name);
    Members members = w.message("Notification", service.clock.wall_ms());
    test.before(members);
    std::string body = w.signed_body(members, *test.signer);
    const std::string key = R"("Signature":")";
    const std::size_t at = body.find(key) + key.size();
    members["Signature"] = body.substr(at, body.find('"', at) - at);
    test.after(members);
    // '/' may be spelled "\/" in the signature; base64 has nothing else to escape.
    for (std::size_t i = 0; (i = members["Signature"].find('\\', i)) != std::string::npos;) {
      members["Signature"].erase(i, 1);
    }
    const net::ServerReply reply = service.post(World::body(members));
    CHECK(reply.status == test.status);
    CHECK(header_of(reply, "Retry-After") == (test.status == 503 ? "1" : ""));
    accepted += test.status == 200 ? 1 : 0;
    CHECK(service.intake.submissions.size() == accepted);
    service.clock.advance_steady(60'000);  // so that certificates may be asked for
  }
}

TEST_CASE("sns: subscriptions are confirmed for listed topics, at SNS only") {
  World& w = world();
  Service service(w.options());
  const std::string type = "SubscriptionConfirmation";
  const Members members = w.message(type, service.clock.wall_ms());
  CHECK(service.post(w.signed_body(members, w.signer), type).status == 200);
  CHECK(w.aws.requests().back() == "/?Action=ConfirmSubscription&Token=2336412f37");
  CHECK(service.intake.submissions.empty());

  const std::size_t before = w.aws.requests().size();
  Members foreign = members;
  foreign["TopicArn"] = "arn:aws:sns:us-east-1:666666666666:audit";
  CHECK(service.post(w.signed_body(foreign, w.signer), type).status == 403);
  Members elsewhere = members;
  elsewhere["SubscribeURL"] = "https://127.0.0.1/?Action=ConfirmSubscription";
  CHECK(service.post(w.signed_body(elsewhere, w.signer), type).status == 403);
  Members tampered = members;
  tampered["Signature"] = w.signer.sign("something else", true);
  CHECK(service.post(World::body(tampered), type).status == 403);
  CHECK(w.aws.requests().size() == before);

  Members failing = members;
  failing["SubscribeURL"] = w.base + "/broken.pem?Action=ConfirmSubscription";
  CHECK(service.post(w.signed_body(failing, w.signer), type).status == 503);

  const std::string end = "UnsubscribeConfirmation";
  const std::size_t asked = w.aws.requests().size();
  CHECK(
      service.post(w.signed_body(w.message(end, service.clock.wall_ms()), w.signer), end).status ==
      200);
  CHECK(w.aws.requests().size() == asked);
}

TEST_CASE("sns: signatures of version 1 can be refused") {
  World& w = world();
  IngestOptions options = w.options();
  options.sns.least_signature_version = 2;
  Service service(options);
  Members members = w.message("Notification", service.clock.wall_ms());
  CHECK(service.post(w.signed_body(members, w.signer)).status == 403);
  members["SignatureVersion"] = "2";
  CHECK(service.post(w.signed_body(members, w.signer)).status == 200);
}

// With a certificate that is not there.
Members invented(const World& w, const Service& service, int i, const std::string& name = "/none") {
  Members members = w.message("Notification", service.clock.wall_ms());
  members["SigningCertURL"] = w.base + name + std::to_string(i) + ".pem";
  return members;
}

TEST_CASE("sns: nobody can keep us asking for certificates, or keep others from it") {
  World& w = world();
  Service service(w.options());
  const std::size_t before = w.aws.requests().size();
  for (int i = 0; i < 30; ++i) {
    service.peer = "203.0.113." + std::to_string(i);
    const int status = service.post(w.signed_body(invented(w, service, i), w.signer)).status;
    CHECK(status == (i < 5 ? 403 : 503));
  }
  CHECK(w.aws.requests().size() == before + 5);

  // A genuine one that nobody has seen before, from elsewhere.
  service.peer = "192.0.2.1";
  const Members genuine = w.message("Notification", service.clock.wall_ms());
  CHECK(service.post(w.signed_body(genuine, w.signer)).status == 200);

  // From many networks, it ends at a number; what is known is not asked for.
  for (int i = 0; i < 100; ++i) {
    service.peer = "2001:db8:" + std::to_string(i) + "::1";
    service.post(w.signed_body(invented(w, service, 100 + i), w.signer));
  }
  CHECK(w.aws.requests().size() == before + 60);
  CHECK(service.post(w.signed_body(genuine, w.signer)).status == 200);
  CHECK(w.aws.requests().size() == before + 60);

  service.clock.advance_steady(60'000);
  CHECK(service.post(w.signed_body(invented(w, service, 300), w.signer)).status == 403);
}

TEST_CASE("sns: certificates in use are not displaced by others") {
  World& w = world();
  Service service(w.options());
  const Members genuine = w.message("Notification", service.clock.wall_ms());
  CHECK(service.post(w.signed_body(genuine, w.signer)).status == 200);
  for (int i = 0; i < 40; ++i) {
    net::ServerReply page = w.aws.pages.at("/stranger.pem");
    const std::string name = "/other" + std::to_string(i) + ".pem";
    w.aws.add(name, page);
    service.peer = "198.51." + std::to_string(i) + ".1";
    Members members = genuine;
    members["SigningCertURL"] = w.base + name;
    CHECK(service.post(w.signed_body(members, w.stranger)).status == 403);
  }
  const std::size_t before = w.aws.requests().size();
  CHECK(service.post(w.signed_body(genuine, w.signer)).status == 200);
  CHECK(w.aws.requests().size() == before);
}

TEST_CASE("sns: messages with a known certificate do not wait for others' certificates") {
  World& w = world();
  Service service(w.options());
  const Members genuine = w.message("Notification", service.clock.wall_ms());
  CHECK(service.post(w.signed_body(genuine, w.signer)).status == 200);
  std::vector<std::shared_ptr<FakeClient>> waiting;
  for (int i = 0; i < 40; ++i) {  // more than may wait
    service.peer = "198.51." + std::to_string(i) + ".1";
    waiting.push_back(service.begin(w.signed_body(invented(w, service, i, "/hang"), w.signer)));
  }
  CHECK(service.post(w.signed_body(genuine, w.signer)).status == 200);
  CHECK_FALSE(waiting.front()->has_reply());
  CHECK(waiting.back()->wait().status == 503);
  for (int i = 0; i < 2000 && !waiting[15]->has_reply(); ++i) {
    w.aws.release();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(waiting[15]->wait().status == 403);
}

TEST_CASE("sns: the egress guard and the server's certificate have their say") {
  World& w = world();
  for (const bool guarded : {true, false}) {
    IngestOptions options = w.options();
    if (guarded) {
      options.sns.egress.allowed.clear();
    } else {
      options.sns.ca_file = w.folder.write("other.pem", w.stranger.certificate_pem());
    }
    Service service(options);
    const Members members = w.message("Notification", service.clock.wall_ms());
    CHECK(service.post(w.signed_body(members, w.signer)).status == 503);
    CHECK(service.intake.submissions.empty());
  }
}

}  // namespace
}  // namespace tocsin::source
