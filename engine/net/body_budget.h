// BodyBudget: how many bytes of request bodies may be in memory together. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace tocsin::net {

class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes) : bytes_(bytes) {}

  // A part of the budget, given back when the lease goes.
  class Lease {
   public:
    explicit Lease(BodyBudget& budget) : budget_(budget) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { budget_.held_.fetch_sub(held_, std::memory_order_relaxed); }

    // Makes it at least `bytes`; false, and unchanged, when the budget has no more.
    bool grow_to(std::size_t bytes) {
      if (bytes <= held_) return true;
      const std::size_t more = bytes - held_;
      std::size_t held = budget_.held_.load(std::memory_order_relaxed);
      do {
        if (more > budget_.bytes_ - held) return false;
      } while (!budget_.held_.compare_exchange_weak(held, held + more, std::memory_order_relaxed));
      held_ = bytes;
      return true;
    }

   private:
    BodyBudget& budget_;
    std::size_t held_ = 0;
  };

  std::size_t size() const { return bytes_; }
  std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_;
  std::atomic<std::size_t> held_{0};  // never more than bytes_
};

}  // namespace tocsin::net
