// The head of an answer. Framing (Content-Length, Connection) belongs to the server: what a service
// says about it is left out, and so is a header that would break out of its line.
#pragma once

#include <string>
#include <string_view>

#include "net/http_server.h"

namespace tocsin::net {

// How the connection goes on, as the answer has to say it.
enum class Goes : std::uint8_t { on, on_1_0, closed };

// No content with 1xx, 204 and 304.
constexpr bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

// Replaces `out`. No Content-Length where there cannot be content.
void write_reply_head(const ServerReply& reply, Goes goes, std::string& out);

// {"error":"…"}. `reason` is a literal of ours; it is escaped all the same.
ServerReply error_reply(int status, std::string_view reason);
// 503, to be tried again in a second.
ServerReply busy_reply(std::string_view reason);

}  // namespace tocsin::net
