// Ruleset: rules and lists as they lie in files → a Program, and what was wrong with them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "correlate/correlations.h"
#include "program/program.h"
#include "sigma/loader.h"

namespace tocsin::pipeline {

struct RulePaths {
  std::vector<std::string> rules;  // files, or folders of them
  std::vector<std::string> lists;  // further list files and folders
};

// Errors of the first step of loading that has any: reading, linking, compiling rules, compiling
// correlations. Errors of later steps may be consequences of these.
struct Faults {
  std::vector<Diagnostic> errors;
  // One of the errors may be the consequence of another one, but the first one is not.
  bool may_follow = false;
};

// A file that is not in force as it lies on disk (rule_files.h).
struct FailedFile {
  Diagnostic problem;         // the first of those that it has; names the file
  bool last_version = false;  // its last good version is in force; otherwise nothing of it
};

struct Ruleset {
  std::shared_ptr<const sigma::RuleSet> rules;
  sigma::LoadStats stats;
  sigma::Lists lists;  // from the rules' own folders, then RulePaths::lists
  program::Program program;
  // Never null.
  std::shared_ptr<const correlate::Correlations> correlations =
      std::make_shared<const correlate::Correlations>();
  Diagnostics diagnostics;  // of loading and of compiling
  Faults faults;
  std::vector<FailedFile> failed;  // by file; filled by RuleFiles only
};

// Loads and compiles. Problems are in `diagnostics`; what is good is in `program`. Never throws.
Ruleset load_ruleset(const RulePaths& paths, const sigma::Files& files = sigma::files_on_disk());

// Whether some correlation is decided by how far time has come, not by its hits alone.
bool waits_for_time(const Ruleset& ruleset);

// Of everything that decides what the rules match and the correlations find; 32 hexadecimal digits.
std::string hash_of(const Ruleset& ruleset);

}  // namespace tocsin::pipeline
