// Every bound on input, in one place. Each has a reason; going over one is reported, never silent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin::limits {

// --- events -------------------------------------------------------------------------------------
// One JSON text (a record, or an envelope that is read whole). CloudTrail's own cap is 256 KiB,
// EventBridge's 1 MiB; escaping inside SNS or CloudWatch Logs envelopes can multiply that.
inline constexpr std::size_t kRecordBytes = std::size_t{16} << 20;
// Nesting of one record. Real CloudTrail stays at or below 11.
inline constexpr std::size_t kRecordDepth = 64;
// Values of one record that are kept for matching. A record of CloudTrail's own size has no room
// for half as many; beyond it, nobody can make a short list of digits fill the memory.
inline constexpr std::size_t kEventValues = 500'000;
// Envelopes within envelopes (gzip in SNS in SQS …). Real deliveries have at most 3.
inline constexpr std::size_t kEnvelopeDepth = 6;
// Bytes that one base64+gzip payload inside an envelope may inflate to.
inline constexpr std::size_t kInflatedPayloadBytes = std::size_t{64} << 20;
// Records, errors and payloads that one JSON text may hold in its envelopes. A log file that
// inflates to the size above has fewer, if its records are as long as CloudTrail's; beyond it,
// nobody can make a few thousand bytes fill the memory.
inline constexpr std::size_t kEnvelopeItems = 200'000;
// A batch is handed to a worker when it holds this many records or bytes.
inline constexpr std::size_t kBatchRecords = 1000;
inline constexpr std::size_t kBatchBytes = std::size_t{256} << 10;  // stays in a core's cache

// --- rules --------------------------------------------------------------------------------------
inline constexpr std::size_t kRuleFileBytes = std::size_t{512}
                                              << 10;  // largest SigmaHQ file: 289 KiB
inline constexpr std::size_t kYamlDepth = 32;
inline constexpr std::size_t kYamlNodes = 10'000;   // per file
inline constexpr std::size_t kYamlDocuments = 64;   // per file
inline constexpr std::size_t kConditionDepth = 64;  // parentheses and nots
inline constexpr std::size_t kModifiersPerItem = 16;
inline constexpr std::size_t kExpandedValues = 4096;  // what one value may become (windash, …)
inline constexpr std::size_t kDiagnosticsPerFile = 100;
// Alternatives of a correlation's boolean condition; `(a or b) and (c or d) and …` doubles with
// each.
inline constexpr std::size_t kConditionAlternatives = 64;
// What a correlation may count to: so many hits of a group are kept at most.
inline constexpr double kCorrelationCount = 100'000;
// Events of the timelines of one test file: `times: 1000000` must not fill the memory.
inline constexpr std::size_t kTimelineEvents = 20'000;
inline constexpr std::size_t kListBytes = std::size_t{16} << 20;  // one list file
inline constexpr std::size_t kListValueBytes = 4096;              // one line of it
// Last good versions of rule and list files, which the store keeps. SigmaHQ's rules for AWS are 5
// MiB; a few large lists fit beside them.
inline constexpr std::size_t kKeptRuleBytes = std::size_t{32} << 20;

// --- matching -----------------------------------------------------------------------------------
// Work, in units of about a nanosecond on a machine of 2020 that does nothing else
// (program/work.h). An event whose rules are all within these takes less than 50 ms. Real events
// take a thousandth of it.
inline constexpr std::uint64_t kEventWork = 20'000'000;    // for all rules together
inline constexpr std::uint64_t kRuleWork = 10'000'000;     // for one rule
inline constexpr std::uint64_t kRegexesWork = 25'000'000;  // for all regexes of an event, besides
inline constexpr std::uint64_t kGateWork = 5'000'000;      // to find out which rules to try
inline constexpr std::uint64_t kEvidenceWork = 5'000'000;  // to show why they fired
// A regex sees the beginning of a value: so much, or less when RE2 could take longer than this.
inline constexpr std::size_t kRegexSubjectBytes = std::size_t{64} << 10;
inline constexpr std::uint64_t kRegexWork = 20'000'000;
// Instructions of a regex. One of so many sees 1 KiB of a value; SigmaHQ's `.{1000,}` has 8,005.
inline constexpr int kRegexProgramSize = 12'000;
// RE2's memory for one regex, code and states. It grows with the code, because a text that makes
// RE2 fill it takes the longer the more there is.
inline constexpr std::int64_t kRegexMemoryBytes = std::int64_t{8} << 20;  // at most
inline constexpr std::int64_t kRegexMemoryBase = std::int64_t{1} << 20;
inline constexpr std::int64_t kRegexMemoryPerInstruction = 1024;

}  // namespace tocsin::limits
