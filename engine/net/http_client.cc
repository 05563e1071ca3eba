#include "net/http_client.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/text.h"
#include "net/redactor.h"
#include "net/transfer_error.h"

namespace tocsin::net {
namespace {

constexpr std::size_t kHeaderBytes = std::size_t{64} << 10;  // of an answer, all lines
constexpr int kPollMs = 100;                                 // how late `stop` may be seen
constexpr std::int64_t kLongestRetryAfterMs = std::int64_t{366} * 24 * 3600 * 1000;

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListCleanup {
  void operator()(curl_slist* list) const {
    for (curl_slist* item = list; item != nullptr; item = item->next) {
      explicit_bzero(item->data, std::strlen(item->data));
    }
    curl_slist_free_all(list);
  }
};
using HeaderList = std::unique_ptr<curl_slist, ListCleanup>;

// What is known about the request that is under way.
struct Exchange {
  const EgressPolicy* egress = nullptr;
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  bool header_cut = false;
  unsigned connections = 0;         // that the guard let through
  std::optional<IpPrefix> refused;  // that it did not
};

std::optional<IpPrefix> address_of(const curl_sockaddr& address) {
  IpPrefix ip;
  if (address.family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.addr, sizeof in);
    ip.bytes[10] = ip.bytes[11] = 0xFF;
    std::memcpy(ip.bytes.data() + 12, &in.sin_addr, 4);
    return ip;
  }
  if (address.family == AF_INET6) {
    // Larger than a sockaddr: curl_sockaddr has room for every family.
    sockaddr_in6 in{};
    std::memcpy(&in, static_cast<const void*>(&address.addr), sizeof in);
    std::memcpy(ip.bytes.data(), &in.sin6_addr, 16);
    return ip;
  }
  return std::nullopt;
}

// The callbacks are called by C code: nothing may be thrown.

curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::optional<IpPrefix> ip = address_of(*address);
  if (!ip) return CURL_SOCKET_BAD;  // not the Internet: a Unix socket
  if (!may_connect(*exchange.egress, *ip)) {
    exchange.refused = *ip;
    return CURL_SOCKET_BAD;
  }
  ++exchange.connections;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  HttpAnswer& answer = static_cast<Exchange*>(user)->answer;
  const std::size_t room = kAnswerBytes - answer.body.size();
  answer.body.append(bytes, std::min(size, room));
  answer.body_cut = size > room;
  return answer.body_cut ? CURL_WRITEFUNC_ERROR : size;
}

std::optional<std::int64_t> retry_after_ms(std::string_view value) {
  value = text::trim(value);
  if (value.empty() || value.size() > 64) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || seconds > kLongestRetryAfterMs / 1000) return kLongestRetryAfterMs;
    return seconds * 1000;
  }
  if (value.front() == '-' || value.front() == '+') return std::nullopt;
  const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date == -1) return std::nullopt;
  const std::int64_t wait = (std::int64_t{date} - std::time(nullptr)) * 1000;
  return std::clamp(wait, std::int64_t{0}, kLongestRetryAfterMs);
}

std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderBytes) {
    exchange.header_cut = true;
    return 0;
  }
  const std::string_view line(bytes, size);
  constexpr std::string_view kName = "retry-after:";
  if (line.starts_with("HTTP/")) {
    exchange.answer.retry_after_ms.reset();  // of a response before this one (1xx)
  } else if (line.size() > kName.size() &&
             strncasecmp(line.data(), kName.data(), kName.size()) == 0) {
    exchange.answer.retry_after_ms = retry_after_ms(line.substr(kName.size()));
  }
  return size;
}

// RFC 9110: a token.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

Result<HeaderList> header_list(const HttpRequest& request) {
  HeaderList list;
  bool has_type = false, good = true;
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || has_line_break(value.reveal())) {
      return fail(Code::invalid_input, "a header's name or value contains what it must not");
    }
    has_type = has_type || strcasecmp(name.c_str(), "content-type") == 0;
    // libcurl reads "Name:" as the wish not to send that header, and "Name;" as an empty one.
    const std::string_view text = value.reveal();
    std::string line = name;
    if (text.empty()) {
      line += ';';
    } else {
      line.append(": ").append(text);
    }
    good = append(list, line) && good;
    explicit_bzero(line.data(), line.size());
  }
  good = append(list, "Expect:") && good;  // no waiting for "100 Continue"
  if (!has_type) good = append(list, "Content-Type:") && good;
  if (!good) return fail(Code::busy, "not enough memory");
  return list;
}

}  // namespace

struct HttpClient::Impl {
  ClientOptions options;
  std::unique_ptr<CURLM, MultiCleanup> multi;
  std::unique_ptr<CURL, EasyCleanup> easy;  // after `multi`: it goes first
  Exchange exchange;

