// The process_* families of metrics/families.h, read from /proc/self. Linux only: elsewhere, and
// for what may not be read, there is no family.
#pragma once

#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace tocsin::metrics {

std::vector<prometheus::MetricFamily> process_families();

}  // namespace tocsin::metrics
