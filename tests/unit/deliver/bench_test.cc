// How fast the outbox is emptied, and what waiting rows cost in memory. Not run by default:
// test_deliver "[.bench]"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "unit/deliver/support.h"

namespace tocsin::deliver {
namespace {

// Answers every request on a connection with 204, a thread each.
class FastReceiver {
 public:
  FastReceiver() {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(socket_, any, size) == 0);
    REQUIRE(listen(socket_, 16) == 0);
    REQUIRE(getsockname(socket_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      for (int peer = 0; (peer = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        peers_.emplace_back([peer] { serve(peer); });
      }
    });
  }
  ~FastReceiver() {
    shutdown(socket_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& peer : peers_) peer.join();
    close(socket_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }

 private:
  static void serve(int peer) {
    std::string got;
    char buffer[16384];
    for (ssize_t size = 0; (size = read(peer, buffer, sizeof buffer)) > 0;) {
      got.append(buffer, static_cast<std::size_t>(size));
      const std::size_t head = got.find("\r\n\r\n");
      const std::size_t length = got.find("Content-Length: ");
      if (head == std::string::npos || length > head) continue;
      const auto body = static_cast<std::size_t>(std::atoi(got.c_str() + length + 16));
      if (got.size() < head + 4 + body) continue;
      got.clear();
      constexpr std::string_view kAnswer = "HTTP/1.1 204 No Content\r\n\r\n";
      if (write(peer, kAnswer.data(), kAnswer.size()) < 0) break;
    }
    close(peer);
  }

  int socket_ = -1;
  unsigned port_ = 0;
  std::vector<std::thread> peers_;  // of the acceptor alone, until it has ended
  std::thread acceptor_;
};

class Poster final : public Notifier {
 public:
  explicit Poster(std::string url) : url_(std::move(url)) {}
  Outcome send(const Notification& notification, Channel& channel) const override {
    net::HttpRequest request;
    request.url = Secret(url_);
    request.headers.emplace_back("Content-Type", Secret("application/json"));
    request.headers.emplace_back("webhook-id", Secret(notification.key));
    request.body = notification.items.front().json;
    const auto answer = channel.http.send(request, channel.stop);
    return answer ? classify(*answer) : no_answer(answer.error());
  }

 private:
  std::string url_;
};

double resident_mib() {
  std::ifstream status("/proc/self/statm");
  double pages = 0;
  status >> pages >> pages;
  return pages * 4096 / (1 << 20);
}

TEST_CASE("throughput of a webhook on loopback", "[.bench]") {
  for (const unsigned concurrency : {1u, 2u, 4u, 8u}) {
    FastReceiver receives;
    Outbox outbox(system_clock());
    metrics::Registry metrics;
    constexpr std::size_t kRows = 1'000;
    outbox.add_many("a", kRows);
    Receiver receiver =
        deliver::receiver("a", std::make_shared<Poster>(receives.url()), {1, concurrency, 0, 1});
    receiver.client.egress.allowed = {parse_cidr("127.0.0.0/8").value()};
    receiver.client.proxy = "none";
    const auto start = std::chrono::steady_clock::now();
    Dispatcher dispatcher(outbox.store(), metrics, system_clock(), {});
    dispatcher.configure({receiver});
    REQUIRE(eventually([&] { return outbox.pending("a") == 0; }));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("concurrency %u: %.0f alerts/s\n", concurrency, kRows / took.count());
  }
}

TEST_CASE("memory while 30,000 rows wait for a receiver that fails", "[.bench]") {
  Outbox outbox(system_clock());
  metrics::Registry metrics;
  const auto notifier = std::make_shared<FakeNotifier>();
  notifier->answer([](const Notification&, Channel&) { return later(); });
  Dispatcher dispatcher(outbox.store(), metrics, system_clock(), {});
  dispatcher.configure({receiver("a", notifier, {20, 4, 5, 3})});
  const double before = resident_mib();
  outbox.add_many("a", 30'000);
  const double added = resident_mib();
  dispatcher.wake();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  std::printf(
      "resident: %.1f MiB before, %.1f MiB when 30,000 rows were added, %.1f MiB after 5 s\n",
      before, added, resident_mib());
  CHECK(outbox.pending("a") == 30'000);
}

}  // namespace
}  // namespace tocsin::deliver
