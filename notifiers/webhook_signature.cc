#include "webhook_signature.h"

#include <fmt/format.h>

#include "event/base64.h"
#include "net/crypto.h"

namespace tocsin::notifiers {

Result<Secret> webhook_key(const Secret& text) {
  constexpr std::string_view kPrefix = "whsec_";
  constexpr std::size_t kLeast = 24, kMost = 64;
  constexpr char kHow[] =
      "a signing secret is whsec_ and 24 to 64 random bytes in base64; `echo whsec_$(openssl rand "
      "-base64 32)` makes one";
  std::string_view shown = text.reveal();
  if (!shown.starts_with(kPrefix)) return fail(Code::invalid_input, kHow);
  shown.remove_prefix(kPrefix.size());
  auto key = event::decode_base64(shown);
  if (!key || key->size() < kLeast || key->size() > kMost) return fail(Code::invalid_input, kHow);
  return Secret(*std::move(key));
}

std::string webhook_signature(const std::vector<Secret>& keys, std::string_view id,
                              std::int64_t timestamp, std::string_view body) {
  std::string content = fmt::format("{}.{}.", id, timestamp);
  content.append(body);
  std::string out;
  for (const Secret& key : keys) {
    if (!out.empty()) out += ' ';
    out += "v1," + net::base64(net::as_text(net::hmac_sha256(key.reveal(), content)));
  }
  return out;
}

}  // namespace tocsin::notifiers
