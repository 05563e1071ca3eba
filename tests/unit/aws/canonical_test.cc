#include "aws/canonical.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::aws {
namespace {

TEST_CASE("paths and queries are spelled in one way") {
  CHECK(encode_path("AWSLogs/1/CloudTrail/x_y-z.~/a.json.gz") ==
        "AWSLogs/1/CloudTrail/x_y-z.~/a.json.gz");
  CHECK(encode_path("a b+c=d*(\xC3\xA9)@:&?#%2F//") ==
        "a%20b%2Bc%3Dd%2A%28%C3%A9%29%40%3A%26%3F%23%252F//");
  CHECK(encode_path(std::string("\0\xFF", 2)) == "%00%FF");
  CHECK(percent_encode("a/b") == "a%2Fb");
  CHECK(canonical_query({}).empty());
  CHECK(canonical_query({{"b", "2"}, {"a", ""}, {"b", "1"}}) == "a=&b=1&b=2");
  // By encoded name: "a%5B" before "a0", although '[' is behind '0'.
  CHECK(canonical_query({{"a0", "x"}, {"a[", "y"}}) == "a%5B=y&a0=x");
  CHECK(form({{"b", "2 3"}, {"a", "/"}}) == "b=2%203&a=%2F");
  CHECK(build_url("https://h", "/p", {}) == "https://h/p");
  CHECK(build_url("https://h", "/p", {{"v", ""}}) == "https://h/p?v=");
}

TEST_CASE("keys as S3 encodes them are decoded, and nothing else is lost") {
  CHECK(percent_decode("a+b%2Bc%3Dd%2A%28%C3%A9%29") == "a b+c=d*(\xC3\xA9)");
  CHECK(percent_decode("a%2fb%2Fc") == "a/b/c");
  CHECK(percent_decode("%") == "%");
  CHECK(percent_decode("a%4") == "a%4");
  CHECK(percent_decode("%zz%41") == "%zzA");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(3, static_cast<char>(byte));
    CHECK(percent_decode(percent_encode(text)) == text);
    CHECK(percent_decode(encode_path(text)) == text);
  }
}

}  // namespace
}  // namespace tocsin::aws
