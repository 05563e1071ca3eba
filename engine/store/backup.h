// Backup: a store is checked, copied into one file, and put back from it. Each is one call of the
// command line. Checking and copying run beside a service; they hold a snapshot meanwhile, so that
// the service's write-ahead log grows until they are done.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace tocsin::store {

// What a database holds.
struct Summary {
  std::int64_t format = 0;
  std::uint64_t commit = 0;  // the last one; 0: older formats do not number them
  std::uint64_t alerts = 0, waiting = 0, dead = 0;
  std::uint64_t bytes = 0;
};

struct Checked {
  Summary summary;
  std::vector<std::string> problems;  // none: it is as it must be
};

// Reads everything in the store of `folder`: SQLite's integrity check, the invariants of FORMAT.md,
// and whether it has lost something. An error: it cannot be read at all.
Result<Checked> check_store(const std::string& folder);

// Copies the store of `folder` into `file`, which must not exist, mode 0600. The copy is checked
// and on disk before it has that name. A store with problems is refused.
Result<Summary> back_up(const std::string& folder, const std::string& file);

struct Restored {
  Summary summary;
  std::string replaced;  // the folder with the files that were there before; "": there were none
};

// Makes the store of `folder` what `file` says; an older format is brought up to date. The folder
// is made when it is missing. Code::refused while a service uses it. Killed at any point, it leaves
// either the old store, one that `tocsin run` refuses until this is repeated, or the new one.
Result<Restored> restore(const std::string& file, const std::string& folder);

}  // namespace tocsin::store
