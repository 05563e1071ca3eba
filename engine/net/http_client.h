// HttpClient: one blocking request at a time, over libcurl. Connections are kept and used again.
// TLS certificates and host names are always verified; redirects are never followed; the answer is
// cut at kAnswerBytes; the egress guard judges every address. Proxies: from the environment
// (https_proxy, http_proxy, no_proxy) unless one is given; the guard then judges the proxy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "net/egress.h"

namespace tocsin::net {

inline constexpr std::size_t kAnswerBytes = std::size_t{64} << 10;

struct HttpRequest {
  std::string method = "POST";
  Secret url;  // a credential, as often as not; never logged
  std::vector<std::pair<std::string, Secret>> headers;
  std::string body;
};

struct HttpAnswer {
  int status = 0;
  // At most kAnswerBytes, whatever was sent, as it came: never inflated. Keys of the request that
  // the server repeats (parts of the URL, values of headers) are replaced by "[...]".
  std::string body;
  bool body_cut = false;
  std::optional<std::int64_t> retry_after_ms;  // Retry-After as seconds or as a date, from now
};

struct ClientOptions {
  EgressPolicy egress;
  std::int64_t timeout_ms = 15'000;  // of the whole request
  std::int64_t connect_timeout_ms = 5'000;
  std::string ca_file;  // "": the system's
  std::string proxy;    // "": from the environment; "none": no proxy
  std::string client_certificate_file, client_key_file;  // mutual TLS, both or neither
};

// One per thread.
class HttpClient {
 public:
  explicit HttpClient(ClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // An answer of any status is a success. Error: no (whole) answer; the message says what happened
  // and contains neither the URL nor a header. Code::refused: the egress guard or the certificate
  // said no, so that trying again at once is pointless. Returns soon after `stop` becomes true.
  Result<HttpAnswer> send(const HttpRequest& request, const std::atomic<bool>& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "https://hooks.example/…": scheme and host of a URL; nothing of its path, query or user.
std::string redacted_url(std::string_view url);
// Whether a URL is http or https with a host, and without user information; the error says why not.
Status check_url(std::string_view url);

}  // namespace tocsin::net
