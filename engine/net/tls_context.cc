#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace tocsin::net {
namespace {

// Mozilla's "intermediate" list of 2023 without DHE. TLS 1.3 has no weak ones to leave out.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

tl::unexpected<Error> about(const std::string& file, const std::string& what) {
  ERR_clear_error();
  return fail(Code::refused, "TLS: " + file + ": " + what);
}

// What OpenSSL says, without its numbers and source files.
std::string last_reason(const char* otherwise) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : otherwise;
}

Status readable(const std::string& file) {
  std::FILE* opened = std::fopen(file.c_str(), "re");
  if (opened == nullptr) {
    const std::error_code why(errno, std::generic_category());
    return fail(Code::io, "TLS: cannot read " + file + ": " + why.message());
  }
  static_cast<void>(std::fclose(opened));
  return {};
}

Status use_certificate(SSL_CTX* context, const std::string& file) {
  if (auto ok = readable(file); !ok) return ok;
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1) {
    return about(file, "not a certificate chain in PEM form (" + last_reason("unreadable") + ")");
  }
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    // Clients will say so too; the other sources of this process go on.
    log::warning("The TLS certificate has expired; renew it and reload", {{"file", file}});
  }
  return {};
}

Status use_key(SSL_CTX* context, const std::string& file) {
  if (auto ok = readable(file); !ok) return ok;
  if (SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    return about(file, other ? "the key does not belong to the certificate"
                             : "not a private key in PEM form without a passphrase (" +
                                   last_reason("unreadable") + ")");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return about(file, "the key does not belong to the certificate");
  }
  return {};
}

Status ask_for_clients(SSL_CTX* context, const std::string& file) {
  if (auto ok = readable(file); !ok) return ok;
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return about(file, "no CA certificates in PEM form (" + last_reason("unreadable") + ")");
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Every connection proves itself anew: a resumed session would outlive its certificate.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned in_size, void*) {
  static constexpr unsigned char kSpoken[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, size, kSpoken, sizeof kSpoken - 1, in, in_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<TlsContext> load_tls(const TlsFiles& files) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(Code::busy, "TLS: no memory for a context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1) {
    return fail(Code::unsupported, "TLS: this OpenSSL has none of the ciphers that are allowed");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // 34 KiB less for an idle connection
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  // A key with a passphrase is an error, not a prompt on a terminal that nobody looks at.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return -1; });

  if (auto ok = use_certificate(context.get(), files.certificate_file); !ok) {
    return tl::unexpected(ok.error());
  }
  if (auto ok = use_key(context.get(), files.key_file); !ok) return tl::unexpected(ok.error());
  if (!files.client_ca_file.empty()) {
    if (auto ok = ask_for_clients(context.get(), files.client_ca_file); !ok) {
      return tl::unexpected(ok.error());
    }
  }
  ERR_clear_error();
  return context;
}

std::string common_name(const X509* certificate) {
  if (certificate == nullptr) return "";
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return "";
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return "";
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name.find('\0') == std::string::npos ? name : "";
}

}  // namespace tocsin::net
