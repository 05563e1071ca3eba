// HttpClient: one blocking request at a time, over libcurl. Connections are kept and used again.
// TLS certificates and host names are always verified; redirects are never followed; the egress
// guard judges every address. Proxies: from the environment (https_proxy, http_proxy, no_proxy)
// unless one is given; the guard then judges the proxy.
//
// send() returns a whole, small answer. open() and read() return an answer of any size piece by
// piece, in constant memory: the server is slowed down while nobody reads.
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
  Secret url;  // a credential, as often as not; never logged. Its path is sent as it is
  std::vector<std::pair<std::string, Secret>> headers;
  std::string body;
  // Of the whole exchange; 0: ClientOptions::timeout_ms.
  std::int64_t timeout_ms = 0;
  // Not 0: no limit on the whole exchange, but on each wait for bytes of the answer.
  std::int64_t idle_timeout_ms = 0;
};

struct HttpAnswer {
  int status = 0;
  // In the server's order; names in lower case, values without surrounding blanks.
  std::vector<std::pair<std::string, std::string>> headers;
  // Of send(), at most kAnswerBytes, whatever was sent, as it came: never inflated. Keys of the
  // request that the server repeats (parts of the URL, values of headers) are replaced by "[...]".
  std::string body;
  bool body_cut = false;
  std::optional<std::int64_t> retry_after_ms;  // Retry-After as seconds or as a date, from now
  std::optional<std::int64_t> date;            // Date, in seconds since 1970

  // The value of the first header with this name (in lower case); "" when there is none.
  std::string_view header(std::string_view name) const;
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

  // The head of an answer; its body stays empty and is read by read(). Fails as send() does. Ends
  // what was open before.
  Result<HttpAnswer> open(const HttpRequest& request, const std::atomic<bool>& stop);
  // 1 to `size` bytes of the body of what is open, as they come: neither inflated nor redacted. 0
  // at its end, which is where the server said it would be. Precondition: size > 0. An error is
  // final.
  Result<std::size_t> read(char* out, std::size_t size, const std::atomic<bool>& stop);
  // Waits up to `milliseconds` for what read() could return. False: there is nothing yet.
  bool wait(int milliseconds, const std::atomic<bool>& stop);
  // What is left of the body. Code::limit when that is more than `limit` bytes.
  Result<std::string> read_rest(std::size_t limit, const std::atomic<bool>& stop);
  // Ends what is open. The connection is kept when the body was read to its end.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "https://hooks.example/…": scheme and host of a URL; nothing of its path, query or user.
std::string redacted_url(std::string_view url);
// Whether a URL is http or https with a host, and without user information; the error says why not.
Status check_url(std::string_view url);

}  // namespace tocsin::net
