#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/log.h"
#include "contract/sources/kit.h"

namespace tocsin::source {
namespace {

// A source promises a second; a busy machine gets more, but less than any pause of a source.
constexpr auto kStopWithin = std::chrono::seconds(8);

std::string record(std::size_t n) {
  return "{\"n\":" + std::to_string(n) + ",\"pad\":\"" + std::string(300, 'x') + "\"}";
}

// A source that runs in a thread.
class Run {
 public:
  Run(Source& source, Intake& intake)
      : host_(intake), thread_([this, &source](const std::stop_token& stop) {
          status_ = source.run(host_.host, stop);
        }) {}
  // Returns how long it took.
  std::chrono::steady_clock::duration stop() {
    const auto begin = std::chrono::steady_clock::now();
    thread_.request_stop();
    thread_.join();
    return std::chrono::steady_clock::now() - begin;
  }
  void request_stop() { thread_.request_stop(); }
  void join() { thread_.join(); }
  const Status& status() const { return status_; }

 private:
  FakeHost host_;
  Status status_;
  std::jthread thread_;
};

std::vector<std::string> expected(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t n = 1; n <= count; ++n) out.push_back(record(n));
  return out;
}

// The records in the order of their numbers where the source promises no other one.
std::vector<std::string> read(KitPipeline& pipeline, const Driver& driver) {
  std::vector<std::string> records = pipeline.records();
  if (driver.keeps_order()) return records;
  std::sort(records.begin(), records.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return records;
}

// Until everything is acknowledged, for a while.
void wait_for_acknowledgements(const Driver& driver) {
  for (int i = 0; i < 1000 && driver.unacknowledged() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void for_each_source(const std::function<void(const DriverEntry&)>& check) {
  for (const DriverEntry& entry : drivers()) {
    DYNAMIC_SECTION(entry.type) {
      check(entry);
    }
  }
}

TEST_CASE("every registered source is driven, and says what it is") {
  std::set<std::string_view> types;
  for (const SourceEntry& entry : sources()) {
    INFO(entry.type);
    CHECK(types.insert(entry.type).second);
    CHECK_FALSE(entry.help.empty());
    CHECK(find_source(entry.type)->make == entry.make);
    CHECK(std::any_of(drivers().begin(), drivers().end(),
                      [&](const DriverEntry& driver) { return driver.type == entry.type; }));
  }
  CHECK(find_source("none") == nullptr);
}

TEST_CASE("every record arrives once, whole and in order") {
  for_each_source([](const DriverEntry& entry) {
    const auto driver = entry.make();
    const auto source = make_source(driver->settings());
    KitPipeline pipeline;
    Run run(*source, pipeline);
    for (std::size_t n = 1; n <= 50; ++n) driver->put(record(n));
    pipeline.wait_for(50);
    wait_for_acknowledgements(*driver);
    run.stop();
    CHECK(run.status());
    CHECK(read(pipeline, *driver) == expected(50));
    CHECK(driver->unacknowledged() == 0);
  });
}

TEST_CASE("what is refused comes again, and nothing is lost or doubled") {
  for_each_source([](const DriverEntry& entry) {
    const auto driver = entry.make();
    const auto source = make_source(driver->settings());
    KitPipeline pipeline;
    pipeline.refuses = [](std::size_t call) { return call % 3 != 0; };
    Run run(*source, pipeline);
    for (std::size_t n = 1; n <= 10; ++n) driver->put(record(n));
    pipeline.wait_for(10);
    wait_for_acknowledgements(*driver);
    run.stop();
    CHECK(read(pipeline, *driver) == expected(10));
    CHECK(driver->unacknowledged() == 0);
  });
}

TEST_CASE("nothing is acknowledged before its receipt") {
  for_each_source([](const DriverEntry& entry) {
    const auto driver = entry.make();
    for (std::size_t n = 1; n <= 5; ++n) driver->put(record(n));
    if (driver->unacknowledged() == 0) return;  // the source acknowledges nothing
    const auto source = make_source(driver->settings());
    KitPipeline pipeline;
    std::atomic<bool> refuses = true;
    pipeline.refuses = [&](std::size_t) { return refuses.load(); };
    Run run(*source, pipeline);
    while (pipeline.calls() < 5) std::this_thread::yield();
    CHECK(driver->unacknowledged() == 5);
    refuses = false;
    pipeline.wait_for(5);
    wait_for_acknowledgements(*driver);
    run.stop();
    CHECK(driver->unacknowledged() == 0);
  });
}

TEST_CASE("a run that ends between any two calls is followed by one that misses nothing") {
  for_each_source([](const DriverEntry& entry) {
    for (std::size_t last = 0; last < 6; ++last) {
      INFO("after " << last << " calls");
      const auto driver = entry.make();
      if (!driver->is_read_again()) return;
      KitPipeline pipeline;
      {
        const auto source = make_source(driver->settings());
        std::stop_source ended;
        pipeline.refuses = [&](std::size_t call) { return call > last; };
        pipeline.on_refusal = [&] { ended.request_stop(); };
        Run run(*source, pipeline);
        for (std::size_t n = 1; n <= 20; ++n) {
          driver->put(record(n));
          if (n % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        while (!ended.stop_requested() && pipeline.records().size() < 20) std::this_thread::yield();
        run.stop();
      }
      pipeline.refuses = [](std::size_t) { return false; };
      pipeline.on_refusal = nullptr;
      const auto source = make_source(driver->settings());
      Run run(*source, pipeline);
      pipeline.wait_for(20);
      run.stop();
      const std::vector<std::string> records = pipeline.records();
      for (const std::string& each : expected(20)) {
        CHECK(std::find(records.begin(), records.end(), each) != records.end());
      }
    }
  });
}

TEST_CASE("a source stops within a second: without events, and while the pipeline is busy") {
  for_each_source([](const DriverEntry& entry) {
    const auto driver = entry.make();
    const auto source = make_source(driver->settings());
    KitPipeline pipeline;
    {
      Run run(*source, pipeline);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      CHECK(run.stop() < kStopWithin);
      CHECK(run.status());
    }
    {
      pipeline.is_full = true;
      Run run(*source, pipeline);
      driver->put(record(1));
      pipeline.wait_for_call_while_full();
      CHECK(run.stop() < kStopWithin);
      CHECK(run.status());
    }
    CHECK(pipeline.records().empty());
    if (!driver->is_read_again()) return;
    pipeline.is_full = false;
    Run run(*source, pipeline);  // the same source can be run again
    pipeline.wait_for(1);
    run.stop();
    CHECK(pipeline.records() == expected(1));
  });
}

TEST_CASE("a source whose input has ended ends") {
  for_each_source([](const DriverEntry& entry) {
    const auto driver = entry.make();
    if (driver->is_read_again()) return;
    const auto source = make_source(driver->settings());
    KitPipeline pipeline;
    Run run(*source, pipeline);
    driver->put(record(1));
    driver->end();
    run.join();
    CHECK(run.status());
    CHECK(pipeline.records() == expected(1));
  });
}

}  // namespace
}  // namespace tocsin::source
