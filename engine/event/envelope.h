// Envelopes: JSON objects and encodings that AWS transports put around records.
//
// Looked through, nested up to limits::kEnvelopeDepth: SNS notifications, CloudWatch Logs
// subscription events (also as "awslogs.data"), Firehose request records, EventBridge events and
// CloudEvents. Their payloads may be base64 and gzip and may hold any stream that framer.h reads;
// what one JSON text may come to is limited in size and number (limits::kEnvelopeItems).
// Keys and texts count as they read, however they are escaped. A member that occurs twice counts
// twice: each payload is read. A payload of another type than its envelope's is reported.
// Things that carry no events are counted (subscription confirmations, control and test messages)
// or reported (pointers to S3 objects, digest files).
#pragma once

#include <string_view>

#include "event/batch.h"
#include "event/framer.h"

namespace tocsin::event {

// Adds to `batch` the records that `text` holds, or why it holds none. `text` is that of `frame`
// and points into batch.bytes. `origin` is the frame's; its `record` is the number of records and
// errors so far in this input and is advanced.
void unwrap(std::string_view text, const Framer::Frame& frame, Origin& origin, Batch& batch);

// Adds an error about one record.
void add_error(Error error, Origin& origin, Batch& batch);

}  // namespace tocsin::event
