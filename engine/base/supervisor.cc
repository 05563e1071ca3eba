#include "base/supervisor.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace tocsin {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A status is one line.
std::string one_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

Supervisor::Supervisor() : socket_(variable("NOTIFY_SOCKET")) {
  const std::string pid = variable("WATCHDOG_PID");
  if (!pid.empty() && pid != fmt::format("{}", ::getpid())) return;  // another process is meant
  watchdog_ms_ = std::strtoll(variable("WATCHDOG_USEC").c_str(), nullptr, 10) / 1000;
}

void Supervisor::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void Supervisor::reloading() const {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(steady_clock::now().time_since_epoch());
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

void Supervisor::stopping() const {
  send("STOPPING=1");
}

void Supervisor::alive() const {
  send("WATCHDOG=1");
}

void Supervisor::send(std::string_view state) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  socket_.copy(address.sun_path, socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

Watchdog::Watchdog(const Supervisor& supervisor, std::function<std::string()> stuck)
    : supervisor_(supervisor), stuck_(std::move(stuck)) {
  if (supervisor_.watchdog_ms() > 0) thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Watchdog::run() {
  const auto pause = std::chrono::milliseconds(supervisor_.watchdog_ms() / 3 + 1);
  for (;;) {
    if (const std::string stuck = stuck_(); stuck.empty()) {
      supervisor_.alive();
    } else {
      log::error("the watchdog is not served: the service does not go on", {{"reason", stuck}});
    }
    const MutexLock lock(mutex_);
    wake_.wait_for(mutex_, pause, [&]() REQUIRES(mutex_) { return stopping_; });
    if (stopping_) return;
  }
}

}  // namespace tocsin
