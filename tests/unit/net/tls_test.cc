#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "unit/net/certificates.h"
#include "unit/net/http_support.h"

namespace tocsin::net {
namespace {

struct ClientOptions {
  const Identity* trusts = nullptr;
  const Identity* shows = nullptr;
  int least = TLS1_2_VERSION;
  int most = TLS1_3_VERSION;
  const char* ciphers = nullptr;  // of TLS 1.2
  std::string protocols = {};     // of ALPN, in its wire form
};

// What came of one request over TLS: the answer's bytes, or "" when there was no connection.
struct Exchange {
  std::string answer;
  std::string version;
  std::string protocol;
  std::string server;  // certificate's serial number
};

Exchange exchange(std::uint16_t port, const ClientOptions& options, std::string_view request) {
  Exchange result;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);  // old versions have to be refused by the server
  SSL_CTX_set_min_proto_version(context, options.least);
  SSL_CTX_set_max_proto_version(context, options.most);
  if (options.ciphers != nullptr) SSL_CTX_set_cipher_list(context, options.ciphers);
  if (options.trusts != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), options.trusts->certificate.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (options.shows != nullptr) {
    SSL_CTX_use_certificate(context, options.shows->certificate.get());
    SSL_CTX_use_PrivateKey(context, options.shows->key.get());
  }
  if (!options.protocols.empty()) {
    SSL_CTX_set_alpn_protos(context,
                            reinterpret_cast<const unsigned char*>(options.protocols.data()),
                            static_cast<unsigned>(options.protocols.size()));
  }
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{10, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  SSL* tls = SSL_new(context);
  SSL_set_fd(tls, socket);
  if (SSL_connect(tls) == 1) {
    result.version = SSL_get_version(tls);
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls, &protocol, &size);
    result.protocol.assign(reinterpret_cast<const char*>(protocol), size);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(SSL_get0_peer_certificate(tls));
    result.server = std::to_string(ASN1_INTEGER_get(serial));
    std::size_t at = 0;
    while (at < request.size()) {
      const int sent = SSL_write(tls, request.data() + at, static_cast<int>(request.size() - at));
      if (sent <= 0) break;
      at += static_cast<std::size_t>(sent);
    }
    char bytes[16384];
    for (int got = 0; (got = SSL_read(tls, bytes, sizeof bytes)) > 0;) {
      result.answer.append(bytes, static_cast<std::size_t>(got));
    }
    if (!result.answer.empty() && SSL_get_error(tls, 0) == SSL_ERROR_NONE) result.answer += "!";
    SSL_shutdown(tls);
  }
  SSL_free(tls);
  SSL_CTX_free(context);
  ::close(socket);
  return result;
}

const std::string kRequest = "GET /client HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

// All that the cases below need, made once.
struct World {
  TempFolder folder;
  Identity root = make_identity({.name = "root", .authority = true});
  Identity server = make_identity({.issuer = &root});
  Identity client_root = make_identity({.name = "clients", .authority = true});
  Identity client = make_identity({.name = "agent-7", .issuer = &client_root});