  explicit Impl(ClientOptions given) : options(std::move(given)) {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kReady != CURLE_OK) return;
    multi.reset(curl_multi_init());
    easy.reset(curl_easy_init());
    if (multi != nullptr) curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 2L);
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy.get(), option, value);
  }

  void prepare(const HttpRequest& request, curl_slist* headers);
  void prepare_tls();
  void prepare_proxy();
  // nullopt: stopped.
  std::optional<CURLcode> transfer(const std::atomic<bool>& stop);
  TransferFailure failure(CURLcode code) const;
};

void HttpClient::Impl::prepare_tls() {
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) {  // that file, and nothing else
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(CURLOPT_PROXY_CAINFO, options.ca_file.c_str());
    set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!options.client_certificate_file.empty()) {
    set(CURLOPT_SSLCERT, options.client_certificate_file.c_str());
    set(CURLOPT_SSLKEY, options.client_key_file.c_str());
  }
}

void HttpClient::Impl::prepare_proxy() {
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // none of ours for the proxy
  if (options.proxy.empty()) return;
  set(CURLOPT_PROXY, options.proxy == "none" ? "" : options.proxy.c_str());
  set(CURLOPT_NOPROXY, "");
}

void HttpClient::Impl::prepare(const HttpRequest& request, curl_slist* headers) {
  exchange = Exchange{};
  exchange.egress = &options.egress;
  curl_easy_reset(easy.get());  // connections, which belong to `multi`, stay

  set(CURLOPT_URL, std::string(request.url.reveal()).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);  // no bombs; compression is not asked for either
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name that nobody needs any more
  set(CURLOPT_USERAGENT, "tocsin");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(options.timeout_ms, 1)));
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::max<std::int64_t>(options.connect_timeout_ms, 1)));
  prepare_tls();
  prepare_proxy();

  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&exchange));
  set(CURLOPT_WRITEFUNCTION, &take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));

  set(CURLOPT_HTTPHEADER, headers);
  if (request.method == "GET" || request.method == "HEAD") {
    set(CURLOPT_HTTPGET, 1L);
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    return;
  }
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(CURLOPT_POSTFIELDS, request.body.c_str());
  if (request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

std::optional<CURLcode> HttpClient::Impl::transfer(const std::atomic<bool>& stop) {
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  struct Remove {
    Impl& impl;
    ~Remove() { curl_multi_remove_handle(impl.multi.get(), impl.easy.get()); }
  } remove{*this};

  for (int running = 1;;) {
    if (stop.load(std::memory_order_relaxed)) return std::nullopt;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    if (running == 0) break;
    if (curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr) != CURLM_OK) {
      return CURLE_OUT_OF_MEMORY;
    }
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return CURLE_RECV_ERROR;
}

TransferFailure HttpClient::Impl::failure(CURLcode code) const {
  TransferFailure failure;
  failure.code = code;
  long os_error = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &os_error);
  failure.os_error = static_cast<int>(os_error);
  curl_easy_getinfo(easy.get(), CURLINFO_SSL_VERIFYRESULT, &failure.certificate);
  double ready = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_PRETRANSFER_TIME, &ready);
  failure.connected = ready > 0;
  failure.timeout_ms = options.timeout_ms;
  failure.connect_timeout_ms = std::min(options.connect_timeout_ms, options.timeout_ms);
  if (exchange.connections == 0) failure.refused = exchange.refused;
  return failure;
}

HttpClient::HttpClient(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::send(const HttpRequest& request, const std::atomic<bool>& stop) {
  if (impl_->easy == nullptr || impl_->multi == nullptr) {
    return fail(Code::busy, "libcurl cannot be initialized");
  }
  if (Status status = check_url(request.url.reveal()); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  if (!is_token(request.method)) return fail(Code::invalid_input, "the method is not a word");
  Result<HeaderList> headers = header_list(request);
  if (!headers) return tl::unexpected(std::move(headers.error()));

  impl_->prepare(request, headers->get());
  const std::optional<CURLcode> code = impl_->transfer(stop);
  if (!code) return fail(Code::busy, "stopped before an answer came");

  Exchange& exchange = impl_->exchange;
  if (exchange.header_cut) return fail(Code::io, "the answer's header is too large");
  if (*code != CURLE_OK && !(*code == CURLE_WRITE_ERROR && exchange.answer.body_cut)) {
    return tl::unexpected(transfer_error(impl_->failure(*code)));
  }
  long status = 0;
  curl_easy_getinfo(impl_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 100) return fail(Code::io, "the server's answer is not HTTP");
  exchange.answer.status = static_cast<int>(status);
  Redactor(request).apply(exchange.answer.body);
  return std::move(exchange.answer);
}

}  // namespace tocsin::net
