// Loading: files and folders → RuleSet + Diagnostics. Never stops at the first error; a document
// with an error is left out, everything else is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "sigma/ast.h"
#include "sigma/file.h"
#include "sigma/lists.h"

namespace tocsin::sigma {

struct LoadStats {
  std::size_t files = 0;
  std::size_t documents = 0;  // rules, filters and correlations, accepted or not
  std::size_t rejected = 0;   // documents with at least one error
};

struct Loaded {
  RuleSet rules;
  Lists lists;  // from `lists/` folders found inside rule folders
  Diagnostics diagnostics;
  std::size_t linked_from = 0;  // diagnostics from here on are of references between documents
  LoadStats stats;
};

// Reads rules from each path: a file, or a folder (recursively, *.yml and *.yaml, in name order;
// `*.test.yml` are tests and skipped; folders named `lists` feed Lists). Symbolic links to files
// are followed, folder cycles are not. A path that does not exist is a diagnostic.
// The files are read on `threads` threads (0: as many as there are processors); the result does not
// depend on how many.
Loaded load_paths(const std::vector<std::string>& paths, std::size_t threads = 0,
                  const Files& files = files_on_disk());

// Parses one file's text. `file` is used in positions only. May be called concurrently.
void load_text(std::string_view text, const std::string& file, RuleSet& rules,
               Diagnostics& diagnostics, LoadStats* stats = nullptr);

}  // namespace tocsin::sigma