  ServerOptions options(bool mutual) const {
    ServerOptions made;
    made.tls.certificate_file = folder.write("server.pem", server.certificate_pem());
    made.tls.key_file = folder.write("server.key", server.key_pem());
    if (mutual)
      made.tls.client_ca_file = folder.write("clients.pem", client_root.certificate_pem());
    return made;
  }
};

TEST_CASE("TLS: 1.2 and 1.3, no older ones, no weak ciphers") {
  const World world;
  TestService service;
  const auto server = start_server(service, world.options(false));
  struct Case {
    const char* name;
    ClientOptions options;
    const char* version;  // nullptr: no connection
  };
  const Case kCases[] = {
      {"1.3", {.trusts = &world.root}, "TLSv1.3"},
      {"1.2", {.trusts = &world.root, .most = TLS1_2_VERSION}, "TLSv1.2"},
      {"1.1", {.least = TLS1_VERSION, .most = TLS1_1_VERSION}, nullptr},
      {"1.0", {.least = TLS1_VERSION, .most = TLS1_VERSION}, nullptr},
      {"no forward secrecy", {.most = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256"}, nullptr},
      {"CBC", {.most = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA"}, nullptr},
      {"the client trusts others", {.trusts = &world.client_root}, nullptr},
      {"HTTP/2 or 1.1", {.protocols = "\x02h2\x08http/1.1"}, "TLSv1.3"},
      {"HTTP/2 only", {.protocols = "\x02h2"}, nullptr},
  };
  for (const Case& one : kCases) {
    INFO(one.name);
    const Exchange result = exchange(server->port(), one.options, kRequest);
    CHECK(result.version == (one.version != nullptr ? one.version : ""));
    if (one.version == nullptr) continue;
    CHECK(result.answer.ends_with("127.0.0.1 "));
    CHECK(result.protocol == (one.options.protocols.empty() ? "" : "http/1.1"));
  }
  CHECK(eventually([&] { return server->stats().connections_open == 0; }));
}

TEST_CASE("TLS: large bodies in both directions, and requests one after the other") {
  const World world;
  TestService service;
  const auto server = start_server(service, world.options(false));
  const std::string body(3'000'000, 'b');
  const Exchange result = exchange(
      server->port(), {.trusts = &world.root},
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + body +
          "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n0\r\n\r\n");
  CHECK(result.answer.find("POST /? " + body) != std::string::npos);
  CHECK(result.answer.ends_with("POST /? hello"));
}

TEST_CASE("TLS: clients show a certificate of the CA that is named") {
  const World world;
  TestService service;
  const auto server = start_server(service, world.options(true));
  const Identity stranger = make_identity({.name = "agent-7"});
  const Identity of_another = make_identity({.name = "agent-7", .issuer = &world.root});
  const Identity expired = make_identity(
      {.name = "agent-7", .issuer = &world.client_root, .valid_from_s = -7200, .valid_to_s = -60});
  const Identity early = make_identity(
      {.name = "agent-7", .issuer = &world.client_root, .valid_from_s = 3600, .valid_to_s = 7200});
  const Identity ambiguous =
      make_identity({.name = "agent-7", .second_name = "admin", .issuer = &world.client_root});
  struct Case {
    const char* name;
    const Identity* shows;
    const char* seen;  // nullptr: refused
  };
  const Case kCases[] = {
      {"its own", &world.client, "127.0.0.1 agent-7"},
      {"two names", &ambiguous, "127.0.0.1 "},
      {"none", nullptr, nullptr},
      {"self-signed", &stranger, nullptr},
      {"another CA", &of_another, nullptr},
      {"expired", &expired, nullptr},
      {"not yet valid", &early, nullptr},
  };
  for (const Case& one : kCases) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      INFO(one.name << " " << version);
      const Exchange result = exchange(
          server->port(),
          {.trusts = &world.root, .shows = one.shows, .least = version, .most = version}, kRequest);
      if (one.seen != nullptr) {
        CHECK(result.answer.ends_with(one.seen));
      } else {
        CHECK(result.answer.empty());
      }
    }
  }
  CHECK(service.handled() == 4);
}

TEST_CASE("TLS: a handshake has a deadline, and may fail in any way") {
  const World world;
  TestService service;
  ServerOptions options = world.options(false);
  options.header_timeout_ms = 100;
  const auto server = start_server(service, options);
  RawClient silent(server->port());
  RawClient slow(server->port());
  slow.send("\x16\x03\x01");
  RawClient plain(server->port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(silent.ends());
  CHECK(slow.ends());
  plain.finish_sending();
  CHECK(eventually([&] { return server->stats().connections_open == 0; }));
  CHECK(server->stats().timeouts == 2);
  CHECK(service.handled() == 0);
}

TEST_CASE("TLS: certificates are renewed for new connections, and bad ones leave the old") {
  const World world;
  TestService service;
  const ServerOptions options = world.options(false);
  const auto server = start_server(service, options);
  const auto serial = [&] {
    return exchange(server->port(), {.trusts = &world.root}, kRequest).server;
  };
  const std::string before = serial();
  const Identity renewed = make_identity({.issuer = &world.root});

  struct Case {
    const char* name;
    std::string certificate;
    std::string key;
    const char* error;
  };
  const Case kCases[] = {
      {"empty certificate", "", world.server.key_pem(), "server.pem: not a certificate chain"},
      {"half a certificate", renewed.certificate_pem().substr(0, 300), renewed.key_pem(),
       "server.pem: not a certificate chain"},
      {"certificate without its key", renewed.certificate_pem(), world.server.key_pem(),
       "server.key: the key does not belong to the certificate"},
      {"no key", renewed.certificate_pem(), "hello", "server.key: not a private key"},
      {"key in place of a certificate", renewed.key_pem(), renewed.key_pem(),
       "server.pem: not a certificate chain"},
  };
  for (const Case& one : kCases) {
    INFO(one.name);
    world.folder.write("server.pem", one.certificate);
    world.folder.write("server.key", one.key);
    const Status status = server->reload_tls();
    REQUIRE_FALSE(status);
    INFO(status.error().message);
    CHECK(status.error().message.find(one.error) != std::string::npos);
    CHECK(status.error().message.find("BEGIN") == std::string::npos);
    CHECK(serial() == before);
  }
  ::unlink(options.tls.certificate_file.c_str());
  const Status missing = server->reload_tls();
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "TLS: cannot read " + options.tls.certificate_file + ": No such file or directory");

  world.folder.write("server.pem", renewed.certificate_pem());
  world.folder.write("server.key", renewed.key_pem());
  REQUIRE(server->reload_tls());
  CHECK(serial() != before);
  CHECK(serial() ==
        std::to_string(ASN1_INTEGER_get(X509_get0_serialNumber(renewed.certificate.get()))));
}

TEST_CASE("TLS: a server whose files are unusable does not start") {
  const World world;
  TestService service;
  ServerOptions options = world.options(true);
  options.port = 0;
  options.tls.client_ca_file = world.folder.write("clients.pem", "none");
  const auto server = HttpServer::start(options, service);
  REQUIRE_FALSE(server);
  CHECK(server.error().message.find("clients.pem: no CA certificates") != std::string::npos);
}

}  // namespace
}  // namespace tocsin::net
