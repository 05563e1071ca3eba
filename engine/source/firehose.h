// Amazon Data Firehose's HTTP endpoint protocol 1.0: a JSON object with base64 records.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "net/http_server.h"

namespace tocsin::source {

// Of one delivery; Firehose's own bound.
inline constexpr std::size_t kFirehoseRecords = 10'000;

// Whether this version of the protocol is spoken here.
Status check_firehose_head(const net::HttpHead& head);

// Whether `body` is one delivery with this request id, all of it: a JSON object whose records
// are base64. What the records hold is not looked at: that is the reader's work. One pass, no copy.
Status check_firehose_body(std::string_view body, std::string_view request_id);

}  // namespace tocsin::source
