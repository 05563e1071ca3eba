// AWS Signature Version 4, written down from its description, slowly: what libcurl's signatures and
// our canonical URLs are checked against.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/crypto.h"

namespace tocsin::testing {

struct SignedRequest {
  std::string method, path, query;                           // canonical already
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values trimmed
  std::string payload_hash;                                  // hexadecimal
};

inline std::string canonical_request(SignedRequest request) {
  std::sort(request.headers.begin(), request.headers.end());
  std::string lines, names;
  for (const auto& [name, value] : request.headers) {
    lines += name + ':' + value + '\n';
    names += (names.empty() ? "" : ";") + name;
  }
  return request.method + '\n' + request.path + '\n' + request.query + '\n' + lines + '\n' + names +
         '\n' + request.payload_hash;
}

// `date`: "20130524T000000Z".
inline std::string signature(const SignedRequest& request, const std::string& secret,
                             const std::string& date, const std::string& region,
                             const std::string& service) {
  using net::as_text;
  using net::hex;
  using net::hmac_sha256;
  const std::string day = date.substr(0, 8);
  const std::string text = "AWS4-HMAC-SHA256\n" + date + '\n' + day + '/' + region + '/' + service +
                           "/aws4_request\n" +
                           hex(as_text(net::sha256(canonical_request(request))));
  net::Sha256 key = hmac_sha256("AWS4" + secret, day);
  for (const std::string& part : {region, service, std::string("aws4_request")}) {
    key = hmac_sha256(as_text(key), part);
  }
  return hex(as_text(hmac_sha256(as_text(key), text)));
}

}  // namespace tocsin::testing
