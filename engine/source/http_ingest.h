// HttpIngest: POST /v1/events. One address for all senders, told apart by their headers and shape:
// native NDJSON or JSON, CloudEvents, Amazon Data Firehose, EventBridge API destinations and SNS.
// Each gets the answer that it understands (wire formats: engine/source/README.md), and gets it
// after the pipeline's receipt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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
  // Counts an answer: "native", "cloudevents", "eventbridge", "firehose" or "sns", and the status.
  // An SNS message with a bad signature is ("sns", 403). Called from any thread; may be empty.
  std::function<void(std::string_view sender, int status)> on_answer;
};

// Thread-safe. `intake` and `clock` must outlive it. The permission to send is the caller's matter:
// it compares token_of(head), and asks for no token when is_sns(head).
class HttpIngest {
 public:
  HttpIngest(IngestOptions options, Intake& intake, const Clock& clock);
  ~HttpIngest();

  // Firehose names its access key in a header of its own, and EventBridge's connections can do so
  // ("X-Api-Key"); "" when there is no such header: the token is then in "Authorization".
  static std::string token_of(const net::HttpHead& head);
  // SNS requests prove themselves by their signature and need no token. Raw deliveries have none:
  // they are not meant here, and need a token as everybody does.
  static bool is_sns(const net::HttpHead& head);

  // The limits for a request with this head, or why it is refused (method, encoding, protocol).
  net::Admission admit(const net::HttpHead& head) const;
  // The answer to a sender without permission, in the form that it expects.
  net::ServerReply unauthorized(const net::HttpHead& head) const;
  // Precondition: admit() had no refusal. Returns at once; what may take long (asking for a
  // certificate, inflating a Firehose delivery) is done by threads of its own.
  void handle(net::ServerRequest request, net::Responder responder);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::source
