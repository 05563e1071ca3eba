#include "metrics/process.h"

#include <dirent.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "metrics/families.h"

namespace tocsin::metrics {
namespace {

// The numbers of /proc/self/stat (proc(5)) that are of interest.
struct Stat {
  double user_ticks = 0, system_ticks = 0;
  double threads = 0;
  double start_ticks = 0;  // since the machine started
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<std::string> content(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  return text.str();
}

std::optional<Stat> read_stat() {
  const auto text = content("/proc/self/stat");
  // The second field is the program's name in parentheses, and may hold anything.
  const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text->substr(name_end + 1));
  std::string skipped;
  Stat stat;
  for (int field = 3; field <= 24; ++field) {
    switch (field) {
      case 14:
        fields >> stat.user_ticks;
        break;
      case 15:
        fields >> stat.system_ticks;
        break;
      case 20:
        fields >> stat.threads;
        break;
      case 22:
        fields >> stat.start_ticks;
        break;
      case 23:
        fields >> stat.virtual_bytes;
        break;
      case 24:
        fields >> stat.resident_pages;
        break;
      default:
        fields >> skipped;
    }
  }
  if (!fields) return std::nullopt;
  return stat;
}

// When the machine started, in seconds since 1970.
std::optional<double> boot_time() {
  const auto text = content("/proc/stat");
  const std::size_t at = text ? text->find("\nbtime ") : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(text->c_str() + at + 7, nullptr);
}

std::optional<double> open_fds() {
  ::DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  double count = -1;  // the folder itself
  while (const ::dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(folder);
  return count;
}

// nullopt: not known, or without limit.
std::optional<double> soft_limit(int resource) {
  ::rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

class Families {
 public:
  void add(const GaugeFamily& family, std::optional<double> value) {
    if (value) append(family, prometheus::MetricType::Gauge).gauge.value = *value;
  }
  void add(const CounterFamily& family, std::optional<double> value) {
    if (value) append(family, prometheus::MetricType::Counter).counter.value = *value;
  }

  std::vector<prometheus::MetricFamily> all;

 private:
  prometheus::ClientMetric& append(const FamilyInfo& family, prometheus::MetricType type) {
    all.push_back({std::string(family.name), std::string(family.help), type, {{}}});
    return all.back().metric.front();
  }
};

}  // namespace

std::vector<prometheus::MetricFamily> process_families() {
  const std::optional<Stat> stat = read_stat();
  const std::optional<double> boot = boot_time();
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));

  Families families;
  if (stat && ticks > 0) {
    families.add(kProcessCpu, (stat->user_ticks + stat->system_ticks) / ticks);
    if (boot) families.add(kProcessStartTime, *boot + stat->start_ticks / ticks);
  }
  if (stat) {
    families.add(kProcessVirtualMemory, stat->virtual_bytes);
    if (page > 0) families.add(kProcessResidentMemory, stat->resident_pages * page);
    families.add(kProcessThreads, stat->threads);
  }
  families.add(kProcessOpenFds, open_fds());
  families.add(kProcessMaxFds, soft_limit(RLIMIT_NOFILE));
  families.add(kProcessVirtualMemoryMax, soft_limit(RLIMIT_AS));
  return std::move(families.all);
}

}  // namespace tocsin::metrics
