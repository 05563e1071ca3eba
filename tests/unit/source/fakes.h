// A pipeline, a clock and a client that remember.
#pragma once

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/occurrences.h"
#include "base/clock.h"
#include "base/diagnostic.h"
#include "config/document.h"
#include "config/settings.h"
#include "net/http_server.h"
#include "source/source.h"

namespace tocsin::source {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t wall_ms) : wall_ms_(wall_ms) {}
  std::int64_t wall_ms() const override { return wall_ms_; }
  std::int64_t steady_ms() const override { return steady_ms_; }
  void advance_steady(std::int64_t ms) { steady_ms_ += ms; }

 private:
  std::int64_t wall_ms_;
  std::int64_t steady_ms_ = 0;
};

// Answers every submission with `receipt`, or keeps it when `hold`.
class FakeIntake final : public Intake {
 public:
  void submit(Submission submission, AckToken token) override {
    submissions.push_back(std::move(submission));
    if (hold) {
      held.push_back(std::move(token));
    } else {
      token.answer(receipt);
    }
  }
  Receipt submit_and_wait(Submission, std::stop_token) override { return receipt; }
  void set_aside(Submission submission, std::string, AckToken token) override {
    submissions.push_back(std::move(submission));
    token.commit({});
  }
  Result<Reading> resume(const std::string&) override { return Reading(); }

  Receipt receipt;
  bool hold = false;
  std::vector<Submission> submissions;
  std::vector<AckToken> held;
};

// What a source runs in. Alerts that it raises are kept.
struct FakeHost {
  explicit FakeHost(Intake& intake, const Clock& clock = system_clock())
      : host{intake, clock, registry,
             [this](const alert::SelfRule& rule, const std::string& about, const std::string&,
                    const std::string& detail) {
               const std::lock_guard lock(mutex);
               raised.push_back({std::string(rule.id), about, detail});
             }} {}

  struct Raised {
    std::string rule, about, detail;
  };
  metrics::Registry registry;
  std::mutex mutex;
  std::vector<Raised> raised;
  Host host;
};

// The source that an entry of the configuration makes: `yaml` has its keys, `type` among them.
inline std::unique_ptr<Source> make_source(const std::string& yaml,
                                           const std::string& name = "test") {
  config::Document document(yaml, "source.yml");
  std::optional<config::Settings> settings = document.root();
  REQUIRE(settings);
  const SourceEntry* const entry = find_source(settings->text("type"));
  REQUIRE(entry != nullptr);
  std::unique_ptr<Source> source = entry->make(name, *settings);
  settings->finish();
  const Diagnostics problems = document.diagnostics();
  for (const Diagnostic& each : problems.all()) FAIL(render_text(each, false));
  REQUIRE(source != nullptr);
  return source;
}

class FakeClient final : public net::Responder::Target {
 public:
  void reply(net::ServerReply reply) override {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
    came_.notify_all();
  }
  // The answer; status 0 when none comes in ten seconds. More than one: status -1.
  net::ServerReply wait() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::seconds(10), [&] { return !replies_.empty(); });
    net::ServerReply out;
    out.status = replies_.empty() ? 0 : -1;
    return replies_.size() == 1 ? replies_.front() : out;
  }
  bool has_reply() {
    const std::lock_guard lock(mutex_);
    return !replies_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<net::ServerReply> replies_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

inline net::HttpHead head_of(Headers headers, std::string method = "POST") {
  net::HttpHead head;
  head.method = std::move(method);
  head.path = "/v1/events";
  head.headers = std::move(headers);
  head.peer = "192.0.2.1";
  return head;
}

inline std::string header_of(const net::ServerReply& reply, const std::string& name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace tocsin::source
