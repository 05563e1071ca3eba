#include "net/public_key.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::net {
namespace {

// Made by Python's cryptography: two keys, and signatures over kSigned.
const std::string kSigned = "what is signed";
const char* const kPkcs1 =
    "3082010a0282010100c159ebeb0ed59d01bcd4d076e974c271fb03a8bbfe169874db158992f8089b7fed6f84"
    "a2ab1d78a55c21850a0e01d7b23ac659b0dfb4a0a0ae43641cbf79d73aa0543887246ed77451fbb8748d38e3"
    "83e1543514c3cc630afbdf3e041c2bd11efdc32724c312e42ecf0eccbadf0d83fcfbcce88b9161aa65cea02c"
    "3f01b2609eec87cb4aaf9a56bad52dac08bcf47d95429237e28791d120cc92ff83c0fc6f7202e8c6c2cf0cb1"
    "d74c76bf4e9f765acddfc10cf7223284c40dda47d77161cba62043b90ed099d486e14ad1043e9d80b1de0209"
    "1b4c0d84ea997dc6e2d83634a893160a04a6bceb3fd771e1d39d5f8b1d7fccafdf1a7a002368ddd0d22c2036"
    "9b0203010001";
const char* const kSubjectPublicKeyInfo =
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100c159ebeb0ed59d01bcd4d0"
    "76e974c271fb03a8bbfe169874db158992f8089b7fed6f84a2ab1d78a55c21850a0e01d7b23ac659b0dfb4a0"
    "a0ae43641cbf79d73aa0543887246ed77451fbb8748d38e383e1543514c3cc630afbdf3e041c2bd11efdc327"
    "24c312e42ecf0eccbadf0d83fcfbcce88b9161aa65cea02c3f01b2609eec87cb4aaf9a56bad52dac08bcf47d"
    "95429237e28791d120cc92ff83c0fc6f7202e8c6c2cf0cb1d74c76bf4e9f765acddfc10cf7223284c40dda47"
    "d77161cba62043b90ed099d486e14ad1043e9d80b1de02091b4c0d84ea997dc6e2d83634a893160a04a6bceb"
    "3fd771e1d39d5f8b1d7fccafdf1a7a002368ddd0d22c20369b0203010001";
const char* const kOtherKey =
    "3082010a0282010100cf0e9ca594564a6ed44979d939c00e6459587cacde6bdaa4c47ea63e8b6cdd49927cb3"
    "baa1ae31f0cc979a96fdcdcb30d258649ca52eb1e1905627d290024fc7fe2b4e89d009d4376d89144051f62f"
    "bb8c87041102eb59ab5fabfa16759c7126b6cd9d48f22d514cb4d835645d79bc8750ed24302bea16ac6feaff"
    "547cbfa5e24062297476d2dc0072d5912e53004b2f1ccc62cd6ec08738d9750be185abd2971638536aca668e"
    "62ac953b3635cb528c0d75716b6885d3270e55a0ef8eb39ae376a0cde7eb45ed4212189b80d460a44964a92f"
    "c86c06321d462863e9b4d3c6f1ce6f2628a645d6eeac1a30b9705811a5128125a210197ebf70a7e36669eafc"
    "990203010001";
const char* const kEllipticKey =
    "3059301306072a8648ce3d020106082a8648ce3d030107034200042a8f8af5d3733e0239d4a5bf1404801c3b"
    "b2847de4195161ef1e7b837be7a4007b0cd4fe81cbfbf32d817feee8bd31e9e0be8057a1751608e680961ff6"
    "0c2bdf";
const char* const kSignature =
    "b2fcf9a31e3da51ddca59edaf77f7abc2e68a8403c300d9521b1a44a76a5e7972ae01baf5efa55a4d3926e28"
    "eb60c95d6b03a2e77dfe464c47f5c3378696db6033b279dcc997dfec7e432bced14cfc8d9112781990680a58"
    "8a705f1338270a5ec6434713cd8bdf2a85204c6d7896b42335ce718db904c48cb41fb0f10e333eaa8b67badc"
    "5564a2c5ddf3d8558d7938ee35ae1b4dd25dfbbe70e8c981f7d3f671b248d5dfc9d8e5397a449c93b195cd37"
    "e878006764b05d6679562fd3253bdb7c09876d898929eccfacbc9a0a6316e7cc594156390916fe297ba4fd81"
    "a68ca98cc33067cbfd7030b9ac8fc82905f05be4f271580992e086a4728b28b010d344e5";
const char* const kOverSha1 =
    "3ebfb4b263720861b611d63ece399495339a5c64a081bad68307fb4e240e9b7f2fa18751bef53e4b0f96375a"
    "38ac753b6ea1f09c81afdbc891eab9a5c0c663157975faf3bfee32fa2fdd362a3c49f7bb9d975265f90e5dc6"
    "287926956895584946261cb6cf7931f160905dcf867db1a8c82625d4307151af131d93a38f5392c7d8aed7d7"
    "a80e68ad1d531dea9a712d111e93077e9e8da153b3037a989bdec63ee7becc7251e9caab8f980333e49e7a4f"
    "37b96174995cbb8a8501931ab14967f8a32d40c0e17b107901116f2284d5615fb642342b9df7058760cc12bf"
    "3b5bdf7f5023058a5f0a77a3852ffba02e6c811b36ee56e22b8f6d177896af212a5705f8";
const char* const kPss =
    "5691585e2dd7f2eb6dcbc851ee8ad905fed1fe50a5af581faacf8da487676efddc92710607e09b0938822928"
    "1cfbc82a32eb4c9cdf253660ad3cce7e3054749e209d9f1ab59ed75c5ccddcdc6c4735ffe9948066b49976fa"
    "f82703bde3e6667ab3f5cc5b5b42df7c34f78e0c1253e87baa30a2f90214ccc18dd5185573ff5ea25721a3f0"
    "d1c2f17a60d707d96645456e579d1fc8e6bdee7c04710aba0c3f6f344038491e21161892287394bae78c0b1a"
    "cc51d4b1e419c99de20915d181cb93e33c4c0070ff727af9ca3b96adbf1d8d38585079246868380990f5cecb"
    "72cf374f4a9df3c519b16d03a11742b238da5f2e0b1685494f50ab0dc4b2534f54a83a2f";

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

Code refusal(const std::string& der, const std::string& text, const std::string& signature) {
  const Status status = verify_rsa_key(der, text, signature);
  REQUIRE_FALSE(status);
  return status.error().code;
}

TEST_CASE("a bare key verifies, in both forms, what it signed and nothing else") {
  const std::string signature = bytes(kSignature);
  for (const char* form : {kPkcs1, kSubjectPublicKeyInfo}) {
    const std::string key = bytes(form);
    CHECK(verify_rsa_key(key, kSigned, signature));
    for (std::size_t at = 0; at < kSigned.size(); ++at) {
      std::string text = kSigned;
      text[at] = static_cast<char>(text[at] ^ 1);
      CHECK(refusal(key, text, signature) == Code::refused);
    }
    for (std::size_t at = 0; at < signature.size(); at += 17) {
      std::string other = signature;
      other[at] = static_cast<char>(other[at] ^ 1);
      CHECK(refusal(key, kSigned, other) == Code::refused);
    }
    CHECK(refusal(key, kSigned, "") == Code::refused);
    CHECK(refusal(key, kSigned, signature + '\0') == Code::refused);
    CHECK(refusal(key, kSigned, signature.substr(1)) == Code::refused);
    CHECK(refusal(key, kSigned, bytes(kOverSha1)) == Code::refused);
    CHECK(refusal(key, kSigned, bytes(kPss)) == Code::refused);
  }
  CHECK(refusal(bytes(kOtherKey), kSigned, signature) == Code::refused);
}

TEST_CASE("what is no RSA key in DER is said to be none") {
  const std::string signature = bytes(kSignature), key = bytes(kPkcs1);
  for (const std::string& der :
       {std::string(), std::string("key"), key.substr(0, key.size() - 1), key + '\0',
        bytes(kSubjectPublicKeyInfo).substr(1), bytes(kEllipticKey), std::string(kPkcs1)}) {
    CHECK(refusal(der, kSigned, signature) == Code::invalid_input);
  }
}

TEST_CASE("a hash in pieces is the hash of the whole") {
  std::string text;
  Sha256Stream stream;
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string piece(size, static_cast<char>(size));
    stream.add(piece);
    text += piece;
  }
  CHECK(stream.finish() == sha256(text));
  CHECK(Sha256Stream().finish() == sha256(""));
}

}  // namespace
}  // namespace tocsin::net
