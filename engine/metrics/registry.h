// Registry: the metrics of one process. What exists is declared in metrics/families.h and nowhere
// else. Handles are cheap to copy, valid as long as the Registry, and usable from any thread; ask
// for one once, not for each event.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace tocsin::metrics {

struct FamilyInfo {
  std::string_view name;
  std::string_view help;
  std::span<const std::string_view> labels;
  std::span<const double> buckets;  // upper bounds; of histograms only
};
// Distinct types, so that a counter is not asked for as a gauge.
struct CounterFamily : FamilyInfo {};
struct GaugeFamily : FamilyInfo {};
struct HistogramFamily : FamilyInfo {};

class Counter {
 public:
  explicit Counter(prometheus::Counter* counter = nullptr) : counter_(counter) {}
  void add(double amount = 1) const;
  double value() const;

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge* gauge = nullptr) : gauge_(gauge) {}
  void set(double value) const;
  void add(double amount) const;
  double value() const;  // 0 while hidden
  // Not shown until it is set or added to again: what it was about is gone.
  void hide() const;

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram* histogram = nullptr) : histogram_(histogram) {}
  void observe(double value) const;

 private:
  prometheus::Histogram* histogram_;
};

using LabelValues = std::initializer_list<std::string_view>;

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // `values` are those of family.labels, in order. The same values give the same metric. A family
  // has at most kSeriesPerFamily series; what comes after counts under "other" in every label.
  // Values are made valid UTF-8 and cut after kLabelBytes. Families without labels exist, at 0,
  // from the start; a series of the others does from when it is first asked for.
  Counter counter(const CounterFamily& family, LabelValues values = {});
  Gauge gauge(const GaugeFamily& family, LabelValues values = {});
  Histogram histogram(const HistogramFamily& family, LabelValues values = {});

  // Makes the series of `values` the only one of its family, with the value 1. Such a family (as
  // kRulesetInfo, whose values never end) is not asked for with gauge().
  void info(const GaugeFamily& family, LabelValues values);

  // `collect` is called at the beginning of each text(), one call at a time, to set gauges that
  // nobody keeps up to date. What it refers to must live as long as text() is called. It must not
  // call text().
  void on_scrape(std::function<void()> collect);

  // Text exposition format 0.0.4 of everything; process_* metrics and the log's counts included.
  std::string text();

  static constexpr std::size_t kSeriesPerFamily = 2000;
  static constexpr std::size_t kLabelBytes = 200;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::metrics
