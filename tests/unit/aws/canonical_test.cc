// Our canonical URLs against requests whose signatures AWS has published.
#include "aws/canonical.h"

#include <catch2/catch.hpp>
#include <string>

#include "unit/aws/reference_signer.h"

namespace tocsin::aws {
namespace {

const std::string kEmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Amazon S3 API reference, "Signature Calculations for the Authorization Header".
struct S3Vector {
  const char* key;
  Query query;
  std::vector<std::pair<std::string, std::string>> headers;
  const char* signature;
};

TEST_CASE("the examples of the S3 API reference come out with the published signatures") {
  const S3Vector kVectors[] = {
      {"test.txt",
       {},
       {{"range", "bytes=0-9"}},
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"",
       {{"lifecycle", ""}},
       {},
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"",
       {{"prefix", "J"}, {"max-keys", "2"}},
       {},
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const S3Vector& vector : kVectors) {
    INFO(vector.key << ' ' << canonical_query(vector.query));
    testing::SignedRequest request{"GET", '/' + encode_path(vector.key),
                                   canonical_query(vector.query), vector.headers, kEmptyHash};
    request.headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
    request.headers.emplace_back("x-amz-content-sha256", kEmptyHash);
    request.headers.emplace_back("x-amz-date", "20130524T000000Z");
    CHECK(testing::signature(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             "20130524T000000Z", "us-east-1", "s3") == vector.signature);
  }
}

TEST_CASE("vectors of AWS's signing test suite come out with the published signatures") {
  struct Vector {
    const char* method;
    Query query;
    const char* signature;
  };
  const Vector kVectors[] = {
      {"GET", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"POST", {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"GET",  // get-vanilla-query-order-key-case
       {{"Param2", "value2"}, {"Param1", "value1"}},
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
  };
  for (const Vector& vector : kVectors) {
    INFO(vector.method << ' ' << canonical_query(vector.query));
    const testing::SignedRequest request{
        vector.method,
        "/",
        canonical_query(vector.query),
        {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
        kEmptyHash};
    CHECK(testing::signature(request, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                             "20150830T123600Z", "us-east-1", "service") == vector.signature);
  }
}

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
