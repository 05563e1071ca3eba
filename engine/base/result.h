// Errors as values. A function that can fail for a reason outside the program returns Result<T>;
// exceptions of third-party libraries are caught in the one file that calls the library.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace tocsin {

// The kind of failure. Callers branch on the code, people read the message.
enum class Code {
  invalid_input,  // the bytes are not what they claim to be
  limit,          // within its format, but larger or deeper than base/limits.h allows
  not_found,      // a file, a rule, a list
  io,             // the operating system or the network said no
  refused,        // not allowed: a policy, a certificate, a missing permission
  busy,           // not now: a queue or a disk is full; trying again later may work
  unsupported,    // valid, but not something this build can do
};

struct [[nodiscard]] Error {
  Code code = Code::invalid_input;
  std::string message;  // one sentence: what is wrong and, where it helps, what to do
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace tocsin
