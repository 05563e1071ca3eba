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

struct Ruleset {
  std::shared_ptr<const sigma::RuleSet> rules;
  sigma::LoadStats stats;
  sigma::Lists lists;  // from the rules' own folders, then RulePaths::lists
  program::Program program;
  // Never null.
  std::shared_ptr<const correlate::Correlations> correlations =
      std::make_shared<const correlate::Correlations>();
  Diagnostics diagnostics;  // of loading and of compiling
};

// Loads and compiles. Problems are in `diagnostics`; what is good is in `program`. Never throws.
Ruleset load_ruleset(const RulePaths& paths);

// Whether some correlation is decided by how far time has come, not by its hits alone.
bool waits_for_time(const Ruleset& ruleset);

// Of everything that decides what the rules match and the correlations find; 32 hexadecimal digits.
std::string hash_of(const Ruleset& ruleset);

}  // namespace tocsin::pipeline
