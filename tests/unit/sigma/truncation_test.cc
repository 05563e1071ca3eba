// A rule file that was cut must not pass as another rule: every shipped rule, cut at every byte, is
// refused or means the same. The pack sees to it by ending each file with its log source in braces.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "unit/sigma/support.h"

namespace tocsin::sigma {
namespace {

// What decides whether, on what and how loudly a rule fires.
std::string meaning(const RuleSet& rules) {
  std::string out;
  for (const Rule& rule : rules.rules) {
    out += fmt::format("{} {} {} {}/{}/{}", rule.meta.id, rule.meta.title, rule.meta.level,
                       rule.logsource.product, rule.logsource.service, rule.logsource.category);
    out += meaning(rule);
  }
  return out;
}

}  // namespace

TEST_CASE("a shipped rule that was cut is refused or the same") {
  namespace fs = std::filesystem;
  std::size_t files = 0, refused = 0, same = 0;
  for (const auto& entry : fs::recursive_directory_iterator(TOCSIN_SOURCE_DIR "/rules")) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".yml") || path.ends_with(".test.yml")) continue;
    ++files;
    std::ifstream stream(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    const Parsed whole = parse(text);
    REQUIRE_FALSE(whole.diagnostics.has_errors());
    const std::string wanted = meaning(whole.set);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      const Parsed part = parse(std::string_view(text).substr(0, cut));
      if (part.diagnostics.has_errors() || part.set.rules.empty()) {
        ++refused;
      } else if (meaning(part.set) == wanted) {
        ++same;
      } else {
        FAIL(path << " cut at byte " << cut << " is another rule");
      }
    }
  }
  REQUIRE(files > 0);
  WARN(files << " rules cut at every byte: " << refused << " refused, " << same << " the same");
}

}  // namespace tocsin::sigma
