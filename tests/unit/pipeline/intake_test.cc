#include "pipeline/intake.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "alert/occurrences.h"
#include "event/gzip.h"
#include "unit/event/samples.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

constexpr std::uint64_t kInflated = std::uint64_t{64} << 20;

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Many batches, each of which has an event that fires.
std::string long_text(std::size_t batches) {
  std::string out;
  for (std::size_t i = 0; i < batches; ++i) {
    out += record("long" + std::to_string(i), "arn:long") + std::string(300'000, ' ') + "\n";
  }
  return out;
}

// A slice of time is over after every batch. Nobody gets the time before open().
class FastClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return 1'767'268'800'000; }
  std::int64_t steady_ms() const override {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [&] { return open_; });
    return steady_ += 1000;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable opened_;
  mutable std::int64_t steady_ = 0;
  bool open_ = false;
};

// An intake, and what is answered in which order.
class IntakeBench {
 public:
  explicit IntakeBench(IntakeOptions options = {}) : running_(machine_, kRule) {
    options.inflated_bytes = kInflated;
    intake_.emplace(options, running_.live(), running_.committer(), running_.readiness(),
                    running_.store(), running_.registry(), clock);
  }

  void submit(const std::string& name, std::string bytes) {
    submit(name, std::move(bytes), source::Reading().next(name));
  }
  void submit(const std::string& name, std::string bytes, source::Place place) {
    source::Submission submission;
    submission.source = name;
    submission.bytes = std::move(bytes);
    submission.place = std::move(place);
    ++submitted_;
    intake_->submit(std::move(submission), [this, name](source::Receipt receipt) {
      if (on_receipt) on_receipt();
      const std::lock_guard lock(mutex_);
      receipts.emplace_back(name, std::move(receipt));
    });
  }

  // Until each submission has its receipt.
  void wait_for_receipts() {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (receipts.size() == submitted_) return;
      }
      std::this_thread::yield();
    }
  }

  Intake& intake() { return *intake_; }
  Running& running() { return running_; }
  store::Store& store() { return running_.store(); }
  const Readiness& readiness() { return running_.readiness(); }
  SetClock& readiness_clock() { return machine_.clock; }

  FastClock clock;
  std::function<void()> on_receipt;
  std::vector<std::pair<std::string, source::Receipt>> receipts;  // once all is stopped

 private:
  Machine machine_;
  Running running_;
  std::mutex mutex_;
  std::size_t submitted_ = 0;
  std::optional<Intake> intake_;
};

TEST_CASE("workers that wait drop rules that were replaced, though nothing is submitted") {
  IntakeBench bench;
  bench.clock.open();
  bench.submit("one", record("e1", "arn:a"));
  bench.wait_for_receipts();
  const std::weak_ptr<const Live> before = bench.running().live().get();
  bench.running().put_into_force(rule_yaml("Another") + kRule);
  bench.running().pass(1);  // the committer works with the new ones
  bench.intake().rules_changed();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!before.expired() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(before.expired());
  bench.submit("two", record("e2", "arn:a"));
  bench.wait_for_receipts();
  bench.intake().stop();
  REQUIRE(bench.receipts.size() == 2);
  CHECK(bench.receipts[1].second.alerts == 1);
}

