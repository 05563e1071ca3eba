#include <filesystem>
#include <system_error>

#include "pipeline/config.h"

namespace tocsin::pipeline {

std::string shipped_rules(const config::Files& files) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path folder = program.parent_path();
  // Installed (PREFIX/bin), then a checkout (build/KIND/tocsin, build/KIND/tests/test_pipeline).
  for (const char* candidate : {"../share/tocsin/rules", "../../rules", "../../../rules"}) {
    // A folder of rules/ is a sign that it is ours.
    const fs::path rules = (folder / candidate).lexically_normal();
    if (files.readable((rules / "aws").string())) return rules.string();
  }
  return {};
}

}  // namespace tocsin::pipeline
