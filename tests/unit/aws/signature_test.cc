// Signatures and canonical URLs against requests that AWS has published with their signatures.
#include "aws/signature.h"

#include <catch2/catch.hpp>
#include <string>

#include "aws/canonical.h"

namespace tocsin::aws {
namespace {

const std::string kEmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

using Headers = std::vector<std::pair<std::string, std::string_view>>;

Credentials example(const char* access_key, const char* secret) {
  return {access_key, Secret(secret), {}, {}, {}};
}

// Amazon S3 API reference, "Signature Calculations for the Authorization Header".
TEST_CASE("the examples of the S3 API reference come out with the published signatures") {
  struct Vector {
    const char* key;
    Query query;
    Headers headers;
    const char* names;
    const char* signature;
  };
  const Vector kVectors[] = {
      {"test.txt",
       {},
       {{"Range", "bytes=0-9"}},
       "host;range;x-amz-content-sha256;x-amz-date",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"",
       {{"lifecycle", ""}},
       {},
       "host;x-amz-content-sha256;x-amz-date",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"",
       {{"prefix", "J"}, {"max-keys", "2"}},
       {},
       "host;x-amz-content-sha256;x-amz-date",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const Vector& vector : kVectors) {
    INFO(vector.key << ' ' << canonical_query(vector.query));
    const std::string path = '/' + encode_path(vector.key), query = canonical_query(vector.query);
    SignedParts parts{"GET", path, query, vector.headers, kEmptyHash};
    parts.headers.emplace_back("Host", "examplebucket.s3.amazonaws.com");
    parts.headers.emplace_back("x-amz-date", "20130524T000000Z");
    parts.headers.emplace_back("X-Amz-Content-SHA256", kEmptyHash);
    CHECK(authorization(std::move(parts),
                        example("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                        "20130524T000000Z", "us-east-1", "s3") ==
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
          "SignedHeaders=" +
              std::string(vector.names) + ", Signature=" + vector.signature);
  }
}

TEST_CASE("vectors of AWS's signing test suite come out with the published signatures") {
  struct Vector {
    const char* name;
    const char* method;
    Query query;
    const char* signature;
  };
  const Vector kVectors[] = {
      {"get-vanilla",
       "GET",
       {},
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"post-vanilla",
       "POST",
       {},
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"get-vanilla-query-order-key-case",
       "GET",
       {{"Param2", "value2"}, {"Param1", "value1"}},
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
  };
  for (const Vector& vector : kVectors) {
    INFO(vector.name);
    const std::string query = canonical_query(vector.query);
    const std::string header =
        authorization({vector.method,
                       "/",
                       query,
                       {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}},
                       kEmptyHash},
                      example("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                      "20150830T123600Z", "us-east-1", "service");
    CHECK(header.substr(header.rfind('=') + 1) == vector.signature);
  }
}

TEST_CASE("blanks in values count as AWS counts them") {
  const auto signed_with = [](std::string_view value) {
    return authorization({"GET", "/", "", {{"host", "h"}, {"x", value}}, kEmptyHash},
                         example("a", "b"), "20150830T123600Z", "r", "s");
  };
  CHECK(signed_with("a b") == signed_with("  a   b "));
  CHECK(signed_with("a b") != signed_with("ab"));
}

}  // namespace
}  // namespace tocsin::aws