TEST_CASE("unreadable records of a submission are one firing, whatever their number") {
  for (const std::int64_t interval : {std::int64_t{0}, std::int64_t{300'000}}) {
    Bench bench;
    bench.live().grouping.interval = interval;
    const std::string body =
        event::compress(record("e1", "arn:a") + repeated("x\n", 1 << 20) + repeated("[", 1000));
    const Findings findings = bench.evaluate(body);
    CHECK(findings.receipt.accepted == 1);
    CHECK(findings.receipt.rejected > (1 << 20));
    REQUIRE(findings.receipt.errors.size() == source::kReceiptErrors);
    for (const source::Receipt::Rejected& error : findings.receipt.errors) {
      CHECK(error.reason == "'x' where a JSON object should begin");
    }
    REQUIRE(findings.firings.size() == 2);
    REQUIRE(findings.alerts.size() == 2);
    const auto alert = alert::parse(findings.alerts[1].json);
    REQUIRE(alert);
    CHECK(alert->rule->id == alert::kUnreadableRecord.id);
    CHECK(alert->error_message.find(
              "source test: " + std::to_string(findings.receipt.rejected) +
              " records of one submission could not be read; record 2, line 2: 'x' where") == 0);
    CHECK(alert->error_message.find("record 4, line 4") != std::string::npos);
    CHECK(alert->error_message.find("record 5, line 5") == std::string::npos);

    const Recorded recorded = bench.submit(body);
    CHECK(recorded.alerts.at("medium") == 1);
    CHECK(bench.submit(body).duplicates == 2);  // sent again
    CHECK(bench.submit("y\n").alerts.size() == (interval == 0 ? 1 : 0));
  }
}

TEST_CASE("findings do not depend on the parts in which a submission is evaluated") {
  metrics::Registry registry;
  const auto live = live_of(kRule, registry);
  const auto submission = [&](const std::string& bytes) {
    source::Submission out;
    out.source = "test";
    out.received_ms = 1'000'000;
    out.bytes = bytes;
    return out;
  };
  const std::string first = long_text(5) + "x\n" + long_text(3) + "{\"broken\": ";
  const std::string second = event::compress(repeated(record("b", "arn:b", "No"), 5000) + "y");
  const auto summary = [](const Findings& findings) {
    std::string out = std::to_string(findings.receipt.accepted) + " accepted";
    for (const Firing& firing : findings.firings) {
      out += " " + findings.alerts[firing.alert].rule->title + " " + std::to_string(firing.alert) +
             " " + hex_of(KeyHash().add_field(std::string(firing.id.begin(), firing.id.end())));
    }
    for (const source::Receipt::Rejected& error : findings.receipt.errors) {
      out += " " + std::to_string(error.record) + ":" + std::to_string(error.line) + error.reason;
    }
    return out;
  };
  const std::string whole_first = summary(Evaluator(live).evaluate(submission(first), kInflated));
  const std::string whole_second = summary(Evaluator(live).evaluate(submission(second), kInflated));
  CHECK(whole_first.find("9 accepted") == std::string::npos);
  CHECK(whole_first.find("8 accepted") == 0);

  Evaluator one(live), two(live);
  Evaluation a(live, submission(first), kInflated), b(live, submission(second), kInflated);
  const auto at_once = [] { return true; };
  std::size_t parts = 0;
  for (bool a_ended = false, b_ended = false; !a_ended || !b_ended; ++parts) {
    Evaluator& evaluator = parts % 2 == 0 ? one : two;
    if (!a_ended) a_ended = evaluator.advance(a, at_once);
    if (!b_ended) b_ended = evaluator.advance(b, at_once);
  }
  CHECK(parts > 5);
  CHECK(summary(a.findings) == whole_first);
  CHECK(summary(b.findings) == whole_second);
}

TEST_CASE("text without records counts towards the limit") {
  Bench bench;
  for (const std::string& body :
       {record("e1", "arn:a") + std::string(100 << 20, ' '), std::string(100 << 20, '\n')}) {
    const Findings findings = bench.evaluate(event::compress(body));
    CHECK(findings.receipt.accepted == (body.front() == '{' ? 1 : 0));
    REQUIRE(findings.receipt.errors.size() == 1);
    CHECK(findings.receipt.errors[0].reason.find("limits.max_inflated") != std::string::npos);
    CHECK(findings.alerts.back().rule->id == alert::kUnreadableRecord.id);
  }
  // In a payload, a line each: what they come to together counts, too.
  const std::string line =
      R"({"specversion":"1.0","type":"t","data_base64":")" +
      event::base64(event::compress(record("e", "arn:a") + std::string(20 << 20, ' '))) + "\"}\n";
  const Findings findings = bench.evaluate(repeated(line, 100));
  CHECK(findings.receipt.accepted >= 3);
  CHECK(findings.receipt.accepted < 20);
  REQUIRE(findings.receipt.errors.size() == 1);
  CHECK(findings.receipt.errors[0].reason.find("limits.max_inflated") != std::string::npos);
}

TEST_CASE("a long submission lets the others pass") {
  IntakeBench bench;
  bench.submit("long", long_text(20));
  bench.submit("long too", long_text(20));
  for (int i = 0; i < 3; ++i) {
    bench.submit("short", record("short" + std::to_string(i), "arn:s"));
  }
  bench.clock.open();
  bench.intake().stop();
  bench.wait_for_receipts();  // the committer's part
  REQUIRE(bench.receipts.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& [name, receipt] = bench.receipts[i];
    CHECK(name.starts_with(i < 3 ? "short" : "long"));
    CHECK(receipt.status);
    CHECK(receipt.accepted == (i < 3 ? 1 : 20));
    CHECK(receipt.alerts == receipt.accepted);
  }
  CHECK(bench.intake().load().bytes == 0);
}

TEST_CASE("a worker that evaluates one slice for ever is stuck, until it goes on") {
  IntakeBench bench;
  bench.submit("held", record("e", "arn:a"));  // nobody gets the time
  // The committer goes on, but time may pass in the middle of its steps, too.
  const auto is_stuck = [&] { return bench.readiness().stuck().starts_with("the worker has"); };
  for (int i = 0; i < 200 && !is_stuck(); ++i) {
    bench.readiness_clock().advance(Readiness::kStuckMs);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(is_stuck());
  bench.clock.open();
  bench.wait_for_receipts();
  while (!bench.readiness().stuck().empty()) std::this_thread::yield();
}

// A long submission and a short one that is read after it, but evaluated before.
TEST_CASE("a position is not written before everything that was read earlier is committed") {
  IntakeBench bench;
  source::Reading reading = *bench.intake().resume("file");
  bench.submit("file", long_text(20), reading.next("after the long one"));
  bench.submit("file", record("short", "arn:s"), reading.next("after the short one"));
  std::optional<std::string> between;
  bench.on_receipt = [&] {
    if (!between) between = bench.store().checkpoint("file")->value_or("nothing");
  };
  bench.clock.open();
  bench.intake().stop();
  bench.wait_for_receipts();
  CHECK(bench.receipts.at(0).second.accepted == 1);  // the short one was first
  CHECK(between == "nothing");
  CHECK(bench.store().checkpoint("file")->value() == "after the short one");
}

TEST_CASE("a source that waits for room gets it when it is there, with its body") {
  IntakeOptions options;
  options.in_flight_submissions = 1;
  IntakeBench bench(options);
  bench.submit("first", record("first", "arn:a"));
  std::stop_source stop;
  const auto wait_with = [&](const std::string& id) {
    source::Submission submission;
    submission.source = "waiting";
    submission.bytes = record(id, "arn:b");
    return std::async(std::launch::async, [&, submission = std::move(submission)]() mutable {
      return bench.intake().submit_and_wait(std::move(submission), stop.get_token());
    });
  };
  auto stopped = wait_with("stopped");
  CHECK(stopped.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  stop.request_stop();
  const source::Receipt refused = stopped.get();  // hangs if nothing wakes it
  CHECK(refused.status.error().code == Code::busy);
  CHECK(refused.returned->bytes == record("stopped", "arn:b"));

  stop = std::stop_source();
  auto taken = wait_with("taken");
  bench.clock.open();
  const source::Receipt receipt = taken.get();
  CHECK(receipt.status);
  CHECK(receipt.accepted == 1);

  bench.wait_for_receipts();
  bench.intake().stop();
  auto late = wait_with("late");
  CHECK(late.get().returned->bytes == record("late", "arn:b"));
}

TEST_CASE("what a source cannot make sense of is set aside on request, and told of") {
  IntakeBench bench;
  bench.clock.open();
  source::Submission submission;
  submission.source = "queue";
  submission.bytes = "no event";
  std::promise<source::Receipt> receipt;
  bench.intake().set_aside(std::move(submission), "it is no event",
                           [&](source::Receipt got) { receipt.set_value(std::move(got)); });
  const source::Receipt got = receipt.get_future().get();
  CHECK(got.status);
  CHECK(got.set_aside == "it is no event");
  const auto rows = bench.store().list_set_aside(10);
  REQUIRE(rows->size() == 1);
  CHECK(rows->at(0).reason == "it is no event");
  CHECK(bench.store().show_set_aside(rows->at(0).id)->value().bytes == "no event");
  CHECK(bench.store().alerts({})->at(0).rule_id == alert::kSetAside.id);
}

TEST_CASE("a body is moved into the pipeline and back, not copied") {
  IntakeOptions options;
  options.in_flight_bytes = 1;
  IntakeBench bench(options);
  source::Submission submission;
  submission.source = "a";
  submission.bytes = record("e", "arn:a") + std::string(100'000, ' ');
  const char* const data = submission.bytes.data();
  bench.submit("first", record("first", "arn:a"));
  std::optional<source::Receipt> refused;
  bench.intake().submit(std::move(submission),
                        [&](source::Receipt receipt) { refused = std::move(receipt); });
  REQUIRE(refused->returned);
  CHECK(refused->returned->bytes.data() == data);  // there is no room

  bench.intake().finish_by(0);  // taken, but not evaluated in time
  bench.clock.open();
  bench.wait_for_receipts();
  source::Receipt later =
      bench.intake().submit_and_wait(*std::move(refused->returned), std::stop_token());
  REQUIRE(later.returned);
  CHECK(later.returned->bytes.data() == data);
}

TEST_CASE("in the end, what is not evaluated in time is refused and leaves nothing") {
  IntakeBench bench;
  bench.submit("long", long_text(200));
  bench.submit("short", record("short", "arn:s"));
  bench.intake().finish_by(20'000);
  bench.clock.open();
  bench.intake().stop();
  bench.submit("late", record("late", "arn:s"));
  bench.wait_for_receipts();
  REQUIRE(bench.receipts.size() == 3);
  for (const auto& [name, receipt] : bench.receipts) {
    CHECK(receipt.status.has_value() == (name == "short"));
    const auto position = bench.store().checkpoint(name);
    REQUIRE(position);
    CHECK(position->has_value() == (name == "short"));
    if (!receipt.status) CHECK(receipt.status.error().code == Code::busy);
  }
  CHECK(bench.intake().load().bytes == 0);
}

TEST_CASE("long submissions that hold too much are refused, but for the only one") {
  IntakeOptions options;
  options.in_flight_bytes = 14 << 20;
  IntakeBench bench(options);
  const auto bomb = [](std::size_t i) {
    return event::compress(std::to_string(i) + "\n" + long_text(10));
  };
  for (std::size_t i = 0; i < 100; ++i) bench.submit("long" + std::to_string(i), bomb(i));
  bench.clock.open();
  bench.intake().stop();
  bench.wait_for_receipts();
  std::size_t done = 0, refused = 0;
  for (const auto& [name, receipt] : bench.receipts) ++(receipt.status ? done : refused);
  CHECK(done + refused == 100);
  CHECK(done > 0);
  CHECK(refused > 0);

  options.in_flight_bytes = 1;
  IntakeBench alone(options);
  alone.submit("long", bomb(1));
  alone.clock.open();
  alone.intake().stop();
  alone.wait_for_receipts();
  REQUIRE(alone.receipts.size() == 1);
  CHECK(alone.receipts[0].second.status);
}

}  // namespace
}  // namespace tocsin::pipeline
