#include "pipeline/reclaimer.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

namespace tocsin::pipeline {
namespace {

// Says where and when it was destroyed.
struct Large {
  explicit Large(std::atomic<std::thread::id>& destroyed_in) : destroyed(destroyed_in) {}
  Large(const Large&) = delete;
  Large& operator=(const Large&) = delete;
  ~Large() { destroyed = std::this_thread::get_id(); }

  std::atomic<std::thread::id>& destroyed;
};

bool is_destroyed(const std::atomic<std::thread::id>& where, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (where.load() == std::thread::id() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return where.load() != std::thread::id();
}

TEST_CASE("what is retired is destroyed by the reclaimer's thread, after its other owners let go") {
  std::atomic<std::thread::id> owned{}, alone{};
  Reclaimer reclaimer;
  auto owner = std::make_shared<const Large>(owned);
  reclaimer.retire(owner);
  reclaimer.retire(std::make_shared<const Large>(alone));
  CHECK(is_destroyed(alone, std::chrono::seconds(20)));
  CHECK_FALSE(is_destroyed(owned, std::chrono::milliseconds(250)));
  owner.reset();
  CHECK(is_destroyed(owned, std::chrono::seconds(20)));
  for (const auto* const where : {&alone, &owned}) CHECK(*where != std::this_thread::get_id());
}

TEST_CASE("a reclaimer that ends does not destroy what others own") {
  std::atomic<std::thread::id> where{};
  auto owner = std::make_shared<const Large>(where);
  {
    Reclaimer reclaimer;
    reclaimer.retire(owner);
    reclaimer.retire(nullptr);
  }
  CHECK(where.load() == std::thread::id());
}

}  // namespace
}  // namespace tocsin::pipeline
