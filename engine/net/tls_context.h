// The TLS side of a server: certificate, key, and whose clients' certificates are asked for.
// TLS 1.2 with forward secrecy and authenticated encryption, or 1.3; HTTP/1.1 in ALPN.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_server.h"

namespace tocsin::net {

struct FreeTls {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

// Reads the files; an error names the file and what is wrong with it.
Result<TlsContext> load_tls(const TlsFiles& files);

// The subject's common name in a certificate that was verified. "" when there is none, or when it
// cannot be told what it is: several of them, or a NUL inside.
std::string common_name(const X509* certificate);

}  // namespace tocsin::net
