#include "pki.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <vector>

#include "net/crypto.h"

namespace tocsin::source {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Write>
std::string pem(const Write& write) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> out(::BIO_new(::BIO_s_mem()), ::BIO_free);
  require(write(out.get()) == 1);
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr && ::X509_add_ext(certificate, extension, -1) == 1);
  ::X509_EXTENSION_free(extension);
}

}  // namespace

std::string Identity::certificate_pem() const {
  return pem([&](BIO* out) { return ::PEM_write_bio_X509(out, certificate.get()); });
}

std::string Identity::key_pem() const {
  return pem([&](BIO* out) {
    return ::PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string Identity::sign(std::string_view text, bool sha1) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context(::EVP_MD_CTX_new(),
                                                                          ::EVP_MD_CTX_free);
  const EVP_MD* digest = sha1 ? ::EVP_sha1() : ::EVP_sha256();
  require(::EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) == 1);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  require(::EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1);
  std::vector<unsigned char> signature(size);
  require(::EVP_DigestSign(context.get(), signature.data(), &size, bytes, text.size()) == 1);
  return net::base64({reinterpret_cast<const char*>(signature.data()), size});
}

Identity make_identity(const std::string& common_name, const Identity* issuer,
                       const std::string& host, long valid_from, long valid_to) {
  static long serial = 1;
  Identity out{{::EVP_RSA_gen(2048), ::EVP_PKEY_free}, {::X509_new(), ::X509_free}};
  X509* const certificate = out.certificate.get();
  X509* const above = issuer != nullptr ? issuer->certificate.get() : certificate;
  ::X509_set_version(certificate, 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), serial++);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate), valid_from);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate), valid_to);
  ::X509_set_pubkey(certificate, out.key.get());
  ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
  ::X509_set_issuer_name(certificate, ::X509_get_subject_name(above));
  extend(certificate, above, NID_basic_constraints,
         issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  extend(certificate, above, NID_subject_key_identifier, "hash");
  extend(certificate, above, NID_authority_key_identifier, "keyid");
  if (!host.empty()) extend(certificate, above, NID_subject_alt_name, "DNS:" + host);
  EVP_PKEY* const signer = issuer != nullptr ? issuer->key.get() : out.key.get();
  require(::X509_sign(certificate, signer, ::EVP_sha256()) != 0);
  return out;
}

}  // namespace tocsin::source
