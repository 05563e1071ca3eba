// AWS Signature Version 4. Pure.
//
// libcurl can sign too (CURLOPT_AWS_SIGV4), but that of Debian 12 (7.88.1) signs headers that it
// does not send ("Expect:") and sends x-amz-date twice when it is given one, which requests need
// whose clock is corrected; later versions spell URLs anew. Signing here depends on none of that.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.h"

namespace tocsin::aws {

// What is signed. Path and query are canonical (canonical.h); of the headers all are, "host"
// included: names in any case, values as they are sent.
struct SignedParts {
  std::string_view method, path, query;
  std::vector<std::pair<std::string, std::string_view>> headers;
  std::string_view payload_hash;  // lower-case hexadecimal
};

// The value of the header Authorization. `date` is that of x-amz-date: "20130524T000000Z".
std::string authorization(SignedParts parts, const Credentials& credentials, std::string_view date,
                          std::string_view region, std::string_view service);

}  // namespace tocsin::aws
