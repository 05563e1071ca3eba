#include "net/http_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

#include "net/http_guard.h"

namespace tocsin::net {
namespace {

std::string_view phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

// IMF-fixdate in English whatever the locale. Each thread formats it once a second.
std::string_view date_now() {
  thread_local std::time_t shown = -1;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now == shown) return text;
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  shown = now;
  return text;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool belongs_to_service(std::string_view name, std::string_view value) {
  for (const std::string_view ours : {"content-length", "connection", "transfer-encoding",
                                      "content-type", "date", "keep-alive"}) {
    if (same_ignoring_case(name, ours)) return false;
  }
  return is_token(name) && std::all_of(value.begin(), value.end(), [](char c) {
           return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
         });
}

}  // namespace

void write_reply_head(const ServerReply& reply, Goes goes, std::string& out) {
  out.clear();
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nDate: {}\r\n", reply.status, phrase(reply.status),
                 date_now());
  if (may_have_body(reply.status)) {
    if (!reply.body.empty() && belongs_to_service("x", reply.content_type)) {
      fmt::format_to(to, "Content-Type: {}\r\n", reply.content_type);
    }
    fmt::format_to(to, "Content-Length: {}\r\n", reply.body.size());
  }
  for (const auto& [name, value] : reply.headers) {
    if (belongs_to_service(name, value)) fmt::format_to(to, "{}: {}\r\n", name, value);
  }
  if (goes == Goes::closed) out += "Connection: close\r\n";
  if (goes == Goes::on_1_0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

ServerReply error_reply(int status, std::string_view reason) {
  ServerReply reply;
  reply.status = status;
  reply.body = "{\"error\":\"";
  for (const char c : reason) {
    if (c == '"' || c == '\\') reply.body += '\\';
    reply.body += c;
  }
  reply.body += "\"}\n";
  reply.close = true;
  return reply;
}

ServerReply busy_reply(std::string_view reason) {
  ServerReply reply = error_reply(503, reason);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace tocsin::net
