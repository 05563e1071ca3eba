// Diagnostic codes of correlations. Stable: never renumbered, never reused.
#pragma once

namespace tocsin::correlate::codes {

inline constexpr char kLeftOut[] = "K801";     // what it refers to is not there
inline constexpr char kCondition[] = "K802";   // its condition cannot be evaluated
inline constexpr char kTooLong[] = "K803";     // a time span that times cannot be computed with
inline constexpr char kFields[] = "K804";      // all correlations read too many fields
inline constexpr char kAliasBelow[] = "K805";  // a name that is an alias in an input only

}  // namespace tocsin::correlate::codes
