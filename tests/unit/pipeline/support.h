// Rules as text, records as text, a store in a folder of its own: the way from bytes to the outbox
// without threads.
#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/evaluator.h"
#include "pipeline/recorder.h"
#include "sigma/loader.h"

namespace tocsin::pipeline {

inline constexpr char kRule[] =
    "title: Delete\nid: 11111111-1111-4111-8111-111111111111\nlevel: high\ntags: [attack.t1485]\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection:\n    selection: {eventName: Delete}\n    condition: selection\n";

inline std::string record(const std::string& id, const std::string& who,
                          const std::string& name = "Delete",
                          const std::string& time = "2026-01-01T00:00:00Z") {
  return R"({"eventVersion":"1.08","eventID":")" + id + R"(","eventTime":")" + time +
         R"(","eventName":")" + name +
         R"(","eventSource":"s3.amazonaws.com","userIdentity":{"type":"IAMUser","arn":")" + who +
         R"("},"recipientAccountId":"123456789012"})" + "\n";
}

inline std::shared_ptr<Live> live_of(const std::string& yaml, metrics::Registry& registry,
                                     const Live* before = nullptr) {
  Ruleset ruleset;
  sigma::RuleSet rules;
  sigma::load_text(yaml, "test.yml", rules, ruleset.diagnostics);
  ruleset.rules = std::make_shared<const sigma::RuleSet>(std::move(rules));
  ruleset.program = program::Program::compile(ruleset.rules, {}, ruleset.diagnostics);
  ruleset.correlations = std::make_shared<const correlate::Correlations>(
      correlate::Correlations::compile(ruleset.rules, ruleset.program, ruleset.diagnostics));
  for (const Diagnostic& d : ruleset.diagnostics.all()) {
    if (d.severity == Severity::error) FAIL(render_text(d, false));
  }
  auto live = std::make_shared<Live>(std::move(ruleset), Source(), registry, before, true);
  live->routes = route::Routes({}, {"one", "two"});
  return live;
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A service without threads: submissions go straight into the store.
class Bench {
 public:
  explicit Bench(const std::string& rules = kRule) : live_(live_of(rules, registry_)) {
    store::StoreOptions options;
    options.folder = folder_ / "store";
    options.reserve_bytes = 0;
    auto opened = store::Store::open(options);
    if (!opened) FAIL(opened.error().message);
    store_ = std::move(*opened);
  }

  Live& live() { return *live_; }
  store::Store& store() { return *store_; }

  Findings evaluate(const std::string& bytes, std::int64_t now = 1'000'000) {
    source::Submission submission;
    submission.source = "test";
    submission.bytes = bytes;
    submission.received_ms = now;
    return Evaluator(live_).evaluate(submission, std::uint64_t{64} << 20);
  }

  Recorded record_findings(const std::vector<Findings>& all, std::int64_t now = 1'000'000) {
    return in_transaction(now, [&](Recorder& recorder) {
      for (const Findings& findings : all) REQUIRE(recorder.add(findings));
    });
  }
  Recorded submit(const std::string& bytes, std::int64_t now = 1'000'000) {
    std::vector<Findings> all;
    all.push_back(evaluate(bytes, now));
    return record_findings(all, now);
  }
  Recorded end_intervals(std::int64_t now) {
    return in_transaction(
        now, [&](Recorder& recorder) { REQUIRE(recorder.end_intervals(*live_, 100)); });
  }

  std::vector<store::DeliveryWithAlert> outbox(const std::string& receiver = "one") {
    auto rows = store_->list(receiver, false, 1000);
    REQUIRE(rows);
    return *rows;
  }
  std::vector<store::AlertRow> alerts() {
    auto rows = store_->alerts({});
    REQUIRE(rows);
    return *rows;
  }

 private:
  template <class Action>
  Recorded in_transaction(std::int64_t now, Action action) {
    auto transaction = store_->begin();
    if (!transaction) FAIL(transaction.error().message);
    Recorder recorder(*transaction, now);
    action(recorder);
    REQUIRE(recorder.finish());
    REQUIRE(transaction->commit());
    return recorder.recorded();
  }

  Folder folder_;
  metrics::Registry registry_;
  std::shared_ptr<Live> live_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace tocsin::pipeline
