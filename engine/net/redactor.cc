#include "net/redactor.h"

#include <algorithm>
#include <array>

namespace tocsin::net {
namespace {

constexpr std::string_view kMark = "[...]";
constexpr std::size_t kLeastKey = 8;      // shorter ones would be found where they are not meant
constexpr std::size_t kLeastValue = 6;    // of a query; never shorter than kMark
constexpr std::size_t kMostSecrets = 64;  // a URL with more parts than that is not a webhook's

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Headers whose values are the same for everybody, or are meant to be seen.
bool is_harmless(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "accept",     "content-type",      "content-encoding",  "idempotency-key",
      "user-agent", "webhook-timestamp", "webhook-signature", "webhook-id"};
  const std::string lowered = lower(name);
  return lowered.starts_with("ce-") ||
         std::find(kNames.begin(), kNames.end(), lowered) != kNames.end();
}

bool looks_like_a_key(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

// Calls each(part) for the parts of `text` between any of `separators`.
template <class Each>
void split(std::string_view text, std::string_view separators, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

Redactor::Redactor(const HttpRequest& request) {
  add_url(request.url.reveal());
  for (const auto& [name, value] : request.headers) {
    if (is_harmless(name)) continue;
    const std::string_view text = value.reveal();
    add(text, kLeastKey);
    // "Bearer key"
    if (const std::size_t blank = text.rfind(' '); blank != std::string_view::npos) {
      add(text.substr(blank + 1), kLeastKey);
    }
  }
  std::stable_sort(secrets_.begin(), secrets_.end(), [](const Secret& a, const Secret& b) {
    return a.reveal().size() > b.reveal().size();
  });
}

void Redactor::add(std::string_view text, std::size_t least) {
  if (text.size() >= least && secrets_.size() < kMostSecrets) {
    secrets_.emplace_back(std::string(text));
  }
}

void Redactor::add_url(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos) return;
  const std::size_t start = url.find_first_of("/?#", host + 3);
  if (start == std::string_view::npos) return;
  const std::string_view whole = url.substr(start);
  const std::size_t question = std::min(whole.find_first_of("?#"), whole.size());
  const std::string_view path = whole.substr(0, question);
  add(whole, kLeastValue);
  add(path, kLeastValue);
  split(path, "/", [&](std::string_view segment) {
    if (looks_like_a_key(segment)) add(segment, kLeastKey);
  });
  split(whole.substr(question), "?#&", [&](std::string_view pair) {
    const std::size_t equals = pair.find('=');
    add(equals == std::string_view::npos ? pair : pair.substr(equals + 1), kLeastValue);
  });
}

void Redactor::apply(std::string& text) const {
  for (const Secret& secret : secrets_) {
    const std::string_view find = secret.reveal();
    for (std::size_t at = text.find(find); at != std::string::npos; at = text.find(find, at)) {
      text.replace(at, find.size(), kMark);
      at += kMark.size();
    }
  }
}

}  // namespace tocsin::net
