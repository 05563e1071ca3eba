#include "net/egress.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "net/http_client.h"

namespace tocsin::net {
namespace {

TEST_CASE("the egress guard lets only public addresses through") {
  const char* kPublic[] = {
      "1.1.1.1",
      "8.8.8.8",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.255.255",
      "169.255.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "191.255.255.255",
      "192.0.1.0",
      "192.0.3.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
      "198.51.99.255",
      "198.51.101.0",
      "203.0.112.255",
      "203.0.114.0",
      "223.255.255.255",
      "168.63.129.17",
      "::ffff:8.8.8.8",
      "64:ff9b::8.8.8.8",
      "2001:200::1",
      "2001:4860:4860::8888",
      "2001:db7::1",
      "2001:db9::1",
      "2003::1",
      "2606:4700::1111",
      "2a00::1",
      "3fff:1000::1",
  };
  const char* kRefused[] = {
      "0.0.0.0",
      "0.255.255.255",
      "10.0.0.0",
      "10.255.255.255",
      "100.64.0.0",
      "100.100.100.200",
      "100.127.255.255",
      "127.0.0.1",
      "127.255.255.255",
      "168.63.129.16",
      "169.254.0.0",
      "169.254.169.254",
      "169.254.170.2",
      "169.254.255.255",
      "172.16.0.0",
      "172.31.255.255",
      "192.0.0.0",
      "192.0.0.192",
      "192.0.2.1",
      "192.88.99.1",
      "192.168.0.0",
      "192.168.255.255",
      "198.18.0.0",
      "198.19.255.255",
      "198.51.100.1",
      "203.0.113.1",
      "224.0.0.0",
      "239.255.255.255",
      "240.0.0.0",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:0:0:0",
      "::ffff:127.0.0.1",
      "::127.0.0.1",
      "::8.8.8.8",
      "64:ff9b::127.0.0.1",
      "64:ff9b::169.254.169.254",
      "64:ff9b::a00:1",
      "64:ff9b:1::1",
      "64:ff9b:1::8.8.8.8",
      "100::1",
      "2001::1",
      "2001:0:4136:e378:8000:63bf:3fff:fdd2",
      "2001:2::1",
      "2001:10::1",
      "2001:20::1",
      "2001:db8::1",
      "2001:db8:ffff::1",
      "2002::1",
      "2002:7f00:1::1",
      "2002:808:808::1",
      "3ffe::1",
      "3fff::1",
      "4000::1",
      "5f00::1",
      "fc00::1",
      "fd00:ec2::254",
      "fdff::1",
      "fe00::1",
      "fe80::1",
      "febf::1",
      "fec0::1",
      "ff02::1",
      "ffff::1",
  };
  const EgressPolicy nothing;
  for (const char* text : kPublic) {
    INFO(text);
    CHECK(may_connect(nothing, parse_ip(text).value()));
  }
  for (const char* text : kRefused) {
    INFO(text);
    CHECK_FALSE(may_connect(nothing, parse_ip(text).value()));
  }
}

TEST_CASE("networks that are listed may be reached, and no others") {
  EgressPolicy policy;
  for (const char* text : {"10.1.0.0/16", "fd00:1::/32", "127.0.0.1"}) {
    policy.allowed.push_back(parse_cidr(text).value());
  }
  struct Case {
    const char* address;
    bool allowed;
  };
  const Case kCases[] = {
      {"10.1.2.3", true},   {"10.2.0.0", false},   {"::ffff:10.1.2.3", true},
      {"127.0.0.1", true},  {"127.0.0.2", false},  {"fd00:1::5", true},
      {"fd00:2::5", false}, {"::10.1.2.3", false}, {"64:ff9b::10.1.2.3", false},
      {"8.8.8.8", true},
  };
  for (const Case& test : kCases) {
    INFO(test.address);
    CHECK(may_connect(policy, parse_ip(test.address).value()) == test.allowed);
  }
}

// Listens on every address of this machine, IPv4 and IPv6, and counts who comes.
class Listener {
 public:
  Listener() {
    socket_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool v6 = socket_ >= 0;
    if (!v6) socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 any6{};
    sockaddr_in any4{};
    any6.sin6_family = AF_INET6;
    any4.sin_family = AF_INET;
    const int both = 0;
    if (v6) setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
    auto* any = v6 ? reinterpret_cast<sockaddr*>(&any6) : reinterpret_cast<sockaddr*>(&any4);
    socklen_t size = v6 ? sizeof any6 : sizeof any4;
    REQUIRE(bind(socket_, any, size) == 0);
    REQUIRE(listen(socket_, 128) == 0);
    REQUIRE(getsockname(socket_, any, &size) == 0);
    port_ = ntohs(v6 ? any6.sin6_port : any4.sin_port);
    thread_ = std::thread([this] {
      for (int peer = 0; (peer = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        ++connections_;
        close(peer);
      }
    });
  }
  ~Listener() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  std::string port() const { return std::to_string(port_); }
  unsigned connections() const { return connections_; }

 private:
  int socket_;
  unsigned port_ = 0;
  std::atomic<unsigned> connections_{0};
  std::thread thread_;
};

// "PORT" stands for the listener's port. Everything that a URL parser, a resolver or the kernel may
// take for this machine, the networks around it, or a metadata service.
constexpr const char* kSpellings[] = {
    // loopback: dotted, short, decimal, octal, hexadecimal, mixed, overlong
    "http://127.0.0.1:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.255.255.254:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.65535:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7F.0x00.0x00.0x01:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://00177.0.0.1:PORT/",
    "http://0177.0x0.0.1:PORT/",
    "http://127.0.0x1:PORT/",
    "http://127.000.000.001:PORT/",
    "http://0000127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://4294967297:PORT/",
    "http://127.0.0.256:PORT/",
    "http://0x17f000001:PORT/",
    // names
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://LocalHost:PORT/",
    "http://anything.localhost:PORT/",
    "http://a.b.localhost:PORT/",
    "http://localhost.localdomain:PORT/",
    "http://ip6-localhost:PORT/",
    "http://ip6-loopback:PORT/",
    "http://%6c%6f%63alhost:PORT/",
    // unspecified: the kernel takes it for loopback
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http://00000000000:PORT/",
    "http://0.1:PORT/",
    "http://0.0.0.1:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:0]:PORT/",
    "http://[0::0]:PORT/",
    // IPv6 loopback and what embeds IPv4
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
    "http://[::0001]:PORT/",
    "http://[0::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::FFFF:7F00:0001]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::7f00:1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b:1::127.0.0.1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2002:7f00:0001::1]:PORT/",
    "http://[2001::1]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[::ffff:0.0.0.0]:PORT/",
    // metadata services, in as many ways
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://169.254.43518/",
    "http://169.16689662/",
    "http://025177524776/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[fd00:ec2::254]/",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "https://169.254.169.254/",
    // private, shared, reserved, multicast
    "http://10.0.0.1:PORT/",
    "http://012.1:PORT/",
    "http://167772161:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.1.1:PORT/",
    "http://0300.0250.1.1:PORT/",
    "http://100.64.0.1:PORT/",
    "http://198.18.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://240.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[ff02::1%25lo]:PORT/",
    "http://[2001:db8::1]:PORT/",
    "https://127.0.0.1:PORT/",
    "https://[::1]:PORT/",
    // fullwidth digits and other letters that IDNA maps; a user that looks like a host
    "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1:PORT/",
    "http://127\xE3\x80\x82\x30.0.1:PORT/",
    "http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1:PORT/",
    "http://example.com@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT@127.0.0.1:PORT/",
    "http://example.com#@127.0.0.1:PORT/..",
    "http:\\\\127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_",
    "ftp://127.0.0.1:PORT/",
    "dict://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "telnet://127.0.0.1:PORT/",
    "tftp://127.0.0.1:PORT/x",
    "ldap://127.0.0.1:PORT/",
    "scp://127.0.0.1:PORT/x",
};

std::string with_port(std::string url, const std::string& port) {
  for (std::size_t at = 0; (at = url.find("PORT", at)) != std::string::npos;) {
    url.replace(at, 4, port);
  }
  return url;
}

TEST_CASE("no spelling of an address gets around the egress guard") {
  static_assert(std::size(kSpellings) >= 80);
  Listener listener;
  ClientOptions options;
  options.proxy = "none";
  options.timeout_ms = 2'000;
  HttpClient client(options);
  const std::atomic<bool> stop{false};
  std::size_t refused = 0;
  for (const char* spelling : kSpellings) {
    const std::string url = with_port(spelling, listener.port());
    // Names that this machine knows nothing about would leave it: not in a test.
    if (url.find("example.com#") != std::string::npos) continue;
    INFO(url);
    HttpRequest request;
    request.url = Secret(url);
    const Result<HttpAnswer> answer = client.send(request, stop);
    CHECK_FALSE(answer);
    if (!answer && answer.error().code == Code::refused) ++refused;
  }
  CHECK(listener.connections() == 0);
  // The others are no URLs to us, or names that do not resolve.
  CHECK(refused >= 80);

  // The listener would have seen them.
  unsigned expected = 0;
  for (const char* url : {"http://127.0.0.1:PORT/", "http://2130706433:PORT/"}) {
    options.egress.allowed = {parse_cidr("127.0.0.0/8").value()};
    HttpClient allowed(options);
    HttpRequest request;
    request.url = Secret(with_port(url, listener.port()));
    const Result<HttpAnswer> answer = allowed.send(request, stop);
    CHECK_FALSE(answer);  // it closes without an answer
    CHECK(listener.connections() >= ++expected);
  }
}

}  // namespace
}  // namespace tocsin::net
