// The parts of deliver/ that decide without doing: outcomes, pauses, breaker, rate, digests.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "deliver/backoff.h"
#include "deliver/batch.h"
#include "deliver/breaker.h"
#include "deliver/combiner.h"
#include "deliver/digests.h"
#include "deliver/notifier.h"
#include "deliver/token_bucket.h"

namespace tocsin::deliver {
namespace {

net::HttpAnswer answer(int status, std::string body = {}, bool body_cut = false) {
  net::HttpAnswer out;
  out.status = status;
  out.body = std::move(body);
  out.body_cut = body_cut;
  return out;
}

TEST_CASE("a status decides what becomes of a notification") {
  const auto kind = [](int status) { return classify(answer(status)).kind; };
  for (int status = 100; status < 1000; ++status) {
    Outcome::Kind expected = Outcome::Kind::rejected;
    if (status >= 200 && status <= 299) expected = Outcome::Kind::delivered;
    if (status == 408 || status == 425 || status == 429) expected = Outcome::Kind::retry;
    if (status >= 500 && status <= 599) expected = Outcome::Kind::retry;
    if (status == 410) expected = Outcome::Kind::gone;
    INFO(status);
    CHECK(kind(status) == expected);
  }
}

TEST_CASE("what a receiver said is shown printable and short") {
  CHECK(classify(answer(200, "ok")).reason.empty());
  CHECK(classify(answer(200, "ok")).answer == "HTTP 200\nok");
  CHECK(classify(answer(500, "")).reason == "HTTP 500");
  CHECK(classify(answer(500, " \n")).reason == "HTTP 500");
  CHECK(classify(answer(301, "")).reason == "HTTP 301 (redirects are not followed)");
  CHECK(classify(answer(400, "bad\x1B[2J\r\nX: y\xFF")).reason ==
        "HTTP 400: bad\\x1b[2J\\x0d\\nX: y\\xff");
  net::HttpAnswer wait = answer(429);
  wait.retry_after_ms = 5'000;
  CHECK(classify(wait).retry_after_ms == 5'000);
  CHECK(no_answer({Code::io, "no connection"}).kind == Outcome::Kind::retry);
  CHECK(no_answer({Code::refused, "no connection"}).reason == "no connection");

  // Cut at a whole character, wherever the end falls.
  for (std::size_t ascii = 0; ascii < 8; ++ascii) {
    std::string body(190 + ascii, 'a');
    for (int i = 0; i < 20'000; ++i) body += "\xE2\x82\xAC";
    const Outcome outcome = classify(answer(404, body, true));
    CHECK(outcome.reason.size() < 230);
    CHECK(outcome.reason.ends_with("…"));
    CHECK(outcome.reason.find("\\x") == std::string::npos);
    CHECK(outcome.answer.size() < 2'100);
  }
}

TEST_CASE("pauses double, jitter fully, and honour Retry-After within an hour") {
  for (unsigned failures : {0u, 1u, 2u, 3u, 5u, 8u, 9u, 10u, 50u, 4'000'000'000u}) {
    Backoff backoff(failures);
    std::int64_t most = kMeanFirstPauseMs * 2;
    for (unsigned i = 1; i < failures && most < kLongestPauseMs; ++i) most *= 2;
    most = std::min(most, kLongestPauseMs);
    double sum = 0;
    std::int64_t least_seen = most, most_seen = 0;
    constexpr int kRounds = 4'000;
    for (int i = 0; i < kRounds; ++i) {
      const std::int64_t pause = backoff.pause_ms(failures, std::nullopt);
      least_seen = std::min(least_seen, pause);
      most_seen = std::max(most_seen, pause);
      sum += static_cast<double>(pause);
    }
    INFO(failures);
    CHECK(least_seen >= kShortestPauseMs);
    CHECK(most_seen <= most);
    CHECK(least_seen < most / 20);
    CHECK(most_seen > most - most / 20);
    CHECK(sum / kRounds == Approx(static_cast<double>(most) / 2).epsilon(0.05));
  }
  Backoff backoff(7);
  CHECK(backoff.pause_ms(1, 60'000) == 60'000);
  CHECK(backoff.pause_ms(1, 3'600'000) == 3'600'000);
  CHECK(backoff.pause_ms(1, 999'999'999'999) == kLongestRetryAfterMs);
  CHECK(backoff.pause_ms(1, -5) <= 10'000);
  CHECK(backoff.pause_ms(1, 0) >= kShortestPauseMs);
  CHECK(Backoff(1).pause_ms(3, {}) == Backoff(1).pause_ms(3, {}));
  CHECK(Backoff(1).pause_ms(3, {}) != Backoff(2).pause_ms(3, {}));
}

TEST_CASE("the breaker") {
  using State = Breaker::State;
  struct Step {
    char what;  // s(tarted) y(es) n(o) a(bandoned)
    std::int64_t now;
    State state;
    std::int64_t ready;  // -1: not before the attempt has ended
  };
  struct Case {
    const char* name;
    std::vector<Step> steps;
  };
  const std::vector<Step> kOpened = {
      {'n', 0, State::closed, 0}, {'n', 0, State::closed, 0},     {'n', 0, State::closed, 0},
      {'n', 0, State::closed, 0}, {'n', 100, State::open, 1'100},
  };
  const auto after_opening = [&](std::vector<Step> steps) {
    steps.insert(steps.begin(), kOpened.begin(), kOpened.end());
    return steps;
  };
  const Case kCases[] = {
      {"a success in between forgives",
       {{'n', 0, State::closed, 0},
        {'n', 0, State::closed, 0},
        {'n', 0, State::closed, 0},
        {'n', 0, State::closed, 0},
        {'y', 0, State::closed, 0},
        {'n', 0, State::closed, 0}}},
      {"probes, with pauses that double to a minute",
       after_opening({{'s', 1'100, State::half_open, -1},
                      {'n', 1'200, State::open, 3'200},
                      {'s', 3'200, State::half_open, -1},
                      {'n', 3'200, State::open, 7'200},
                      {'s', 7'200, State::half_open, -1},
                      {'n', 7'200, State::open, 15'200},
                      {'s', 15'200, State::half_open, -1},
                      {'n', 15'200, State::open, 31'200},
                      {'s', 31'200, State::half_open, -1},
                      {'n', 31'200, State::open, 63'200},
                      {'s', 63'200, State::half_open, -1},
                      {'n', 63'200, State::open, 123'200},
                      {'s', 123'200, State::half_open, -1},
                      {'n', 123'200, State::open, 183'200}})},
      {"a probe that works closes it, and all is forgotten",
       after_opening({{'s', 1'100, State::half_open, -1},
                      {'y', 1'200, State::closed, 0},
                      {'n', 1'300, State::closed, 0},
                      {'n', 1'300, State::closed, 0},
                      {'n', 1'300, State::closed, 0},
                      {'n', 1'300, State::closed, 0},
                      {'n', 1'300, State::open, 2'300}})},
      {"attempts from before do not prolong it",
       after_opening({{'n', 900, State::open, 1'100}, {'n', 1'000, State::open, 1'100}})},
      {"but may close it", after_opening({{'y', 900, State::closed, 0}})},
      {"a probe that told nothing is made again",
       after_opening({{'s', 1'100, State::half_open, -1}, {'a', 1'500, State::open, 1'500}})},
      {"nothing to abandon", {{'a', 5, State::closed, 0}}},
  };
  for (const Case& test : kCases) {
    Breaker breaker;
    for (std::size_t i = 0; i < test.steps.size(); ++i) {
      const Step& step = test.steps[i];
      INFO(test.name << ", step " << i);
      if (step.what == 's') breaker.started();
      if (step.what == 'y') breaker.succeeded();
      if (step.what == 'n') breaker.failed(step.now);
      if (step.what == 'a') breaker.abandoned(step.now);
      CHECK(breaker.state() == step.state);
      CHECK(breaker.ready_at().value_or(-1) == step.ready);
    }
  }
}

TEST_CASE("the token bucket lets through what it promises") {
  TokenBucket bucket(2, 3);  // 2 a second, 3 at once
  CHECK(bucket.available(1'000) == 3);
  for (int i = 0; i < 3; ++i) bucket.take(1'000);
  CHECK(bucket.available(1'000) == 0);
  CHECK(bucket.ready_at(1'000) == 1'500);
  CHECK(bucket.available(1'499) == 0);
  CHECK(bucket.available(1'500) == 1);
  bucket.take(1'500);
  CHECK(bucket.available(900) == 0);  // steady time does not go back; if it does, nothing breaks
  CHECK(bucket.available(100'000) == 3);

  TokenBucket unlimited(0, 1);
  CHECK(unlimited.available(0) == TokenBucket::kUnlimited);
  unlimited.take(0);
  CHECK(unlimited.ready_at(5) == 5);

  // Whoever comes when the bucket says so finds a token, and over time gets the rate.
  for (const double rate : {0.1, 0.3, 1.0, 3.0, 7.7, 999.0}) {
    TokenBucket paced(rate, 1);
    std::int64_t now = 0;
    int taken = 0;
    for (; now < 100'000; ++taken) {
      now = paced.ready_at(now);
      REQUIRE(paced.available(now) >= 1);
      paced.take(now);
    }
    INFO(rate);
    CHECK(taken <= 100 * rate + 3);
    CHECK(taken >= (rate > 100 ? 49 : 99) * rate - 2);  // at best one a millisecond
  }
}

TEST_CASE("what threads write at the same time is written together, and each learns its result") {
  std::atomic<unsigned> writes{0};
  std::mutex mutex;
  std::multiset<std::int64_t> written;
  Combiner combiner([&](const Combiner::Rows& rows) -> Status {
    ++writes;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (const std::int64_t row : rows) {
      if (row % 100 == 99) return fail(Code::busy, "no");
    }
    const std::lock_guard<std::mutex> lock(mutex);
    written.insert(rows.begin(), rows.end());
    return {};
  });
  std::atomic<unsigned> good{0}, bad{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; ++i) {
        const Status status = combiner.write({thread * 1'000 + i, thread * 1'000 + i + 500});
        ++(status ? good : bad);
      }
      ++(combiner.write({99}) ? good : bad);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good + bad == 208);
  CHECK(bad >= 8);
  CHECK(written.size() == 2 * good);
  CHECK(std::set<std::int64_t>(written.begin(), written.end()).size() == written.size());
  CHECK(writes < 208);
}

TEST_CASE("rows that were told together are found together") {
  Digests digests;
  digests.keep({3, 1, 2});
  digests.keep({7});
  CHECK(*digests.find(1) == Digests::Rows{3, 1, 2});
  CHECK(*digests.find(7) == Digests::Rows{7});
  CHECK(digests.find(4) == nullptr);
  digests.keep({2});
  CHECK(*digests.find(2) == Digests::Rows{2});
  digests.forget({3, 1});
  CHECK(digests.find(1) == nullptr);

  // What is remembered does not grow without end.
  std::size_t remembered = 0;
  for (std::int64_t row = 0; row < 50'000; row += 2) digests.keep({row, row + 1});
  for (std::int64_t row = 0; row < 50'000; ++row) remembered += digests.find(row) ? 1u : 0u;
  CHECK(remembered <= Digests::kRows);
  CHECK(digests.find(49'999) != nullptr);
}

TEST_CASE("a digest has one key, whatever the order of its rows") {
  Batch batch;
  for (const char* const key : {"b", "a", "c"}) {
    store::DeliveryWithAlert row;
    row.delivery.key = key;
    batch.rows.push_back(row);
  }
  const std::string key = batch.key();
  CHECK(key.size() == 32);
  std::swap(batch.rows.front(), batch.rows.back());
  CHECK(batch.key() == key);
  batch.rows.pop_back();
  CHECK(batch.key() != key);
}

}  // namespace
}  // namespace tocsin::deliver
