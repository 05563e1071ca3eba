// AdminApi: what the service tells about itself, as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "deliver/dispatcher.h"
#include "pipeline/correlation_state.h"
#include "pipeline/intake.h"
#include "pipeline/live.h"
#include "pipeline/source_supervisor.h"
#include "store/store.h"

namespace tocsin::pipeline {

// The outcome of the last attempt to read the configuration again.
struct ReloadStatus {
  std::int64_t at_ms = 0;  // 0: none yet
  bool success = true;
  std::string error;
};

// Thread-safe. Everything must outlive it.
class AdminApi {
 public:
  struct Parts {
    const LiveHolder& live;
    store::Store& store;
    const Intake& intake;
    const CorrelationState& correlations;
    const deliver::Dispatcher& dispatcher;
    const SourceSupervisor& sources;
    const Clock& clock;
    std::string version;
    std::string config_file;  // "" without one
  };

  explicit AdminApi(Parts parts);

  // GET /api/v1/alerts?level=&rule=&account=&principal=&before=&limit=: the newest first. Error: a
  // parameter that is not understood (invalid_input), or the store.
  Result<std::string> alerts(std::string_view query) const;
  // GET /api/v1/rules: every rule in force, with its hits since the start and its cost.
  std::string rules() const;
  // GET /api/v1/correlations: every correlation in force, with what it holds. ?rule=REF&limit=N:
  // that one, by id, name or title, with the groups that it watches, those with the most hits
  // first.
  Result<std::string> correlations(std::string_view query) const;
  // The answer to POST /-/reload when it succeeded: names the files that are not in force.
  std::string reloaded() const;
  // GET /api/v1/status
  Result<std::string> status() const;

  void set_reload(ReloadStatus status);

 private:
  std::string all_correlations() const;
  Result<std::string> one_correlation(const CorrelationState::Groups& groups) const;

  const Parts parts_;
  const std::int64_t started_ms_;
  mutable Mutex mutex_;
  ReloadStatus reload_ GUARDED_BY(mutex_);
};

// A number from 0 to `most`; larger ones are `most`. nullopt: it is none.
std::optional<std::int64_t> query_number(std::string_view text, std::int64_t most);
// "a=1&b=%20" → pairs, percent-decoded. Error: an escape that is none.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace tocsin::pipeline
