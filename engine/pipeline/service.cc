#include "pipeline/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/text.h"
#include "metrics/families.h"
#include "pipeline/self_alert.h"

namespace tocsin::pipeline {
namespace {

// Of the time to shut down, for telling senders that their events are not taken any more.
constexpr std::int64_t kRefusalMs = 1'000;

// The first error with its place, and how many more there are.
std::string first_error(const std::vector<Diagnostic>& diagnostics) {
  const Diagnostic* first = nullptr;
  std::size_t errors = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    if (errors++ == 0) first = &diagnostic;
  }
  if (first == nullptr) return "unknown error";
  return place_and_problem(*first) +
         (errors == 1 ? "" : fmt::format(" (and {} more errors)", errors - 1));
}

void log_diagnostics(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == Severity::note) continue;
    const log::Level level =
        diagnostic.severity == Severity::error ? log::Level::error : log::Level::warning;
    log::write(level, "a problem in a file",
               {{"file", diagnostic.file},
                {"line", diagnostic.at.line},
                {"column", diagnostic.at.column},
                {"code", diagnostic.code},
                {"problem", diagnostic.message}});
  }
}

std::string_view in_force(const FailedFile& file) {
  return file.last_version ? "its last good version" : "nothing of it";
}

void log_failed(const std::vector<FailedFile>& failed) {
  for (const FailedFile& file : failed) {
    log::error("a rule or list file has an error and is not taken",
               {{"file", file.problem.file},
                {"line", file.problem.at.line},
                {"column", file.problem.at.column},
                {"code", file.problem.code},
                {"problem", file.problem.message},
                {"in_force", in_force(file)}});
  }
}

}  // namespace

Result<std::unique_ptr<Service>> Service::start(Config config, ServiceOptions options,
                                                const Clock& clock) {
  std::unique_ptr<Service> service(new Service(std::move(config), std::move(options), clock));
  if (Status begun = service->begin(); !begun) return tl::unexpected(std::move(begun.error()));
  return service;
}

