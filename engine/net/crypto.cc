#include "net/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <cstdlib>
#include <memory>

namespace tocsin::net {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using Input = std::unique_ptr<BIO, Freed<&BIO_free_all>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<&X509_STORE_CTX_free>>;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};
using Certificates = std::unique_ptr<STACK_OF(X509), FreeStack>;

// A signing certificate with its intermediates; more is an attempt to make us work.
constexpr std::size_t kPemBytes = std::size_t{64} << 10;
constexpr int kPemCertificates = 8;
// OpenSSL's security level for the chain: 112 bits, that is RSA of 2048 bits and no SHA-1.
constexpr int kChainSecurity = 2;

// Without memory or a working random generator there is nothing safe left to do.
void require(bool holds) {
  if (!holds) std::abort();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Fetched once: looking an algorithm up costs more than hashing a token with it.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched != nullptr ? fetched : EVP_sha256();
  }();
  return algorithm;
}

struct Chain {
  Certificate leaf;
  Certificates others;
};

Result<Chain> read_chain(std::string_view pem) {
  if (pem.size() > kPemBytes) {
    return fail(Code::limit, "the certificate is larger than 64 KiB");
  }
  const Input input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Chain chain{nullptr, Certificates(sk_X509_new_null())};
  if (!input || !chain.others) return fail(Code::busy, "no memory to read a certificate");
  ERR_clear_error();
  // The password callback: a certificate has none, and nobody is there to be asked for one.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  chain.leaf.reset(PEM_read_bio_X509(input.get(), nullptr, no_password, nullptr));
  if (!chain.leaf) return fail(Code::invalid_input, "this is not a certificate in PEM form");
  while (X509* next = PEM_read_bio_X509(input.get(), nullptr, no_password, nullptr)) {
    Certificate owned(next);
    if (sk_X509_num(chain.others.get()) >= kPemCertificates) {
      return fail(Code::limit, "more than 8 intermediate certificates");
    }
    if (sk_X509_push(chain.others.get(), next) == 0) {
      return fail(Code::busy, "no memory to read a certificate");
    }
    static_cast<void>(owned.release());
  }
  ERR_clear_error();
  return chain;
}

Status check_signature(X509* certificate, RsaHash hash, std::string_view bytes,
                       std::string_view signature) {
  const Key key(X509_get_pubkey(certificate));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return fail(Code::refused, "the signing certificate has no RSA key");
  }
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* digest = hash == RsaHash::sha1 ? EVP_sha1() : sha256_algorithm();
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) != 1 ||
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes),
                       bytes.size()) != 1) {
    ERR_clear_error();
    return fail(Code::refused, "the signature does not fit the text and the certificate");
  }
  return {};
}

Status check_chain(const Chain& chain, const std::string& ca_file, std::int64_t now) {
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  if (!store || !context) return fail(Code::busy, "no memory to check a certificate");
  const bool loaded = ca_file.empty() ? X509_STORE_set_default_paths(store.get()) == 1
                                      : X509_STORE_load_file(store.get(), ca_file.c_str()) == 1;
  if (!loaded) {
    ERR_clear_error();
    return fail(Code::io, ca_file.empty()
                              ? "cannot read the system's trusted certificates; install the "
                                "package ca-certificates or name a CA file"
                              : "cannot read trusted certificates from " + ca_file);
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), chain.leaf.get(), chain.others.get()) != 1) {
    ERR_clear_error();
    return fail(Code::busy, "no memory to check a certificate");
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(now));
  X509_VERIFY_PARAM_set_auth_level(parameters, kChainSecurity);
  if (X509_verify_cert(context.get()) != 1) {
    const int why = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    return fail(Code::refused, std::string("the signing certificate is not to be trusted: ") +
                                   X509_verify_cert_error_string(why));
  }
  return {};
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  unsigned size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, sha256_algorithm(),
                     nullptr) == 1 &&
          size == digest.size());
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  // A key longer than a block counts as its hash (RFC 2104), which also fits OpenSSL's int.
  Sha256 hashed_key;
  if (key.size() > 64) {
    hashed_key = sha256(key);
    key = as_text(hashed_key);
  }
  Sha256 digest;
  unsigned size = 0;
  const char* start = key.empty() ? "" : key.data();  // a null key means "the one before"
  require(HMAC(sha256_algorithm(), start, static_cast<int>(key.size()), bytes_of(bytes),
               bytes.size(), digest.data(), &size) != nullptr &&
          size == digest.size());
  return digest;
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    std::uint32_t word = static_cast<unsigned char>(bytes[at]);
    word = word << 8 | (left > 1 ? static_cast<unsigned char>(bytes[at + 1]) : 0u);
    word = word << 8 | (left > 2 ? static_cast<unsigned char>(bytes[at + 2]) : 0u);
    text += kDigits[word >> 18];
    text += kDigits[word >> 12 & 63];
    text += left > 1 ? kDigits[word >> 6 & 63] : '=';
    text += left > 2 ? kDigits[word & 63] : '=';
  }
  return text;
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const std::size_t step = size - at < 4096 ? size - at : 4096;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()) + at,
                       static_cast<int>(step)) == 1);
    at += step;
  }
  return bytes;
}

bool same_digest(const Sha256& a, const Sha256& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool same_secret(std::string_view a, std::string_view b) {
  return same_digest(sha256(a), sha256(b));
}

Status verify_rsa(std::string_view certificate_pem, RsaHash hash, std::string_view bytes,
                  std::string_view signature, const std::string& ca_file, std::int64_t now) {
  auto chain = read_chain(certificate_pem);
  if (!chain) return tl::unexpected(chain.error());
  // The signature comes first: it is cheap, and only who holds the key gets us to read the roots.
  if (auto fits = check_signature(chain->leaf.get(), hash, bytes, signature); !fits) return fits;
  return check_chain(*chain, ca_file, now);
}

}  // namespace tocsin::net
