// check_url and redacted_url of http_client.h, by the parser of the library that connects: two
// parsers would disagree about some URL sooner or later.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "net/http_client.h"

namespace tocsin::net {
namespace {

constexpr std::size_t kUrlBytes = 8192;

struct Free {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, Free>;

// The part of a URL, "" when there is none.
std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, void (*)(void*)> owned(text, curl_free);
  return owned.get();
}

CURLUcode parse(CURLU* parsed, std::string_view url, unsigned flags) {
  if (url.find('\0') != std::string_view::npos) return CURLUE_MALFORMED_INPUT;
  return curl_url_set(parsed, CURLUPART_URL, std::string(url).c_str(),
                      flags | CURLU_NON_SUPPORT_SCHEME);
}

bool has_blank_or_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F') return true;
  }
  return false;
}

}  // namespace

Status check_url(std::string_view url) {
  if (url.empty()) return fail(Code::invalid_input, "the URL is empty");
  if (url.size() > kUrlBytes) {
    return fail(Code::limit, fmt::format("the URL is longer than {} bytes", kUrlBytes));
  }
  if (has_blank_or_control(url)) {
    return fail(Code::invalid_input, "the URL contains a blank or a control character");
  }
  // The parser forgives slashes that are missing or too many; what was meant is then a guess.
  const std::size_t colon = url.find(':');
  if (const std::string_view rest = url.substr(std::min(colon, url.size()));
      !rest.starts_with("://") || rest.starts_with(":///") || rest.starts_with("://\\")) {
    return fail(Code::invalid_input, "this is not a URL; one looks like https://host/path");
  }
  const Url parsed(curl_url());
  switch (parse(parsed.get(), url, CURLU_DISALLOW_USER)) {
    case CURLUE_OK:
      break;
    case CURLUE_USER_NOT_ALLOWED:
      return fail(Code::refused,
                  "the URL contains a user or a password; put them into a header instead");
    case CURLUE_BAD_SCHEME:
    case CURLUE_UNSUPPORTED_SCHEME:
      return fail(Code::invalid_input, "the URL does not start with https:// or http://");
    case CURLUE_NO_HOST:
    case CURLUE_BAD_HOSTNAME:
    case CURLUE_BAD_IPV6:
      return fail(Code::invalid_input, "the URL has no valid host");
    case CURLUE_BAD_PORT_NUMBER:
      return fail(Code::invalid_input, "the URL's port is not a number up to 65535");
    default:
      return fail(Code::invalid_input, "this is not a URL; one looks like https://host/path");
  }
  const std::string scheme = part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    return fail(Code::invalid_input, "the URL does not start with https:// or http://");
  }
  if (part(parsed.get(), CURLUPART_HOST).empty()) {
    return fail(Code::invalid_input, "the URL has no valid host");
  }
  return {};
}

std::string redacted_url(std::string_view url) {
  const Url parsed(curl_url());
  if (has_blank_or_control(url) || parse(parsed.get(), url, 0) != CURLUE_OK) return "…";
  const std::string port = part(parsed.get(), CURLUPART_PORT);
  return fmt::format("{}://{}{}{}/…", part(parsed.get(), CURLUPART_SCHEME),
                     part(parsed.get(), CURLUPART_HOST), port.empty() ? "" : ":", port);
}

}  // namespace tocsin::net
