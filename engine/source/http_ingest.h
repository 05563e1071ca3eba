// HttpIngest: POST /v1/events. One address for all senders, told apart by their headers and shape:
// native NDJSON or JSON, CloudEvents, Amazon Data Firehose, EventBridge API destinations and SNS.
// Each gets the answer that it understands (wire formats: engine/source/README.md), and gets it
// after the pipeline's receipt.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "source/source.h"

namespace tocsin::source {

struct IngestOptions {
  std::string name = "http";                       // of the source
  std::size_t body_bytes = std::size_t{10} << 20;  // native, CloudEvents, EventBridge, SNS
  std::size_t firehose_body_bytes = std::size_t{64} << 20;
  struct Sns {
    std::vector<std::string> topics;  // ARNs whose messages and confirmations are accepted
    int least_signature_version = 1;
    std::string ca_file;           // trusted roots for the signing certificate; "": the system's
    std::string certificate_host;  // further host that certificates may come from; "": AWS only
    net::EgressPolicy egress;
  } sns;
};

class HttpIngest {
 public:
  HttpIngest(IngestOptions options, Intake& intake, const Clock& clock);
  ~HttpIngest();

  // Firehose names its access key in a header of its own; "" for other senders.
  static std::string token_of(const net::HttpHead& head);
  // SNS requests prove themselves by their signature and need no token.
  static bool is_sns(const net::HttpHead& head);

  // The limits for a request with this head, or why it is refused (method, encoding, protocol).
  net::Admission admit(const net::HttpHead& head) const;
  // The answer to a sender without permission, in the form that it expects.
  net::ServerReply unauthorized(const net::HttpHead& head) const;
  void handle(net::ServerRequest request, net::Responder responder);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::source
