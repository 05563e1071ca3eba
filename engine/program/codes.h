// Diagnostic codes of compilation. Stable: never renumbered, never reused.
#pragma once

namespace tocsin::program::codes {

inline constexpr char kRegexInvalid[] = "P701";   // not a regular expression that RE2 can run
inline constexpr char kRegexTooLarge[] = "P702";  // compiles beyond limits::kRegexProgramSize
inline constexpr char kUnknownList[] = "P703";    // %name% without a list of that name
inline constexpr char kExpansion[] = "P704";      // a value cannot be encoded or expanded
inline constexpr char kListValue[] = "P705";      // a list holds a value that the modifier rejects
inline constexpr char kFilterUnused[] = "P706";   // a filter names no loaded rule

}  // namespace tocsin::program::codes
