#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>
#include <limits>
#include <span>

#include "base/text.h"
#include "net/redactor.h"
#include "net/transfer_error.h"

namespace tocsin::net {
namespace {

constexpr std::size_t kHeaderBytes = std::size_t{64} << 10;  // of an answer, all lines
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr int kPollMs = 100;  // how late `stop` may be seen
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

// Bytes of a body that wait for read(); the transfer is paused when there are more.
constexpr std::size_t kPendingBytes = std::size_t{256} << 10;

// What is known about the request that is under way.
struct Exchange {
  const EgressPolicy* egress = nullptr;
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  bool header_cut = false;
  int status = 0;          // of the last status line
  bool has_head = false;   // the header of the final answer is complete
  std::span<char> wanted;  // where read() wants bytes
  std::string pending;     // bytes that came when it did not
  std::size_t pending_at = 0;
  bool is_paused = false;
  std::uint64_t progress = 0;       // bytes of header and body so far
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
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.has_head = true;
  if (exchange.wanted.empty() && exchange.pending.size() >= kPendingBytes) {
    exchange.is_paused = true;  // the same bytes come again
    return CURL_WRITEFUNC_PAUSE;
  }
  exchange.progress += size;
  const std::size_t direct = std::min(size, exchange.wanted.size());
  if (direct > 0) std::memcpy(exchange.wanted.data(), bytes, direct);
  exchange.wanted = exchange.wanted.subspan(direct);
  exchange.pending.append(bytes + direct, size - direct);
  return size;
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

// "HTTP/1.1 200 OK"
int status_of(std::string_view line) {
  line.remove_prefix(std::min(line.find(' '), line.size()));
  line = text::trim(line);
  int status = 0;
  std::from_chars(line.data(), line.data() + line.size(), status);
  return status;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderBytes) {
    exchange.header_cut = true;
    return 0;
  }
  if (exchange.has_head) return size;  // a trailer
  exchange.progress += size;
  const std::string_view line = text::trim({bytes, size});
  if (line.starts_with("HTTP/")) {
    exchange.answer = HttpAnswer{};  // what came so far is of a 1xx response
    exchange.status = status_of(line);
  } else if (line.empty()) {
    exchange.has_head = exchange.status >= 200;
  } else if (const std::size_t colon = line.find(':'); colon != line.npos) {
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const std::string_view value = text::trim(line.substr(colon + 1));
    if (name == "retry-after") exchange.answer.retry_after_ms = retry_after_ms(value);
    if (name == "date" && value.size() <= 64) {
      const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
      if (date != -1) exchange.answer.date = date;
    }
    exchange.answer.headers.emplace_back(std::move(name), value);
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
  // Of what is open.
  Exchange exchange;
  HeaderList headers;
  std::string body;                  // of the request
  std::optional<CURLcode> finished;  // how the transfer ended; nothing while it goes on
  std::int64_t timeout_ms = 0, idle_timeout_ms = 0;
  std::int64_t idle_ms = 0;  // waited without a byte so far
  bool is_open = false, was_idle = false;

  explicit Impl(ClientOptions given) : options(std::move(given)) {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kReady != CURLE_OK) return;
    multi.reset(curl_multi_init());
    easy.reset(curl_easy_init());
    if (multi != nullptr) curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 2L);
  }
  ~Impl() { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy.get(), option, value);
  }

