// What was built. The build passes it to version.cc alone, so that a commit compiles little anew.
#pragma once

namespace tocsin::cli {

extern const char* const kVersion;   // "0.1.0"
extern const char* const kRevision;  // of the source, "unknown" without git
extern const char* const kCompiler;  // "GNU 12.2.0"

}  // namespace tocsin::cli
