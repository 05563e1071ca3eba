#include "digest/digest.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::digest {
namespace {

constexpr std::string_view kDigest =
    R"({"awsAccountId":"1","digestStartTime":"2015-08-17T14:01:31Z",)"
    R"("digestEndTime":"2015-08-17T15:01:31Z","digestS3Bucket":"bucket","digestS3Object":"a/b",)"
    R"("digestPublicKeyFingerprint":"31e8","digestSignatureAlgorithm":"SHA256withRSA",)"
    R"("previousDigestS3Bucket":"old","previousDigestS3Object":"a/a",)"
    R"("previousDigestHashValue":"97fb","previousDigestHashAlgorithm":"SHA-256",)"
    R"("previousDigestSignature":"50887c","logFiles":[{"s3Bucket":"bucket","s3Object":"l",)"
    R"("hashValue":"9bb6","hashAlgorithm":"SHA-256","newestEventTime":null}]})";

std::string with(std::string_view old, std::string_view text) {
  std::string digest(kDigest);
  const std::size_t at = digest.find(old);
  REQUIRE(at != std::string::npos);
  return digest.replace(at, old.size(), text);
}

TEST_CASE("a digest says where it is, what is before it and what it lists") {
  const auto digest = parse_digest(kDigest);
  REQUIRE(digest);
  CHECK(digest->bucket == "bucket");
  CHECK(digest->key == "a/b");
  CHECK(digest->fingerprint == "31e8");
  CHECK(digest->end - digest->start == 3600);
  REQUIRE(digest->previous);
  CHECK(digest->previous->bucket == "old");
  CHECK(digest->previous->key == "a/a");
  CHECK(digest->previous->hash == "97fb");
  CHECK(digest->previous->signature == "50887c");
  REQUIRE(digest->files.size() == 1);
  CHECK(digest->files[0].key == "l");
  CHECK(digest->files[0].hash == "9bb6");
}

// The hash: `printf 'content' | sha256sum`.
TEST_CASE("the signed text is four lines without a last line break") {
  const std::string hash = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
  CHECK(signed_text(*parse_digest(kDigest), "content") ==
        "2015-08-17T15:01:31Z\nbucket/a/b\n" + hash + "\n50887c");
  // The first of a chain: the word null.
  const auto first = parse_digest(with("\"50887c\"", "null"));
  REQUIRE(first);
  CHECK(signed_text(*first, "content") == "2015-08-17T15:01:31Z\nbucket/a/b\n" + hash + "\nnull");
  // The time as it is written, not as it is understood.
  const auto odd = parse_digest(with("15:01:31Z", "15:01:31+00:00"));
  REQUIRE(odd);
  CHECK(signed_text(*odd, "").starts_with("2015-08-17T15:01:31+00:00\n"));
}

TEST_CASE("a chain begins where nothing is named before") {
  CHECK_FALSE(parse_digest(with("\"old\"", "null"))->previous);
  CHECK_FALSE(parse_digest(with("\"a/a\"", "null"))->previous);
  // A hash of another kind is no hash to compare with.
  CHECK(parse_digest(with("SHA-256", "MD5"))->previous->hash.empty());
}

TEST_CASE("what lacks a member is no digest") {
  const std::pair<const char*, const char*> rows[] = {
      {"digestStartTime", "x"},
      {"digestEndTime", "x"},
      {"digestS3Bucket", "x"},
      {"digestS3Object", "x"},
      {"previousDigestSignature", "x"},
      {"logFiles", "x"},
      {"digestPublicKeyFingerprint", "x"},
      {"\"31e8\"", "7"},
      {"\"9bb6\"", "null"},
      {"\"50887c\"", "1"},
      {"15:01:31Z", "later"},
      {"14:01:31Z", "16:01:31Z"},
      {"[{", "[7,{"},
      {"}]}", "}]"},
  };
  for (const auto& [old, text] : rows) {
    INFO(old);
    const auto digest = parse_digest(with(old, text));
    REQUIRE_FALSE(digest);
    CHECK(digest.error().code == Code::invalid_input);
  }
  for (const char* text : {"", "[]", "7", "{}", "\xff"}) CHECK_FALSE(parse_digest(text));
}

}  // namespace
}  // namespace tocsin::digest