  void prepare(const HttpRequest& request);
  void prepare_tls();
  void prepare_proxy();
  Status start(const HttpRequest& request);
  void perform();
  void go_on();
  // Runs the transfer until `ready()`, its end, or for `limit_ms`. False: stopped.
  template <class Ready>
  bool run(const std::atomic<bool>& stop, Ready ready, std::int64_t limit_ms = kForever);
  Error failure() const;
  void close();
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

void HttpClient::Impl::prepare(const HttpRequest& request) {
  exchange = Exchange{};
  exchange.egress = &options.egress;
  finished.reset();
  was_idle = false;
  idle_ms = 0;
  idle_timeout_ms = request.idle_timeout_ms;
  timeout_ms = request.timeout_ms != 0 ? request.timeout_ms : options.timeout_ms;
  curl_easy_reset(easy.get());  // connections, which belong to `multi`, stay

  set(CURLOPT_URL, std::string(request.url.reveal()).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);  // no bombs; compression is not asked for either
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name that nobody needs any more
  set(CURLOPT_USERAGENT, "tocsin");
  if (idle_timeout_ms == 0) {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(timeout_ms, 1)));
  }
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

  set(CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "GET" || request.method == "HEAD") {
    set(CURLOPT_HTTPGET, 1L);
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    return;
  }
  body = request.body;
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_POSTFIELDS, body.c_str());
  if (request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

Status HttpClient::Impl::start(const HttpRequest& request) {
  if (easy == nullptr || multi == nullptr) return fail(Code::busy, "libcurl cannot be initialized");
  if (Status status = check_url(request.url.reveal()); !status) return status;
  if (!is_token(request.method)) return fail(Code::invalid_input, "the method is not a word");
  Result<HeaderList> list = header_list(request);
  if (!list) return tl::unexpected(std::move(list.error()));

  close();
  headers = std::move(*list);
  prepare(request);
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) {
    return fail(Code::busy, "not enough memory");
  }
  is_open = true;
  return {};
}

// Does what can be done without waiting.
void HttpClient::Impl::perform() {
  int running = 0, left = 0;
  if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
    finished = CURLE_OUT_OF_MEMORY;
  } else if (running == 0) {
    finished = CURLE_RECV_ERROR;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) finished = message->data.result;
    }
  }
}

// Takes up what was paused because nobody read. Precondition: all that was pending has been read.
void HttpClient::Impl::go_on() {
  exchange.pending.clear();
  exchange.pending_at = 0;
  if (!exchange.is_paused) return;
  exchange.is_paused = false;
  curl_easy_pause(easy.get(), CURLPAUSE_CONT);  // may call take_body()
}

template <class Ready>
bool HttpClient::Impl::run(const std::atomic<bool>& stop, Ready ready, std::int64_t limit_ms) {
  using SteadyClock = std::chrono::steady_clock;
  const auto ms_since = [](SteadyClock::time_point since) {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    return std::int64_t{duration_cast<milliseconds>(SteadyClock::now() - since).count()};
  };
  const SteadyClock::time_point began = SteadyClock::now();
  SteadyClock::time_point since = began;
  const std::int64_t idle_before = idle_ms;
  std::uint64_t seen = exchange.progress;
  while (!ready() && !finished) {
    if (stop.load(std::memory_order_relaxed)) return false;
    perform();
    if (finished || ready()) break;
    if (exchange.progress != seen) {
      seen = exchange.progress;
      since = SteadyClock::now();
      idle_ms = 0;
    } else {
      // Time in which nobody waited does not count.
      idle_ms = (since == began ? idle_before : 0) + ms_since(since);
    }
    const std::int64_t left = limit_ms - ms_since(began);
    if (idle_timeout_ms != 0 && idle_ms > idle_timeout_ms) {
      finished = CURLE_OPERATION_TIMEDOUT;
      was_idle = true;
    } else if (left <= 0) {
      return true;
    } else if (curl_multi_poll(multi.get(), nullptr, 0,
                               static_cast<int>(std::min<std::int64_t>(kPollMs, left)),
                               nullptr) != CURLM_OK) {
      finished = CURLE_OUT_OF_MEMORY;
    }
  }
  idle_ms = 0;
  return true;
}

void HttpClient::Impl::close() {
  if (is_open) curl_multi_remove_handle(multi.get(), easy.get());
  is_open = false;
}

