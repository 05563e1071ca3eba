#include "aws/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "net/crypto.h"

namespace tocsin::aws {
namespace {

using net::as_text;
using net::hmac_sha256;

std::string hex_of(const net::Sha256& digest) {
  return net::hex(as_text(digest));
}

// Blanks around a value are cut, those within it become one.
std::string folded_value(std::string_view value) {
  std::string out;
  for (const char c : text::trim(value)) {
    if (c != ' ' || out.empty() || out.back() != ' ') out += c;
  }
  return out;
}

std::string signing_key(const Credentials& credentials, std::string_view day,
                        std::string_view region, std::string_view service) {
  const Secret start("AWS4" + std::string(credentials.secret_key.reveal()));
  net::Sha256 key = hmac_sha256(start.reveal(), day);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) {
    key = hmac_sha256(as_text(key), part);
  }
  return std::string(as_text(key));
}

}  // namespace

std::string authorization(SignedParts parts, const Credentials& credentials, std::string_view date,
                          std::string_view region, std::string_view service) {
  for (auto& [name, value] : parts.headers) {
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  std::sort(parts.headers.begin(), parts.headers.end());
  std::string lines, names;
  for (const auto& [name, value] : parts.headers) {
    lines.append(name).append(":").append(folded_value(value)).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  const std::string request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, parts.path,
                                          parts.query, lines, names, parts.payload_hash);
  const std::string_view day = date.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope, hex_of(net::sha256(request)));
  const Secret key(signing_key(credentials, day, region, service));
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                     credentials.access_key, scope, names, hex_of(hmac_sha256(key.reveal(), text)));
}

}  // namespace tocsin::aws