Service::Service(Config config, ServiceOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      config_(std::move(config)),
      readiness_(registry_, clock) {}

Service::~Service() {
  static_cast<void>(drain());
}

// Each step needs the ones before it. Events are taken last, when everything is there.
Status Service::begin() {
  const Config config = current_config();
  Result<std::unique_ptr<store::Store>> store = store::Store::open(config.store);
  if (!store) return tl::unexpected(std::move(store.error()));
  store_ = std::move(*store);

  rule_files_ = std::make_unique<RuleFiles>(*store_);
  Result<std::shared_ptr<Live>> live = make_live(config);
  if (!live) return tl::unexpected(std::move(live.error()));
  live_.set(*live);  // before there are threads that ask for it

  dispatcher_ = std::make_unique<deliver::Dispatcher>(
      *store_, registry_, clock_,
      [this](const store::DeliveryWithAlert& dead, const std::string& reason) {
        on_dead(dead, reason);
      });
  correlations_ = std::make_unique<CorrelationState>(*store_, registry_, clock_, config.correlation,
                                                     reclaimer_);
  if (Status ready = correlations_->prepare(live_.get()); !ready) {
    if (ready.error().code != Code::busy) return ready;
    log::warning("correlations have to wait: the store takes nothing at the moment",
                 {{"reason", ready.error().message}});
  }
  committer_ = std::make_unique<Committer>(
      *store_, live_, *correlations_, readiness_, registry_, clock_,
      config.limits.commit_submissions,
      Committer::Hooks{[this] { dispatcher_->wake(); },
                       [this] {
                         fail_with({Code::io, "the store has failed; see the log"});
                       }});
  const IntakeOptions intake{config.limits.workers, config.limits.in_flight_bytes,
                             config.limits.in_flight_submissions, config.limits.inflated_bytes};
  put_into_force(config, std::move(*live), {});
  if (Status reported = report_loss(); !reported) return reported;
  intake_ =
      std::make_unique<Intake>(intake, live_, *committer_, readiness_, *store_, registry_, clock_);
  ingest_ = std::make_unique<source::HttpIngest>(config.ingest, *intake_, clock_);
  sources_ = std::make_unique<SourceSupervisor>(source::Host{
      *intake_, clock_, registry_,
      [this](const alert::SelfRule& rule, const std::string& about, const std::string& moment,
             const std::string& detail) {
        committer_->submit(
            findings_of({rule, about, moment, detail}, live_.get(), clock_.wall_ms()), {});
      }});
  api_ = std::make_unique<AdminApi>(AdminApi::Parts{live_, *store_, *intake_, *correlations_,
                                                    *dispatcher_, *sources_, clock_,
                                                    options_.version, config.file});
  http_ = std::make_unique<HttpService>(
      *ingest_, *api_, readiness_, registry_,
      [this](Reloader::Done done) { reloader_->request(std::move(done)); });
  http_->set_auth(std::make_shared<const net::Auth>(config.tokens, config.certificates));
  reloader_ = std::make_unique<Reloader>(
      config.reload.watch ? config.reload.interval_ms : 0,
      Reloader::Actions{[this] { return reload(); }, [this] { return watched(); }});

  registry_.info(metrics::kBuildInfo, {options_.version, options_.revision, options_.compiler});
  registry_.gauge(metrics::kConfigLastReloadSuccessful).set(1);
  registry_.gauge(metrics::kReloadLastSuccess).set(static_cast<double>(clock_.wall_ms()) / 1000);
  Result<std::unique_ptr<net::HttpServer>> server = net::HttpServer::start(config.server, *http_);
  if (!server) return tl::unexpected(std::move(server.error()));
  server_ = std::move(*server);
  gauges_ = std::make_unique<Gauges>(
      Gauges::Parts{registry_, *store_, *intake_, *committer_, *correlations_, *server_, clock_});
  for (const SourceConfig& source : config.sources) sources_->start(source);
  readiness_.set(Readiness::Cause::lifecycle, {});
  return {};
}

Result<std::shared_ptr<Live>> Service::make_live(const Config& config) {
  Result<Ruleset> ruleset =
      rule_files_->load({config.rules.paths, config.rules.lists}, config.rules.strict);
  if (!ruleset) return tl::unexpected(std::move(ruleset.error()));
  log_diagnostics(ruleset->diagnostics);
  log_failed(ruleset->failed);
  if (config.rules.strict && ruleset->diagnostics.has_errors()) {
    return fail(Code::invalid_input,
                fmt::format("rules.strict is true and a rule or list has an error: {}",
                            first_error(ruleset->diagnostics.all())));
  }
  if (ruleset->program.rules().empty()) {
    return fail(
        Code::not_found,
        fmt::format("no rule could be loaded from rules.paths ({})",
                    text::printable(fmt::format("{}", fmt::join(config.rules.paths, ", ")))));
  }
  const std::shared_ptr<const Live> before = live_.get();
  auto live = std::make_shared<Live>(std::move(*ruleset), config.rules.logsource, registry_,
                                     before.get(), config.metrics.rule_labels);
  live->routes = config.routes;
  live->grouping = config.grouping;
  for (const deliver::Receiver& receiver : config.receivers) {
    live->expires_after_ms[receiver.name] = receiver.expires_after_ms;
  }
  return live;
}

// `failed_before`: the files of the rules that were in force which had failed then.
void Service::put_into_force(const Config& config, std::shared_ptr<const Live> live,
                             const std::vector<FailedFile>& failed_before) {
  registry_.gauge(metrics::kRulesLoaded, {"rules"})
      .set(static_cast<double>(live->program().rules().size()));
  registry_.gauge(metrics::kRulesLoaded, {"correlations"})
      .set(static_cast<double>(live->ruleset.correlations->all().size()));
  registry_.gauge(metrics::kRulesLoaded, {"filters"})
      .set(static_cast<double>(live->ruleset.rules->filters.size()));
  if (const std::shared_ptr<const Live> before = live_.get();
      before && before->hash != live->hash) {
    registry_.gauge(metrics::kRulesetInfo, {before->hash}).set(0);
  }
  registry_.gauge(metrics::kRulesetInfo, {live->hash}).set(1);
  const std::vector<FailedFile>& failed = live->ruleset.failed;
  for (const bool last_version : {true, false}) {
    const auto count = std::count_if(failed.begin(), failed.end(), [&](const FailedFile& file) {
      return file.last_version == last_version;
    });
    registry_
        .gauge(metrics::kRuleFilesFailed,
               {last_version ? std::string_view("last_version") : std::string_view("nothing")})
        .set(static_cast<double>(count));
  }
  dispatcher_->configure(config.receivers);
  live_.set(live);
  if (const Status kept = rule_files_->keep(); !kept) {
    log::warning(
        "the last good versions of rule files were not written: until the next reload, a restart "
        "knows only older ones",
        {{"reason", kept.error().message}});
  }
  raise_failed(live, failed_before);
}

// Once for each file and problem, for as long as it stays the same; again after a restart.
void Service::raise_failed(const std::shared_ptr<const Live>& live,
                           const std::vector<FailedFile>& failed_before) {
  const std::int64_t now = clock_.wall_ms();
  for (const FailedFile& file : live->ruleset.failed) {
    const std::string problem = place_and_problem(file.problem);
    const bool is_known =
        std::any_of(failed_before.begin(), failed_before.end(), [&](const FailedFile& before) {
          return before.last_version == file.last_version &&
                 place_and_problem(before.problem) == problem;
        });
    if (is_known) continue;
    const std::string detail =
        fmt::format("{}; in force is {}; `tocsin check {}` shows all that is wrong with it",
                    text::printable(problem), in_force(file), text::printable(file.problem.file));
    committer_->submit(findings_of({alert::kRuleFileFailed, file.problem.file,
                                    fmt::format("{} {}", now, problem), detail},
                                   live, now),
                       {});
  }
}

Status Service::reload() {
  if (options_.reloading) options_.reloading();
  Status done = do_reload();
  registry_.counter(metrics::kReloads, {done ? "success" : "failure"}).add();
  registry_.gauge(metrics::kConfigLastReloadSuccessful).set(done ? 1 : 0);
  api_->set_reload({clock_.wall_ms(), done.has_value(), done ? "" : done.error().message});
  if (done) {
    registry_.gauge(metrics::kReloadLastSuccess).set(static_cast<double>(clock_.wall_ms()) / 1000);
    const std::shared_ptr<const Live> live = live_.get();
    log::info("reloaded", {{"rules", live->program().rules().size()},
                           {"hash", live->hash},
                           {"files_failed", live->ruleset.failed.size()}});
  } else {
    log::error("not reloaded: what was in force stays", {{"reason", done.error().message}});
  }
  if (options_.reloaded) options_.reloaded(done);
  return done;
}

Status Service::do_reload() {
  Diagnostics diagnostics;
  std::optional<Config> next = options_.load(diagnostics);
  log_diagnostics(diagnostics);
  if (!next) {
    return fail(
        Code::invalid_input,
        fmt::format("the configuration has an error, so neither it nor any rule is taken: {}",
                    first_error(diagnostics.all())));
  }
  Result<std::shared_ptr<Live>> live = make_live(*next);
  if (!live) return tl::unexpected(std::move(live.error()));
  if (Status renewed = server_->reload_tls(); !renewed) return renewed;

  std::vector<std::string> fixed;
  {
    const MutexLock lock(config_mutex_);
    fixed = needs_restart(config_, *next);
    next->fixed = config_.fixed;  // what runs: a restart is still needed after the next reload
  }
  for (const std::string& section : fixed) {
    log::warning("a change takes effect only after a restart", {{"section", section}});
  }
  log::configure(next->log.level, next->log.format);
  std::shared_ptr<const Live> before = live_.get();
  put_into_force(*next, std::move(*live), before->ruleset.failed);
  intake_->rules_changed();
  reclaimer_.retire(std::move(before));
  http_->set_auth(std::make_shared<const net::Auth>(next->tokens, next->certificates));
  const MutexLock lock(config_mutex_);
  config_ = std::move(*next);
  return {};
}

Config Service::current_config() const {
  const MutexLock lock(config_mutex_);
  return config_;
}

std::vector<std::string> Service::watched() const {
  const MutexLock lock(config_mutex_);
  std::vector<std::string> paths = config_.files;
  paths.insert(paths.end(), config_.rules.paths.begin(), config_.rules.paths.end());
  paths.insert(paths.end(), config_.rules.lists.begin(), config_.rules.lists.end());
  return paths;
}

// A notification that will not be delivered is itself told, to everybody but that receiver. What
// cannot be told either is in the log, the counters and the outbox.
void Service::on_dead(const store::DeliveryWithAlert& dead, const std::string& reason) {
  if (dead.alert.rule_id == alert::kDeadLetter.id) return;
  const std::string detail =
      fmt::format("receiver {} was not told of alert {} ({}): {}; `tocsin outbox show {}`",
                  dead.delivery.receiver, dead.alert.alert_id,
                  text::printable(dead.alert.rule_title), reason, dead.delivery.id);
  const SelfAlert alert{alert::kDeadLetter, dead.delivery.receiver, dead.delivery.key, detail,
                        dead.delivery.receiver};
  committer_->submit(findings_of(alert, live_.get(), clock_.wall_ms()), {});
}

// A loss that was accepted is an alert, once: that it was raised is a position, which is committed
// with it.
Status Service::report_loss() {
  constexpr char kSource[] = "tocsin.store_loss";
  const Result<std::optional<std::string>> loss = store_->accepted_loss();
  if (!loss) return tl::unexpected(loss.error());
  const Result<std::optional<std::string>> reported = store_->checkpoint(kSource);
  if (!reported) return tl::unexpected(reported.error());
  if (!*loss || *reported == *loss) return {};
  log::error("the store has lost acknowledged data", {{"loss", **loss}});

  Findings findings =
      findings_of({alert::kStoreLoss, current_config().store.folder, **loss, **loss}, live_.get(),
                  clock_.wall_ms());
  findings.source = kSource;
  findings.place = source::Reading().next(**loss);
  committer_->submit(std::move(findings), {});
  return {};
}

void Service::fail_with(Error error) {
  const MutexLock lock(mutex_);
  if (!failure_) failure_ = std::move(error);
  stopping_ = true;
  changed_.notify_all();
}

void Service::stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

Status Service::wait() {
  const MutexLock lock(mutex_);
  changed_.wait(mutex_, [&]() REQUIRES(mutex_) { return stopping_; });
  if (failure_) return tl::unexpected(*failure_);
  return {};
}

Status Service::drain() {
  if (store_ == nullptr) return {};
  const std::int64_t shutdown_ms = current_config().limits.shutdown_ms;
  const std::int64_t deadline = clock_.steady_ms() + shutdown_ms;
  // Then refusals can still be sent.
  if (intake_) intake_->finish_by(deadline - std::min(kRefusalMs, shutdown_ms / 4));
  readiness_.set(Readiness::Cause::lifecycle, "shutting down");
  if (reloader_) reloader_->stop();
  if (sources_) sources_->stop();
  if (server_) server_->drain(std::max<std::int64_t>(0, deadline - clock_.steady_ms()));
  server_.reset();
  gauges_.reset();
  ingest_.reset();
  if (intake_) intake_->stop();
  if (committer_) committer_->stop();
  if (dispatcher_) dispatcher_->stop();
  const bool clean = intake_ == nullptr || intake_->load().submissions == 0;
  dispatcher_.reset();
  committer_.reset();
  http_.reset();
  api_.reset();
  sources_.reset();
  intake_.reset();
  reloader_.reset();
  correlations_.reset();
  rule_files_.reset();
  store_.reset();
  if (!clean)
    return fail(Code::busy, "something was still waiting when the time to drain was over");
  return {};
}

}  // namespace tocsin::pipeline