Error HttpClient::Impl::failure() const {
  TransferFailure failure;
  failure.code = finished.value_or(CURLE_RECV_ERROR);
  long os_error = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &os_error);
  failure.os_error = static_cast<int>(os_error);
  curl_easy_getinfo(easy.get(), CURLINFO_SSL_VERIFYRESULT, &failure.certificate);
  double ready = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_PRETRANSFER_TIME, &ready);
  failure.connected = ready > 0;
  failure.timeout_ms = timeout_ms;
  failure.connect_timeout_ms = idle_timeout_ms != 0
                                   ? options.connect_timeout_ms
                                   : std::min(options.connect_timeout_ms, timeout_ms);
  if (was_idle) failure.idle_timeout_ms = idle_timeout_ms;
  if (exchange.connections == 0) failure.refused = exchange.refused;
  return transfer_error(failure);
}

std::string_view HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

HttpClient::HttpClient(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::open(const HttpRequest& request, const std::atomic<bool>& stop) {
  if (Status status = impl_->start(request); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  Exchange& exchange = impl_->exchange;
  if (!impl_->run(stop, [&] { return exchange.has_head; })) {
    close();
    return fail(Code::busy, "stopped before an answer came");
  }
  std::optional<Error> error;
  if (exchange.header_cut) {
    error = Error{Code::io, "the answer's header is too large"};
  } else if (!exchange.has_head && impl_->finished != CURLE_OK) {
    error = impl_->failure();
  } else if (exchange.status < 100) {
    error = Error{Code::io, "the server's answer is not HTTP"};
  }
  if (error) {
    close();
    return tl::unexpected(std::move(*error));
  }
  exchange.answer.status = exchange.status;
  return std::move(exchange.answer);
}

Result<std::size_t> HttpClient::read(char* out, std::size_t size, const std::atomic<bool>& stop) {
  Exchange& exchange = impl_->exchange;
  if (const std::size_t left = exchange.pending.size() - exchange.pending_at; left > 0) {
    const std::size_t taken = std::min(size, left);
    std::memcpy(out, exchange.pending.data() + exchange.pending_at, taken);
    exchange.pending_at += taken;
    return taken;
  }
  if (!impl_->is_open) return fail(Code::invalid_input, "no answer is open");
  exchange.wanted = {out, size};
  impl_->go_on();
  const bool went_on = impl_->run(stop, [&] { return exchange.wanted.size() < size; });
  const std::size_t taken = size - exchange.wanted.size();
  exchange.wanted = {};
  if (taken > 0) return taken;
  if (!went_on) return fail(Code::busy, "stopped before the whole answer came");
  if (impl_->finished != CURLE_OK) return tl::unexpected(impl_->failure());
  return std::size_t{0};
}

bool HttpClient::wait(int milliseconds, const std::atomic<bool>& stop) {
  Exchange& exchange = impl_->exchange;
  const auto has_bytes = [&] { return exchange.pending.size() > exchange.pending_at; };
  if (has_bytes() || !impl_->is_open || impl_->finished) return true;
  impl_->go_on();
  impl_->run(stop, has_bytes, milliseconds);
  return has_bytes() || impl_->finished.has_value();
}

Result<std::string> HttpClient::read_rest(std::size_t limit, const std::atomic<bool>& stop) {
  std::string body;
  for (char chunk[16384];;) {
    const Result<std::size_t> size = read(chunk, sizeof chunk, stop);
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) return body;
    if (*size > limit - body.size()) {
      return fail(Code::limit, fmt::format("the answer is larger than {} bytes", limit));
    }
    body.append(chunk, *size);
  }
}

void HttpClient::close() {
  impl_->close();
}

Result<HttpAnswer> HttpClient::send(const HttpRequest& request, const std::atomic<bool>& stop) {
  Result<HttpAnswer> answer = open(request, stop);
  if (!answer) return answer;
  for (char chunk[16384];;) {
    const Result<std::size_t> size = read(chunk, sizeof chunk, stop);
    if (!size) {
      close();
      return tl::unexpected(size.error());
    }
    if (*size == 0) break;
    const std::size_t room = kAnswerBytes - answer->body.size();
    answer->body.append(chunk, std::min(*size, room));
    answer->body_cut = *size > room;
    if (answer->body_cut) break;
  }
  close();
  Redactor(request).apply(answer->body);
  return answer;
}

}  // namespace tocsin::net
