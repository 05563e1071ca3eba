#include "aws/credential_cache.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "aws/retry.h"
#include "base/log.h"
#include "unit/aws/support.h"

namespace tocsin::aws {
namespace {

constexpr std::int64_t kMinute = 60'000;
const std::atomic<bool> kGoOn{false};

// Hands out keys that are numbered and last for an hour, or fails.
struct Giver {
  SetClock& clock;
  std::int64_t lifetime_ms = 60 * kMinute;
  int given = 0;
  int asked = 0;
  bool fails = false;

  Outcome<Credentials> operator()(const std::atomic<bool>&) {
    ++asked;
    if (fails) return tl::unexpected(Failure{Kind::credentials, false, 0, {}, "no"});
    Credentials credentials;
    credentials.access_key = std::to_string(++given);
    credentials.secret_key = Secret("s");
    credentials.session_token = Secret("t");
    if (lifetime_ms > 0) credentials.expires_ms = clock.now_ms + lifetime_ms;
    return credentials;
  }
};

std::string key(CredentialCache& cache) {
  const auto credentials = cache.get(kGoOn);
  return credentials ? credentials->access_key : "none: " + credentials.error().message;
}

TEST_CASE("credentials are fetched once and again a quarter of an hour before they expire") {
  SetClock clock;
  Giver giver{clock};
  int refreshed = 0;
  CredentialCache cache([&](const std::atomic<bool>& stop) { return giver(stop); }, clock,
                        [&](bool good) { refreshed += good ? 1 : 100; });
  CHECK(key(cache) == "1");
  clock.now_ms += 43 * kMinute;  // the jitter is a tenth of 15 minutes at most
  CHECK(key(cache) == "1");
  clock.now_ms += 2 * kMinute;
  CHECK(key(cache) == "2");
  CHECK(giver.asked == 2);
  CHECK(refreshed == 2);
}

TEST_CASE("a refresh that fails leaves valid credentials in use, and is tried again later") {
  SetClock clock;
  Giver giver{clock};
  log::set_sink([](std::string_view) {});
  CredentialCache cache([&](const std::atomic<bool>& stop) { return giver(stop); }, clock);
  CHECK(key(cache) == "1");
  giver.fails = true;
  clock.now_ms += 46 * kMinute;
  CHECK(key(cache) == "1");
  CHECK(giver.asked == 2);
  clock.now_ms += CredentialCache::kRetryMs - 1;
  CHECK(key(cache) == "1");
  CHECK(giver.asked == 2);
  clock.now_ms += 1;
  CHECK(key(cache) == "1");
  CHECK(giver.asked == 3);
  clock.now_ms += 7 * kMinute;  // in the last ten minutes
  CHECK(key(cache) == "1");
  CHECK(giver.asked == 4);
  clock.now_ms += 10 * kMinute;  // expired
  CHECK(key(cache) == "none: no");
  CHECK(key(cache) == "none: no");
  CHECK(giver.asked == 6);
  giver.fails = false;
  CHECK(key(cache) == "2");
  log::set_sink({});
}

TEST_CASE("short sessions are not refreshed at every call") {
  SetClock clock;
  Giver giver{clock, 15 * kMinute};
  CredentialCache cache([&](const std::atomic<bool>& stop) { return giver(stop); }, clock);
  for (int i = 0; i < 6; ++i) {
    CHECK(key(cache) == "1");
    clock.now_ms += kMinute;
  }
  clock.now_ms += 2 * kMinute;
  CHECK(key(cache) == "2");
}

TEST_CASE(
    "keys without an end are kept, and what AWS refuses is fetched again only if it can change") {
  SetClock clock;
  Giver giver{clock, 0};
  CredentialCache cache([&](const std::atomic<bool>& stop) { return giver(stop); }, clock);
  const auto first = cache.get(kGoOn);
  clock.now_ms += 1000 * 24 * 60 * kMinute;
  CHECK(key(cache) == "1");
  CHECK_FALSE(cache.reject(*first));
  CHECK(key(cache) == "1");

  Giver hourly{clock};
  CredentialCache expiring([&](const std::atomic<bool>& stop) { return hourly(stop); }, clock);
  const auto used = expiring.get(kGoOn);
  CHECK(expiring.reject(*used));
  CHECK(key(expiring) == "2");
  CHECK(expiring.reject(*used));  // another thread, which used the same: they are new already
  CHECK(key(expiring) == "2");
  CHECK(hourly.asked == 2);
}

TEST_CASE("one thread fetches while the others wait, or go on with what is at hand") {
  SetClock clock;
  std::atomic<int> fetches{0};
  std::atomic<bool> is_open{false};
  CredentialCache cache(
      [&](const std::atomic<bool>&) -> Outcome<Credentials> {
        const int number = ++fetches;
        while (!is_open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        Credentials credentials;
        credentials.access_key = std::to_string(number);
        credentials.expires_ms = clock.wall_ms() + 60 * kMinute;
        return credentials;
      },
      clock);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { right += key(cache) == "1" ? 1 : 0; });
  while (fetches == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  is_open = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(fetches == 1);

  is_open = false;
  clock.now_ms += 46 * kMinute;  // early: only one thread is kept
  std::thread refresher([&] { CHECK(key(cache) == "2"); });
  while (fetches < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(key(cache) == "1");
  is_open = true;
  refresher.join();
  CHECK(key(cache) == "2");
}

TEST_CASE("waiting for another's fetch ends when it is told to stop") {
  SetClock clock;
  std::atomic<bool> is_open{false}, began{false};
  CredentialCache cache(
      [&](const std::atomic<bool>&) -> Outcome<Credentials> {
        began = true;
        while (!is_open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return Credentials{};
      },
      clock);
  std::thread fetcher([&] { CHECK(key(cache).empty()); });
  while (!began) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const std::atomic<bool> stop{true};
  const auto stopped = cache.get(stop);
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().kind == Kind::stopped);
  is_open = true;
  fetcher.join();
}

TEST_CASE("waits grow, more so when throttled, and retries are paid for") {
  CHECK(backoff_ms(2, Kind::server, 1) == 200);
  CHECK(backoff_ms(3, Kind::server, 1) == 400);
  CHECK(backoff_ms(5, Kind::server, 0.5) == 800);
  CHECK(backoff_ms(2, Kind::throttled, 1) == 1000);
  CHECK(backoff_ms(100, Kind::throttled, 1) == 20'000);
  CHECK(backoff_ms(2, Kind::server, 0) == 0);
  double least = 1, most = 0;
  for (int i = 0; i < 1000; ++i) {
    const double fraction = random_fraction();
    least = std::min(least, fraction);
    most = std::max(most, fraction);
  }
  CHECK((least >= 0 && least < 0.1 && most > 0.9 && most < 1));

  RetryBudget budget;
  int taken = 0;
  while (budget.take(Kind::server)) ++taken;
  CHECK(taken == RetryBudget::kFull / RetryBudget::kCost);
  CHECK_FALSE(budget.take(Kind::transport));
  for (int i = 0; i < RetryBudget::kCost; ++i) budget.succeeded(1);
  CHECK(budget.take(Kind::server));
  CHECK_FALSE(budget.take(Kind::server));
  budget.succeeded(3);  // what it took comes back
  CHECK(budget.take(Kind::server));
}

}  // namespace
}  // namespace tocsin::aws
