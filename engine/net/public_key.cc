#include "net/public_key.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace tocsin::net {
namespace {

struct FreeHash {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using HashContext = std::unique_ptr<EVP_MD_CTX, FreeHash>;
struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, FreeKey>;
struct FreeDecoder {
  void operator()(OSSL_DECODER_CTX* decoder) const noexcept { OSSL_DECODER_CTX_free(decoder); }
};
using Decoder = std::unique_ptr<OSSL_DECODER_CTX, FreeDecoder>;

// `structure`: "type-specific" is PKCS #1. Null when `der` is something else.
PublicKey decode_key(std::string_view der, const char* structure) {
  EVP_PKEY* key = nullptr;
  const Decoder decoder(OSSL_DECODER_CTX_new_for_pkey(&key, "DER", structure, "RSA",
                                                      EVP_PKEY_PUBLIC_KEY, nullptr, nullptr));
  if (!decoder) return nullptr;
  const auto* next = reinterpret_cast<const unsigned char*>(der.data());
  std::size_t left = der.size();
  const int done = OSSL_DECODER_from_data(decoder.get(), &next, &left);
  PublicKey owned(key);
  ERR_clear_error();
  if (done != 1 || left != 0) return nullptr;
  return owned;
}

}  // namespace

struct Sha256Stream::State {
  HashContext context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  if (!state_->context || EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(std::string_view piece) {
  if (EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size()) != 1) std::abort();
}

Sha256 Sha256Stream::finish() {
  Sha256 hash;
  unsigned size = 0;
  if (EVP_DigestFinal_ex(state_->context.get(), hash.data(), &size) != 1 || size != hash.size()) {
    std::abort();
  }
  return hash;
}

Status verify_rsa_key(std::string_view der, std::string_view bytes, std::string_view signature) {
  PublicKey key = decode_key(der, "type-specific");
  if (!key) key = decode_key(der, "SubjectPublicKeyInfo");
  if (!key) {
    return fail(Code::invalid_input,
                "this is no RSA public key in DER (PKCS #1 or SubjectPublicKeyInfo)");
  }
  const HashContext context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                       bytes.size()) != 1) {
    ERR_clear_error();
    return fail(Code::refused, "the signature does not fit the text and the key");
  }
  return {};
}

}  // namespace tocsin::net
