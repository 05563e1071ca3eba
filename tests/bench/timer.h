// Timer: of several passes of the same work, the median.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

namespace tocsin::bench {

class Timer {
 public:
  void start() {
    wall_ = Clock::now();
    cpu_ = std::clock();
  }
  void stop() {
    cpu_seconds_.push_back(static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC);
    seconds_.push_back(std::chrono::duration<double>(Clock::now() - wall_).count());
  }
  // Two members of a JSON object. Precondition: a pass was timed.
  std::string json() const {
    return fmt::format("\"seconds\":{:.9f},\"cpu_seconds\":{:.6f}", median(seconds_),
                       median(cpu_seconds_));
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  Clock::time_point wall_;
  std::clock_t cpu_ = 0;
  std::vector<double> seconds_;
  std::vector<double> cpu_seconds_;
};

}  // namespace tocsin::bench
