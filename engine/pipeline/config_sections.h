// The sections of a configuration file, each read into its part of Config. Private to loading.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.h"
#include "pipeline/config.h"

namespace tocsin::pipeline {

// Units of the limits: bytes, milliseconds.
inline constexpr std::uint64_t kKiB = 1 << 10, kMiB = kKiB << 10, kGiB = kMiB << 10;
inline constexpr std::int64_t kOneSecond = 1000, kMinute = 60 * kOneSecond, kHour = 60 * kMinute,
                              kDay = 24 * kHour;

// What sections need beside their own keys.
struct Reading {
  const LoadOptions& options;
  Config& config;
  Diagnostics further = {};                      // not about the file itself
  std::vector<std::string> receiver_names = {};  // also of those that have a problem

  // Reports when the file or folder at `path` cannot be read. `key` is where it was named.
  void require_readable(config::Settings& settings, std::string_view key, const std::string& path);
};

void read_server(config::Settings& root, Reading& reading);
void read_sources(config::Settings& root, Reading& reading);
void read_rules(config::Settings& root, Reading& reading);
void read_store(config::Settings& root, Reading& reading);
void read_alerts(config::Settings& root, Reading& reading);
void read_limits(config::Settings& root, Reading& reading);
// After the store.
void read_correlation(config::Settings& root, Reading& reading);
// log, reload and metrics.
void read_operation(config::Settings& root, Reading& reading);
void read_receivers(config::Settings& root, Reading& reading);
// After the receivers and sources.
void read_routes(config::Settings& root, Reading& reading);

// Whether a name can be a label and part of a key: at most 64 letters, digits, `.`, `_` and `-`.
bool is_plain_name(std::string_view name);
// Reports a name that is not plain or is `taken` already, and returns whether it is neither.
bool check_name(config::Settings& settings, std::string_view key, const std::string& name,
                const std::vector<std::string>& taken);

// What of the configuration only a restart can change.
std::vector<Config::Fixed> fixed_parts(const Config& config);

}  // namespace tocsin::pipeline
