#include "net/crypto.h"

#include <catch2/catch.hpp>
#include <cctype>
#include <ctime>
#include <set>

#include "unit/net/certificates.h"

namespace tocsin::net {
namespace {

TEST_CASE("digests are the same when each byte is") {
  const Sha256 digest = sha256("abc");
  CHECK(same_digest(digest, sha256("abc")));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    for (const unsigned bit : {0u, 7u}) {
      Sha256 other = digest;
      other[i] = static_cast<std::uint8_t>(other[i] ^ 1u << bit);
      INFO("byte " << i);
      CHECK_FALSE(same_digest(digest, other));
      CHECK_FALSE(same_digest(other, digest));
    }
  }
}

TEST_CASE("hashes, signatures and encodings have the values of their standards") {
  CHECK(hex(as_text(sha256(""))) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(as_text(sha256("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, cases 1, 2 and 6 (a key longer than a block).
  CHECK(hex(as_text(hmac_sha256(std::string(20, '\x0b'), "Hi There"))) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(as_text(hmac_sha256("Jefe", "what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(as_text(hmac_sha256(std::string(131, '\xaa'),
                                "Test Using Larger Than Block-Size Key - Hash Key First"))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hex(as_text(hmac_sha256("", ""))) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  for (const auto& [plain, encoded] :
       std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"},
                                                                  {"\xff\xfe\xfd", "//79"}}) {
    CHECK(base64(plain) == encoded);
  }
}

TEST_CASE("random bytes differ") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bytes(16));
  CHECK(seen.size() == 100);
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(10'000).size() == 10'000);
}

TEST_CASE("secrets are compared whole") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("token", "token"));
  CHECK_FALSE(same_secret("token", "tokem"));
  CHECK_FALSE(same_secret("token", "token "));
  CHECK_FALSE(same_secret("token", ""));
  CHECK_FALSE(same_secret(std::string("a\0b", 3), std::string("a\0c", 3)));
}

TEST_CASE("an RSA signature needs a certificate that leads to a trusted root") {
  const TempFolder folder;
  const std::int64_t now = std::time(nullptr);
  const Identity root = make_identity({.name = "root", .authority = true});
  const Identity other_root = make_identity({.name = "root", .authority = true});
  const Identity middle = make_identity({.name = "middle", .issuer = &root, .authority = true});
  const Identity leaf = make_identity({.name = "signer", .issuer = &middle, .rsa = true});
  const Identity old = make_identity(
      {.name = "signer", .issuer = &root, .rsa = true, .valid_from_s = -7200, .valid_to_s = -3600});
  const Identity elliptic = make_identity({.name = "signer", .issuer = &root});
  const std::string roots = folder.write("roots.pem", root.certificate_pem());
  const std::string others = folder.write("others.pem", other_root.certificate_pem());
  const std::string text = "Message\nhello\n";
  const std::string chain = leaf.certificate_pem() + middle.certificate_pem();
  const std::string signature = sign(leaf, "SHA256", text);
  const std::string old_signature = sign(old, "SHA256", text);

  struct Case {
    const char* name;
    std::string pem;
    RsaHash hash;
    std::string bytes;
    std::string signature;
    std::string ca_file;
    std::int64_t at;
    const char* error;  // a part of it, nullptr: fits
  };
  const Case kCases[] = {
      {"fits", chain, RsaHash::sha256, text, signature, roots, now, nullptr},
      {"SHA-1", chain, RsaHash::sha1, text, sign(leaf, "SHA1", text), roots, now, nullptr},
      {"another text", chain, RsaHash::sha256, text + "x", signature, roots, now, "does not fit"},
      {"another hash", chain, RsaHash::sha1, text, signature, roots, now, "does not fit"},
      {"no signature", chain, RsaHash::sha256, text, "", roots, now, "does not fit"},
      {"signature cut off", chain, RsaHash::sha256, text, signature.substr(1), roots, now,
       "does not fit"},
      {"another key", old.certificate_pem(), RsaHash::sha256, text, signature, roots, now,
       "does not fit"},
      {"no intermediate", leaf.certificate_pem(), RsaHash::sha256, text, signature, roots, now,
       "unable to get local issuer"},
      {"another root of the same name", chain, RsaHash::sha256, text, signature, others, now,
       "not to be trusted"},
      {"its own root brought along", chain + root.certificate_pem(), RsaHash::sha256, text,
       signature, others, now, "not to be trusted"},
      {"the system's roots", chain, RsaHash::sha256, text, signature, "", now, "not to be trusted"},
      {"expired", old.certificate_pem(), RsaHash::sha256, text, old_signature, roots, now,
       "expired"},
      {"expired, but not then", old.certificate_pem(), RsaHash::sha256, text, old_signature, roots,
       now - 5000, "not yet valid"},  // its root is younger
      {"not yet valid", chain, RsaHash::sha256, text, signature, roots, now - 7200,
       "not yet valid"},
      {"later", chain, RsaHash::sha256, text, signature, roots, now + 7200, "expired"},
      {"no RSA", elliptic.certificate_pem(), RsaHash::sha256, text, sign(elliptic, "SHA256", text),
       roots, now, "no RSA key"},
      {"no certificate", "hello", RsaHash::sha256, text, signature, roots, now, "PEM"},
      {"nothing", "", RsaHash::sha256, text, signature, roots, now, "PEM"},
      {"a key", leaf.key_pem(), RsaHash::sha256, text, signature, roots, now, "PEM"},
      {"too large", std::string(100'000, 'x'), RsaHash::sha256, text, signature, roots, now,
       "64 KiB"},
      {"roots that are not there", chain, RsaHash::sha256, text, signature,
       folder.path("nothing.pem"), now, "cannot read trusted certificates"},
  };
  for (const Case& one : kCases) {
    INFO(one.name);
    const Status status =
        verify_rsa(one.pem, one.hash, one.bytes, one.signature, one.ca_file, one.at);
    INFO((status ? "fits" : status.error().message));
    CHECK(status.has_value() == (one.error == nullptr));
    if (!status && one.error != nullptr) {
      CHECK(status.error().message.find(one.error) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace tocsin::net
