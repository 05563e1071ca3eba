// RuleFiles: which version of each rule and list file is in force. A file with an error keeps its
// last good version, or is left out when there is none; all other files are taken as they are.
//
// Last good versions are kept in the store, and nowhere else: what load() returns depends on the
// files, the paths and the store alone, so a restart loads what a reload does.
// Used by one thread at a time.
#pragma once

#include <memory>

#include "base/result.h"
#include "pipeline/ruleset.h"
#include "store/store.h"

namespace tocsin::pipeline {

class RuleFiles {
 public:
  // The store must outlive it.
  explicit RuleFiles(store::Store& store);
  ~RuleFiles();
  RuleFiles(const RuleFiles&) = delete;
  RuleFiles& operator=(const RuleFiles&) = delete;

  // `strict`: the files as they are, with their errors. Otherwise the result has no error but those
  // that no file can be blamed for, and names in `failed` the files that are not in force.
  // Fails only when the store cannot be read.
  Result<Ruleset> load(const RulePaths& paths, bool strict);
  // The result of the last load() is in force: its files become the last good versions, and
  // versions of files that are not there any more are deleted.
  Status keep();

 private:
  class Versions;

  store::Store& store_;
  std::unique_ptr<Versions> versions_;  // of the last load(), until keep()
};

// "file:line:column: code message" of a problem.
std::string place_and_problem(const Diagnostic& diagnostic);

}  // namespace tocsin::pipeline
