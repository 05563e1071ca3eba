// Config: all that `tocsin run` is told by its configuration file. examples/tocsin.yml documents
// every key; the defaults are those of the structures that the keys fill.
//
// Loading never stops at the first problem: all are reported, with their places. A configuration
// with an error is not used at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/log.h"
#include "config/files.h"
#include "config/settings.h"
#include "correlate/correlator.h"
#include "deliver/dispatcher.h"
#include "net/auth.h"
#include "net/http_server.h"
#include "pipeline/plan.h"
#include "route/grouping.h"
#include "route/routes.h"
#include "source/http_ingest.h"
#include "source/source.h"
#include "store/store.h"

namespace tocsin::pipeline {

struct RulesConfig {
  std::vector<std::string> paths;  // files or folders; without configuration the shipped rules
  std::vector<std::string> lists;  // list files or folders
  Source logsource;
  std::string logsource_text = "auto";
  bool strict = false;  // a file with an error prevents start and reload
};

struct SourceConfig {
  std::string name;
  std::string type;                        // of source::SourceEntry
  std::shared_ptr<source::Source> source;  // not running
  std::string fingerprint;                 // of all its settings
};

struct LimitsConfig {
  unsigned workers = 1;  // threads that match; by default as many as there are processors
  // Of submissions that wait or are worked on; beyond it senders are told to come back.
  std::uint64_t in_flight_bytes = std::uint64_t{64} << 20;
  std::uint64_t in_flight_submissions = 4096;
  std::uint64_t commit_submissions = 512;  // that one COMMIT acknowledges together, at most
  std::uint64_t inflated_bytes = std::uint64_t{512} << 20;  // of one submission
  std::int64_t shutdown_ms = 10'000;                        // to drain; then what waits is refused
};

// Detections over time (correlate/README.md).
struct CorrelationConfig {
  std::int64_t lateness_ms = 15LL * 60 * 1000;  // how much later than newer ones events may come
  correlate::Limits limits;
  std::uint64_t journal_bytes = std::uint64_t{256} << 20;  // of hits, for a restart
};

struct LogConfig {
  log::Level level = log::Level::info;
  log::Format format = log::Format::text;
};

struct ReloadConfig {
  bool watch = true;  // look for changed files every `interval_ms`
  std::int64_t interval_ms = 2'000;
};

struct MetricsConfig {
  bool rule_labels = true;  // series by rule
};

struct Config {
  std::string file;  // as given; "" without a configuration file
  // Absolute paths of all files that it was made of: itself, secrets, certificates. Not rules and
  // lists, which have paths of their own.
  std::vector<std::string> files;

  net::ServerOptions server;
  std::vector<net::TokenConfig> tokens;
  std::vector<net::CertificateConfig> certificates;
  bool allow_insecure = false;
  source::IngestOptions ingest;

  RulesConfig rules;
  std::vector<SourceConfig> sources;  // besides HTTP
  store::StoreOptions store;
  route::GroupingOptions grouping;

  std::vector<deliver::Receiver> receivers;
  route::Routes routes;

  LimitsConfig limits;
  CorrelationConfig correlation;
  LogConfig log;
  ReloadConfig reload;
  MetricsConfig metrics;

  // What only a restart can change, by section, as text that can be compared.
  struct Fixed {
    std::string section;  // "server", "sources", "store", "limits", "correlation", "metrics"
    std::string value;
    friend bool operator==(const Fixed&, const Fixed&) = default;
  };
  std::vector<Fixed> fixed;
};

// Names of sections in which `next` differs from `running` although only a restart can change them.
std::vector<std::string> needs_restart(const Config& running, const Config& next);

struct LoadOptions {
  config::Environment environment = config::process_environment();
  const config::Files* files = &config::system_files();
  std::function<std::optional<deliver::Receiver>(config::Settings&)> make_receiver =
      deliver::make_receiver;
  std::set<std::string>* asked = nullptr;  // see config::Context
};

// nullopt: there are errors, all of which are in `diagnostics`. Warnings may be there in any case.
std::optional<Config> load_config(const std::string& path, Diagnostics& diagnostics,
                                  const LoadOptions& options = {});
// The same for a text; `file` names it, and relative paths start in its folder ("": in the current
// one).
std::optional<Config> load_config_text(std::string_view text, const std::string& file,
                                       Diagnostics& diagnostics, const LoadOptions& options = {});
// Without a configuration file: loopback, the shipped rules, a store in ./tocsin-data, alerts on
// standard output.
std::optional<Config> default_config(Diagnostics& diagnostics, const LoadOptions& options = {});

// The folder of the rules that came with this program, "" when it cannot be found: next to the
// executable (share/tocsin/rules of its prefix, or rules/ of the checkout that it was built in).
std::string shipped_rules(const config::Files& files);

}  // namespace tocsin::pipeline
