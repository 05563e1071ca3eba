#include "slack_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "alert/wording.h"
#include "base/text.h"
#include "base/time.h"
#include "net/http_client.h"

namespace tocsin::notifiers::slack {
namespace {

constexpr std::size_t kUrl = 1000;
constexpr std::size_t kLabel = 70;

// The end of the code point or entity that begins at text[at].
std::size_t piece_end(std::string_view text, std::size_t at) {
  for (const std::string_view entity : {"&amp;", "&lt;", "&gt;"}) {
    if (text.substr(at).starts_with(entity)) return at + entity.size();
  }
  text::next_code_point(text, at);
  return at;
}

std::string percent_encoded(std::string_view url) {
  std::string out;
  for (const char c : url) {
    if (std::string_view("<>|\"`*~ \\^{}").find(c) != std::string_view::npos) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

// Without what could format a label.
std::string label_text(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return std::string_view("`*_~|").find(c) != std::string_view::npos; }, '-');
  return plain(out, kLabel);
}

}  // namespace

std::size_t length(std::string_view text) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size();) {
    units += text::next_code_point(text, at) > 0xFFFF ? 2u : 1u;
  }
  return units;
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string fit(std::string escaped, std::size_t limit) {
  std::size_t units = 0, keep = 0;
  for (std::size_t at = 0; at < escaped.size();) {
    const std::size_t end = piece_end(escaped, at);
    units += length(std::string_view(escaped).substr(at, end - at));
    if (units > limit) {
      escaped.resize(keep);
      return limit == 0 ? escaped : escaped.append("…");
    }
    if (units + 1 <= limit) keep = end;  // the ellipsis would still fit behind it
    at = end;
  }
  return escaped;
}

std::string plain(std::string_view text, std::size_t limit) {
  return fit(escape(alert::shown(text, limit)), limit);
}

std::string code(std::string_view text, std::size_t limit) {
  if (text.empty()) return "—";
  std::string value = alert::shown(text, limit);
  std::replace(value.begin(), value.end(), '`', '\'');
  return "`" + fit(escape(value), limit < 3 ? 1 : limit - 2) + "`";
}

std::string link(std::string_view url, std::string_view label) {
  if (url.size() > kUrl || !net::check_url(url)) return {};
  if (text::find_invalid_utf8(url) != std::string_view::npos || text::printable(url) != url) {
    return {};
  }
  return fmt::format("<{}|{}>", escape(percent_encoded(url)), label_text(label));
}

std::string link(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view place = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  if (place.ends_with('/')) place.remove_suffix(1);
  return link(url, place);
}

std::string date(std::string_view rfc3339) {
  const auto time = parse_time(rfc3339);
  const std::int64_t seconds = time ? time->unix_seconds() : 0;
  if (seconds <= 0) return code(rfc3339, 40);
  std::string fallback = format_time(seconds);
  fallback[10] = ' ';
  fallback.resize(19);
  return fmt::format("<!date^{}^{{date_short_pretty}} {{time_secs}}|{} UTC>", seconds, fallback);
}

}  // namespace tocsin::notifiers::slack
