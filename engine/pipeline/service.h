// Service: `tocsin run` as one object. It owns every part and the order in which they begin and
// end: store, delivery, committer, workers, HTTP, sources; and backwards.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/mutex.h"
#include "deliver/dispatcher.h"
#include "metrics/registry.h"
#include "net/http_server.h"
#include "pipeline/admin_api.h"
#include "pipeline/config.h"
#include "pipeline/gauges.h"
#include "pipeline/http_service.h"
#include "pipeline/readiness.h"
#include "pipeline/reclaimer.h"
#include "pipeline/reloader.h"
#include "pipeline/rule_files.h"
#include "pipeline/source_supervisor.h"

namespace tocsin::pipeline {

struct ServiceOptions {
  // Reads the configuration again, as it was read the first time.
  std::function<std::optional<Config>(Diagnostics&)> load;
  std::string version, revision, compiler;
  // From the reloader's thread, before and after each reload. May be empty.
  std::function<void()> reloading;
  std::function<void(const Status&)> reloaded;
};

class Service {
 public:
  // Returns when it is ready. `clock` must outlive it.
  static Result<std::unique_ptr<Service>> start(Config config, ServiceOptions options,
                                                const Clock& clock);
  // Drains, within the configured time, and ends everything.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::uint16_t port() const { return server_->port(); }

  // "": it goes on. Otherwise why it will not without a restart, in words. From any thread.
  std::string stuck() const { return readiness_.stuck(); }

  // SIGHUP.
  void request_reload() { reloader_->request(); }
  // Waits until stop(), or until the service cannot go on: then says why.
  Status wait();
  // From any thread.
  void stop();
  // Takes nothing more, finishes what was taken, ends. Success when nothing was left waiting.
  Status drain();

 private:
  Service(Config config, ServiceOptions options, const Clock& clock);

  Status begin();
  Result<std::shared_ptr<Live>> make_live(const Config& config);
  void put_into_force(const Config& config, std::shared_ptr<const Live> live,
                      const std::vector<FailedFile>& failed_before);
  void raise_failed(const std::shared_ptr<const Live>& live,
                    const std::vector<FailedFile>& failed_before);
  Status reload();
  Status do_reload();
  std::vector<std::string> watched() const;
  Config current_config() const;
  Status report_loss();
  void on_dead(const store::DeliveryWithAlert& dead, const std::string& reason);
  void fail_with(Error error);

  ServiceOptions options_;
  const Clock& clock_;
  mutable Mutex config_mutex_;
  Config config_ GUARDED_BY(config_mutex_);
  metrics::Registry registry_;
  Readiness readiness_;
  LiveHolder live_;

  Reclaimer reclaimer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<RuleFiles> rule_files_;  // after begin(): the reloader's
  std::unique_ptr<deliver::Dispatcher> dispatcher_;
  std::unique_ptr<CorrelationState> correlations_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<SourceSupervisor> sources_;
  std::unique_ptr<source::HttpIngest> ingest_;
  std::unique_ptr<AdminApi> api_;
  std::unique_ptr<HttpService> http_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<Reloader> reloader_;

  std::unique_ptr<Gauges> gauges_;

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::optional<Error> failure_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::pipeline
