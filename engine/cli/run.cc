// tocsin run: the service.
#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/harden.h"
#include "base/log.h"
#include "base/supervisor.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/version.h"
#include "pipeline/service.h"

namespace tocsin::cli {
namespace {

std::optional<pipeline::Config> load(const std::string& path, Diagnostics& diagnostics) {
  return path.empty() ? pipeline::default_config(diagnostics)
                      : pipeline::load_config(path, diagnostics);
}

// Signals are taken by one thread that waits for them; all others have them blocked.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~Signals() {
    if (!thread_.joinable()) return;
    if (!told_to_stop_) ::pthread_kill(thread_.native_handle(), SIGTERM);  // ends the wait
    thread_.join();
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void start(pipeline::Service& service) {
    thread_ = std::thread([this, &service] {
      for (;;) {
        int signal = 0;
        if (::sigwait(&set_, &signal) != 0) continue;
        if (signal == SIGHUP) {
          log::info("told to reload", {{"signal", "SIGHUP"}});
          service.request_reload();
        } else {
          told_to_stop_ = true;
          service.stop();
          return;
        }
      }
    });
  }

  // From now on a second signal ends the process at once.
  void let_go() const { ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

 private:
  sigset_t set_{};
  std::atomic<bool> told_to_stop_{false};
  std::thread thread_;
};

// Bodies of a megabyte come and go by the hundred a second. glibc would give their pages back to
// the kernel each time, and get them again zeroed: that took more time than matching them (ingest
// ran at a third of its speed). What is kept is bounded by server.limits.body_budget and
// limits.in_flight.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kMapFrom = 32 << 20, kKeep = 128 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kMapFrom);
  ::mallopt(M_TRIM_THRESHOLD, kKeep);
#endif
}

int run(const std::string& config_path, bool accept_loss) {
  keep_freed_memory();
  Signals signals;  // before any thread is started
  Diagnostics diagnostics;
  std::optional<pipeline::Config> config = load(config_path, diagnostics);
  print_diagnostics(diagnostics, Severity::warning, kShownProblems);
  if (!config) return kError;
  log::configure(config->log.level, config->log.format);
  for (const std::string& problem : harden_process()) {
    log::warning("the process is not hardened as it could be", {{"problem", problem}});
  }
  const std::string& address = config->server.address;
  if (config->allow_insecure && !address.starts_with("127.") && address != "::1") {
    log::warning(
        "server.allow_insecure is set: whoever reaches this port may do everything, or read "
        "the tokens of those who may; something in front of it must see to that",
        {{"address", address}, {"port", config->server.port}});
  }

  if (accept_loss) {
    log::warning("--accept-loss is meant for one start: leave it out from the next one on");
    config->store.accept_loss = true;
  }
  pipeline::ServiceOptions options;
  options.load = [config_path](Diagnostics& found) { return load(config_path, found); };
  options.version = kVersion;
  options.revision = kRevision;
  options.compiler = kCompiler;
  const Supervisor supervisor;
  options.reloading = [&supervisor] { supervisor.reloading(); };
  options.reloaded = [&supervisor](const Status& done) {
    supervisor.ready(done ? "reloaded" : "not reloaded: " + done.error().message);
  };
  const net::ServerOptions listen = config->server;
  auto service = pipeline::Service::start(std::move(*config), std::move(options), system_clock());
  if (!service) {
    log::error("cannot start", {{"reason", service.error().message}});
    return kError;
  }
  signals.start(**service);
  log::info("ready", {{"address", listen.address},
                      {"port", (*service)->port()},
                      {"tls", !listen.tls.certificate_file.empty()},
                      {"version", kVersion}});
  supervisor.ready(fmt::format("listening on {}:{}", listen.address, (*service)->port()));
  std::optional<Watchdog> watchdog;
  watchdog.emplace(supervisor, [&service] { return (*service)->stuck(); });
  const Status ended = (*service)->wait();
  log::info("stopping");
  supervisor.stopping();
  watchdog.reset();
  signals.let_go();
  const Status drained = (*service)->drain();
  if (!ended) {
    log::error("the service could not go on", {{"reason", ended.error().message}});
    return kError;
  }
  if (!drained) {
    log::error("not everything was finished", {{"reason", drained.error().message}});
    return kError;
  }
  log::info("stopped");
  return kOk;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  const auto config = std::make_shared<std::string>();
  const auto accept_loss = std::make_shared<bool>(false);
  CLI::App* const command = app.add_subcommand(
      "run",
      "Run the service: take events over HTTP and from files, alert receivers, serve metrics.\n"
      "Without --config: 127.0.0.1:8484, the shipped rules, a store in ./tocsin-data, alerts on "
      "standard output");
  command
      ->add_option("-c,--config", *config, "Configuration; examples/tocsin.yml explains every key")
      ->type_name("FILE");
  command->add_flag("--accept-loss", *accept_loss,
                    "Start, this once, with a store that has lost what it had acknowledged. Raises "
                    "the alert tocsin.store_loss");
  command->callback([config, accept_loss, &exit_code] { exit_code = run(*config, *accept_loss); });
}

}  // namespace tocsin::cli
