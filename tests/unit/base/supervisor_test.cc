// What a supervisor is told, over a real socket.
#include "base/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

namespace tocsin {
namespace {

// The supervisor's end: a datagram socket at a path or, with '@', in the abstract namespace.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    REQUIRE(fd_ >= 0);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~NotifySocket() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    ::close(fd_);
    if (name_[0] != '@') ::unlink(name_.c_str());
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // The next message; "": none came for so long.
  std::string next(int wait_ms = 10'000) const {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, wait_ms) != 1) return "";
    char text[512];
    const ssize_t size = ::recv(fd_, text, sizeof text, 0);
    return std::string(text, size < 0 ? 0 : static_cast<std::size_t>(size));
  }

 private:
  const std::string name_;
  int fd_ = -1;
};

std::string socket_name() {
  return fmt::format("/tmp/tocsin-notify-{}", ::getpid());
}

TEST_CASE("a supervisor is told of every state, by a path or an abstract name") {
  const std::string name = GENERATE(socket_name(), fmt::format("@tocsin-notify-{}", ::getpid()));
  const NotifySocket socket(name);
  const Supervisor supervisor;
  supervisor.ready("listening\nREADY=0");
  CHECK(socket.next() == "READY=1\nSTATUS=listening");
  supervisor.reloading();
  CHECK(socket.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  supervisor.stopping();
  CHECK(socket.next() == "STOPPING=1");
}

TEST_CASE("without a supervisor, or when it is gone, nothing is sent and nothing fails") {
  ::unsetenv("NOTIFY_SOCKET");
  Supervisor().ready("x");
  ::setenv("NOTIFY_SOCKET", "/nowhere/to/be/found", 1);
  Supervisor().ready("x");
  ::setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  Supervisor().ready("x");
  ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("the watchdog is served while the service goes on, and not while it is stuck") {
  const NotifySocket socket(socket_name());
  ::setenv("WATCHDOG_USEC", "30000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const Supervisor supervisor;
  REQUIRE(supervisor.watchdog_ms() == 30);
  std::atomic<bool> stuck = true;
  std::atomic<int> asked = 0;
  const Watchdog watchdog(supervisor, [&] {
    ++asked;
    return std::string(stuck ? "it hangs" : "");
  });
  while (asked < 3) std::this_thread::yield();
  CHECK(socket.next(0).empty());
  stuck = false;
  CHECK(socket.next() == "WATCHDOG=1");
  CHECK(socket.next() == "WATCHDOG=1");
}

TEST_CASE("a watchdog of another process is not served") {
  const NotifySocket socket(socket_name());
  ::setenv("WATCHDOG_USEC", "1000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getppid()).c_str(), 1);
  const Supervisor supervisor;
  CHECK(supervisor.watchdog_ms() == 0);
  const Watchdog watchdog(supervisor, [] { return std::string(); });
  CHECK(socket.next(50).empty());
}

}  // namespace
}  // namespace tocsin
