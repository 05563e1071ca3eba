#include "net/transfer_error.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <system_error>

namespace tocsin::net {
namespace {

std::string seconds(std::int64_t ms) {
  return fmt::format("{:g} s", static_cast<double>(ms) / 1000);
}

std::string connection_text(const TransferFailure& failure) {
  if (failure.os_error == 0) return "the connection could not be made";
  return fmt::format("the connection could not be made: {}",
                     std::generic_category().message(failure.os_error));
}

std::string certificate_text(const TransferFailure& failure) {
  // OpenSSL had nothing against it, or libcurl has not asked because it had.
  if (failure.certificate == X509_V_OK || failure.certificate == X509_V_ERR_UNSPECIFIED) {
    return "the server's certificate was refused: it is not for this host name";
  }
  return fmt::format("the server's certificate was refused: {}",
                     X509_verify_cert_error_string(failure.certificate));
}

}  // namespace

Error transfer_error(const TransferFailure& failure) {
  if (failure.refused) {
    return {Code::refused,
            fmt::format("connections to {} are not allowed; when the server is meant to be there, "
                        "add its network to `allow_networks`",
                        to_string(*failure.refused))};
  }
  switch (static_cast<CURLcode>(failure.code)) {
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
      return {Code::invalid_input, "the URL is not usable"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Code::io, "the proxy's name could not be resolved"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Code::io, "the host name could not be resolved"};
    case CURLE_COULDNT_CONNECT:
      return {Code::io, connection_text(failure)};
    case CURLE_PROXY:
      return {Code::io, "the proxy did not make the connection"};
    case CURLE_OPERATION_TIMEDOUT:
      if (failure.idle_timeout_ms != 0) {
        return {Code::io,
                fmt::format("no byte of an answer for {}", seconds(failure.idle_timeout_ms))};
      }
      if (failure.connected) {
        return {Code::io, fmt::format("no whole answer within {}", seconds(failure.timeout_ms))};
      }
      return {Code::io,
              fmt::format("no connection within {}", seconds(failure.connect_timeout_ms))};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {Code::refused, certificate_text(failure)};
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::refused, "the file with the trusted certificates (`ca_file`) cannot be used"};
    case CURLE_SSL_CERTPROBLEM:
      return {Code::refused, "the client certificate or its key cannot be used"};
    case CURLE_SSL_CONNECT_ERROR:
      return {Code::io, "no agreement with the server on TLS 1.2 or later"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return {Code::io, "the connection was closed before the whole answer was there"};
    case CURLE_GOT_NOTHING:
      return {Code::io, "the server closed the connection without an answer"};
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP 0.9; the URL's has been checked
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_BAD_CONTENT_ENCODING:
      return {Code::io, "the server's answer is not HTTP"};
    case CURLE_OUT_OF_MEMORY:  // what libcurl says about a header line of more than 100 KB, too
      return {Code::io, "the answer's header is too large, or memory is short"};
    default:
      return {Code::io, fmt::format("the request failed (libcurl error {})", failure.code)};
  }
}

}  // namespace tocsin::net
