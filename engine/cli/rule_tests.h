// Running the tests that lie beside rules.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "sigma/rule_test.h"

namespace tocsin::cli {

struct CaseResult {
  std::string name;
  bool passed = false;
  std::string failure;  // why not, one sentence
  double seconds = 0;
};

struct FileResult {
  std::string file;
  std::vector<CaseResult> cases;
  Diagnostics diagnostics;  // the test file, its rule or its lists cannot be used
};

// Every *.test.yml among `paths` (files or folders, recursively), in name order. A rule file given
// by itself stands for the tests beside it. What does not exist is reported in `diagnostics`.
std::vector<std::string> find_test_files(const std::vector<std::string>& paths,
                                         Diagnostics& diagnostics);

// The rule file that a test file belongs to: `name.test.yml` → `name.yml` or `name.yaml`.
std::string rule_file_of(const std::string& test_file);

// Runs the tests of one file. `lists` are list files or folders that override the pack's own.
FileResult run_test_file(const std::string& file, const std::vector<std::string>& lists);

}  // namespace tocsin::cli
