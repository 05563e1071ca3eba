#include "metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/text.h"
#include "metrics/families.h"
#include "metrics/process.h"

namespace tocsin::metrics {
namespace {

constexpr double kHidden = std::numeric_limits<double>::quiet_NaN();

// A label's value as Prometheus takes it: a scrape with ill-formed UTF-8 fails as a whole.
std::string label_value(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t before = out.size();
    text::append_utf8(text::next_code_point(value, at), out);
    if (out.size() > Registry::kLabelBytes) {
      out.resize(before);
      break;
    }
  }
  return out;
}

prometheus::Labels labels_of(const FamilyInfo& family, const std::vector<std::string>& values) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < family.labels.size(); ++i) {
    labels.emplace(family.labels[i], values[i]);
  }
  return labels;
}

// One family's series, by their label values.
template <class Metric>
class Series {
 public:
  Series(prometheus::Family<Metric>& family, const FamilyInfo& info)
      : family_(family), info_(info) {}

  Metric& get(LabelValues given) {
    std::vector<std::string> values;
    for (const std::string_view value : given) values.push_back(label_value(value));
    values.resize(info_.labels.size());
    const auto found = known_.find(values);
    if (found != known_.end()) return *found->second;
    if (known_.size() >= Registry::kSeriesPerFamily) {
      values.assign(info_.labels.size(), "other");
    }
    Metric*& metric = known_[values];
    if (metric == nullptr) metric = &add(values);
    return *metric;
  }

  void clear() {
    for (const auto& [values, metric] : known_) family_.Remove(metric);
    known_.clear();
  }

 private:
  Metric& add(const std::vector<std::string>& values) {
    const prometheus::Labels labels = labels_of(info_, values);
    if constexpr (std::is_same_v<Metric, prometheus::Histogram>) {
      return family_.Add(labels, prometheus::Histogram::BucketBoundaries(info_.buckets.begin(),
                                                                         info_.buckets.end()));
    } else {
      return family_.Add(labels);
    }
  }

  prometheus::Family<Metric>& family_;
  const FamilyInfo& info_;
  std::map<std::vector<std::string>, Metric*> known_;
};

void drop_hidden(prometheus::MetricFamily& family) {
  if (family.type != prometheus::MetricType::Gauge) return;
  std::erase_if(family.metric, [](const prometheus::ClientMetric& metric) {
    return std::isnan(metric.gauge.value);
  });
}

constexpr std::pair<log::Level, std::string_view> kLogLevels[] = {{log::Level::debug, "debug"},
                                                                  {log::Level::info, "info"},
                                                                  {log::Level::warning, "warning"},
                                                                  {log::Level::error, "error"}};

}  // namespace

// --- handles -------------------------------------------------------------------------------------

void Counter::add(double amount) const {
  if (counter_ != nullptr && std::isfinite(amount)) counter_->Increment(amount);
}

double Counter::value() const {
  return counter_ == nullptr ? 0 : counter_->Value();
}

void Gauge::set(double value) const {
  if (gauge_ != nullptr && !std::isnan(value)) gauge_->Set(value);
}

void Gauge::add(double amount) const {
  if (gauge_ == nullptr || !std::isfinite(amount)) return;
  if (std::isnan(gauge_->Value())) gauge_->Set(0);
  gauge_->Increment(amount);
}

double Gauge::value() const {
  const double value = gauge_ == nullptr ? 0 : gauge_->Value();
  return std::isnan(value) ? 0 : value;
}

void Gauge::hide() const {
  if (gauge_ != nullptr) gauge_->Set(kHidden);
}

void Histogram::observe(double value) const {
  if (histogram_ != nullptr && std::isfinite(value)) histogram_->Observe(value);
}

// --- the registry --------------------------------------------------------------------------------

struct Registry::Impl {
  template <class Metric>
  using All = std::map<std::string_view, Series<Metric>>;

  template <class Builder, class Metric>
  void declare(Builder builder, const FamilyInfo& family, All<Metric>& all) {
    auto& registered =
        builder.Name(std::string(family.name)).Help(std::string(family.help)).Register(metrics);
    auto& series = all.emplace(family.name, Series<Metric>(registered, family)).first->second;
    if (family.labels.empty()) series.get({});
  }

  prometheus::Registry metrics;
  Mutex mutex;
  All<prometheus::Counter> counters GUARDED_BY(mutex);
  All<prometheus::Gauge> gauges GUARDED_BY(mutex);
  All<prometheus::Histogram> histograms GUARDED_BY(mutex);
  std::vector<std::function<void()>> collectors GUARDED_BY(mutex);
  Mutex scraping;  // one text() at a time; taken before mutex
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {
  const MutexLock lock(impl_->mutex);
  for (const CounterFamily* family : kCounterFamilies) {
    impl_->declare(prometheus::BuildCounter(), *family, impl_->counters);
  }
  for (const GaugeFamily* family : kGaugeFamilies) {
    impl_->declare(prometheus::BuildGauge(), *family, impl_->gauges);
  }
  for (const HistogramFamily* family : kHistogramFamilies) {
    impl_->declare(prometheus::BuildHistogram(), *family, impl_->histograms);
  }
}
Registry::~Registry() = default;

Counter Registry::counter(const CounterFamily& family, LabelValues values) {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->counters.find(family.name);
  return Counter(found == impl_->counters.end() ? nullptr : &found->second.get(values));
}

Gauge Registry::gauge(const GaugeFamily& family, LabelValues values) {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->gauges.find(family.name);
  return Gauge(found == impl_->gauges.end() ? nullptr : &found->second.get(values));
}

Histogram Registry::histogram(const HistogramFamily& family, LabelValues values) {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->histograms.find(family.name);
  return Histogram(found == impl_->histograms.end() ? nullptr : &found->second.get(values));
}

void Registry::info(const GaugeFamily& family, LabelValues values) {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->gauges.find(family.name);
  if (found == impl_->gauges.end()) return;
  found->second.clear();
  found->second.get(values).Set(1);
}

void Registry::on_scrape(std::function<void()> collect) {
  const MutexLock lock(impl_->mutex);
  impl_->collectors.push_back(std::move(collect));
}

std::string Registry::text() {
  const MutexLock scraping(impl_->scraping);
  std::vector<std::function<void()>> collectors;
  {
    const MutexLock lock(impl_->mutex);
    collectors = impl_->collectors;
  }
  for (const auto& collect : collectors) collect();
  for (const auto& [level, name] : kLogLevels) {
    const Counter messages = counter(kLogMessages, {name});
    messages.add(static_cast<double>(log::count(level)) - messages.value());
  }

  std::vector<prometheus::MetricFamily> families = impl_->metrics.Collect();
  for (prometheus::MetricFamily& family : families) drop_hidden(family);
  for (prometheus::MetricFamily& family : process_families()) families.push_back(std::move(family));
  std::erase_if(families,
                [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace tocsin::metrics
