// Reading whole files.
#pragma once

#include <string>

#include "base/result.h"

namespace tocsin::sigma {

// The bytes of a regular file of at most `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace tocsin::sigma
