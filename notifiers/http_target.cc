#include "http_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::notifiers {
namespace {

constexpr std::size_t kMostHeaders = 32;
constexpr std::size_t kHeaderBytes = 8192;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Why a header of that (lower-case) name cannot be set; "" when it can.
std::string_view why_refused(std::string_view name) {
  if (!is_token(name)) return "is not a header's name: letters, digits and `-`";
  static constexpr std::string_view kHttp[] = {"host",    "content-length",   "transfer-encoding",
                                               "te",      "trailer",          "connection",
                                               "upgrade", "expect",           "keep-alive",
                                               "cookie2", "content-encoding", "accept-encoding"};
  if (std::find(std::begin(kHttp), std::end(kHttp), name) != std::end(kHttp) ||
      name.starts_with("proxy-")) {
    return "is decided by HTTP itself";
  }
  if (name == "content-type") return "follows from the body; a template has `content_type`";
  if (name.starts_with("webhook-")) return "is set by Tocsin (Standard Webhooks)";
  return {};
}

}  // namespace

Secret url_setting(config::Settings& settings, const std::string& key) {
  const std::string file_key = key + "_file";
  Secret url;
  if (settings.has(file_key)) {
    url = settings.secret(key);  // refuses both
    if (url.empty()) return {};
  } else {
    url = Secret(settings.text(key));
    if (url.empty()) return {};
  }
  if (const Status status = net::check_url(url.reveal()); !status) {
    settings.error(settings.has(file_key) ? file_key : key, status.error().message);
    return {};
  }
  return url;
}

Headers header_settings(config::Settings& settings) {
  Headers headers;
  for (auto& [name, value] : settings.text_map("headers")) {
    const std::string lowered = lower(name);
    const auto problem = [&, &shown = name](std::string_view text) {
      settings.error("headers", fmt::format("the header `{}` {}", text::printable(shown), text));
    };
    if (const std::string_view why = why_refused(lowered); !why.empty()) {
      problem(why);
    } else if (value.size() > kHeaderBytes) {
      problem(fmt::format("is longer than {} bytes", kHeaderBytes));
    } else if (value.find_first_of("\r\n") != std::string::npos) {
      problem("has a line break in it");
    } else if (std::any_of(headers.begin(), headers.end(),
                           [&](const auto& known) { return lower(known.first) == lowered; })) {
      problem("is there twice");
    } else {
      headers.emplace_back(name, Secret(std::move(value)));
    }
  }
  if (headers.size() > kMostHeaders) {
    settings.error("headers", fmt::format("at most {} headers can be set", kMostHeaders));
  }
  const Secret token = settings.secret("bearer_token");
  if (!token.empty()) {
    const bool twice = std::any_of(headers.begin(), headers.end(), [](const auto& known) {
      return lower(known.first) == "authorization";
    });
    if (twice) {
      settings.error("headers", "`bearer_token` sets the header `Authorization`; keep one of them");
    }
    headers.emplace_back("Authorization", Secret("Bearer " + std::string(token.reveal())));
  }
  return headers;
}

deliver::Outcome exchange(deliver::Channel& channel, const net::HttpRequest& request,
                          deliver::Outcome (*judge)(const net::HttpAnswer&)) {
  const Result<net::HttpAnswer> answer = channel.http.send(request, channel.stop);
  return answer ? judge(*answer) : deliver::no_answer(answer.error());
}

}  // namespace tocsin::notifiers
