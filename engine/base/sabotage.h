// Sabotage: promises broken on purpose, so that the tests that prove them can be seen to fail. Only
// a build with TOCSIN_SABOTAGE (tests' tocsin_sabotaged) can; in any other build on() is false and
// costs nothing. The same build has a clock that a test can move (base/clock.cc).
#pragma once

#include <string_view>

#ifdef TOCSIN_SABOTAGE
#include <cstdlib>
#endif

namespace tocsin::sabotage {

#ifdef TOCSIN_SABOTAGE
// Whether the environment variable TOCSIN_SABOTAGE names this one:
// ack_before_commit, no_fsync, new_key_each_retry, drop_when_full, forget_state, wedge_heard_hits,
// flood_firings, hide_after_null.
inline bool on(std::string_view name) {
  static const char* const named = std::getenv("TOCSIN_SABOTAGE");
  return named != nullptr && name == named;
}
#else
constexpr bool on(std::string_view) {
  return false;
}
#endif

}  // namespace tocsin::sabotage
