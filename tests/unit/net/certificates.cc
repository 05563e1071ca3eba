#include "unit/net/certificates.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace tocsin::net {
namespace {

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string copy(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return copy;
}

void add_name(X509_NAME* subject, std::string_view name) {
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
}

void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  REQUIRE(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

std::string Identity::certificate_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate.get());
  return text_of(bio);
}

std::string Identity::key_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

Identity make_identity(const IdentityOptions& options) {
  static std::atomic<long> serial{1};
  Identity made;
  made.key.reset(options.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.valid_to_s);
  X509_set_pubkey(certificate, made.key.get());
  add_name(X509_get_subject_name(certificate), options.name);
  if (!options.second_name.empty()) {
    add_name(X509_get_subject_name(certificate), options.second_name);
  }
  X509* issuer = options.issuer != nullptr ? options.issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  extend(certificate, issuer, NID_basic_constraints,
         options.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (options.authority) extend(certificate, issuer, NID_key_usage, "critical,keyCertSign");
  EVP_PKEY* key = options.issuer != nullptr ? options.issuer->key.get() : made.key.get();
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
  return made;
}

std::string sign(const Identity& identity, const char* digest, std::string_view bytes) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const auto* text = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t size = 0;
  REQUIRE(EVP_DigestSignInit_ex(context, nullptr, digest, nullptr, nullptr, identity.key.get(),
                                nullptr) == 1);
  REQUIRE(EVP_DigestSign(context, nullptr, &size, text, bytes.size()) == 1);
  std::string signature(size, '\0');
  REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, text,
                         bytes.size()) == 1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return signature;
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-net-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::path(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

std::string TempFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

}  // namespace tocsin::net
