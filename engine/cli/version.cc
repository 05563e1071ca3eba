#include "cli/version.h"

namespace tocsin::cli {

const char* const kVersion = TOCSIN_VERSION;
const char* const kRevision = TOCSIN_REVISION;
const char* const kCompiler = TOCSIN_COMPILER;

}  // namespace tocsin::cli
