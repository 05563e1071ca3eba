// A queue and a bucket in memory, behind HTTP: each record is an object, and a message that names
// it. Messages that nobody deletes are visible again after the visibility timeout.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <map>
#include <mutex>

#include "contract/sources/kit.h"
#include "net/http_server.h"

namespace tocsin::source {
namespace {

namespace json = boost::json;

constexpr auto kVisibility = std::chrono::seconds(1);

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

class QueueService final : public net::HttpService {
 public:
  void put(const std::string& record) {
    const std::lock_guard lock(mutex_);
    const std::string name = "r" + std::to_string(objects_.size());
    objects_[name] = record + "\n";
    messages_[name] = {};
  }
  std::size_t messages() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }

  net::Admission admit(const net::HttpHead&) override {
    net::Admission admission;
    admission.body_limit = std::size_t{1} << 20;
    return admission;
  }
  void handle(net::ServerRequest request, net::Responder responder) override {
    const std::lock_guard lock(mutex_);
    net::ServerReply reply;
    if (request.head.method == "GET") {
      const auto found = objects_.find(request.head.path.substr(request.head.path.rfind('/') + 1));
      if (found == objects_.end()) reply.status = 404;
      if (found != objects_.end()) reply.body = found->second;
      reply.headers.emplace_back("ETag", "\"e\"");
    } else {
      const std::string target(request.head.header("x-amz-target"));
      reply.body =
          answer(target.substr(target.find('.') + 1), json::parse(request.body).as_object());
    }
    responder.send(std::move(reply));
  }

 private:
  using Time = std::chrono::steady_clock::time_point;

  std::string answer(const std::string& action, const json::object& request) {
    if (action == "ReceiveMessage") return receive();
    if (action == "GetQueueAttributes") {
      return R"({"Attributes":{"VisibilityTimeout":"1","ApproximateNumberOfMessages":"0"}})";
    }
    json::array done;
    for (const json::value& value : request.at("Entries").as_array()) {
      const json::object& entry = value.as_object();
      const auto message = messages_.find(text_of(entry.at("ReceiptHandle")));
      if (message != messages_.end() && action == "DeleteMessageBatch") {
        messages_.erase(message);
      } else if (message != messages_.end()) {
        message->second = std::chrono::steady_clock::now() +
                          std::chrono::seconds(entry.at("VisibilityTimeout").to_number<int>());
      }
      done.push_back(json::object{{"Id", entry.at("Id")}});
    }
    return json::serialize(json::object{{"Successful", std::move(done)}});
  }

  std::string receive() {
    const Time now = std::chrono::steady_clock::now();
    json::array out;
    for (auto& [name, visible_at] : messages_) {
      if (visible_at > now || out.size() == 10) continue;
      visible_at = now + kVisibility;
      out.push_back(json::object{
          {"MessageId", name},
          {"ReceiptHandle", name},
          {"Body", fmt::format(R"({{"s3Bucket":"trail","s3ObjectKey":["{}"]}})", name)},
          {"Attributes", json::object{{"ApproximateReceiveCount", "1"}}}});
    }
    return json::serialize(json::object{{"Messages", std::move(out)}});
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, Time> messages_;  // when they are visible
};

class QueueDriver final : public Driver {
 public:
  QueueDriver() {
    ::setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    net::ServerOptions options;
    options.port = 0;
    auto started = net::HttpServer::start(options, service_);
    REQUIRE(started);
    server_ = std::move(*started);
  }
  std::string settings() const override {
    const std::string url = fmt::format("http://127.0.0.1:{}", server_->port());
    return fmt::format(
        "{{type: s3_sqs, region: eu-west-1, endpoint: '{0}', queue_url: '{0}/111122223333/trail'}}",
        url);
  }
  void put(const std::string& record) override { service_.put(record); }
  bool keeps_order() const override { return false; }
  std::size_t unacknowledged() const override { return service_.messages(); }

 private:
  QueueService service_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

DriverEntry queue_driver() {
  return {"s3_sqs", [] { return std::make_unique<QueueDriver>(); }};
}

}  // namespace tocsin::source
