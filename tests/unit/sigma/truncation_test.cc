// A rule file that was cut must not pass as another rule: every shipped rule, cut at every byte, is
// refused or means the same. The pack sees to it by ending each file with its log source in braces,
// and by putting correlations before the rules that they need.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "differential/generate/random.h"
#include "sigma/linker.h"
#include "source_dir.h"
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
  for (const Correlation& c : rules.correlations) {
    out += fmt::format("{} {} {} {} {} {} {} {} {} {} {}", c.meta.id, c.meta.title, c.meta.level,
                       to_string(c.type), to_string(c.window), c.timespan_seconds, c.generate,
                       c.learning_seconds, c.forget_seconds, c.min_known,
                       fmt::join(c.ignore_versions, ","));
    for (const RuleReference& rule : c.rules) out += rule.text + " ";
    for (const auto& bound : c.bounds) {
      out += fmt::format("{}:{} ", static_cast<int>(bound.op), bound.value);
    }
    for (const auto& network : c.networks) {
      out += fmt::format("{}/{}/{} ", network.field, network.ipv4, network.ipv6);
    }
    for (const auto& alias : c.aliases) {
      for (const auto& [rule, field] : alias.fields) out += alias.name + rule.text + field;
    }
    out += fmt::format("{} {}", fmt::join(c.group_by, ","), fmt::join(c.fields, ","));
    if (c.expression) out += meaning(*c.expression);
  }
  return out;
}

// Is it refused, by itself or because a part of it is not there?
bool is_refused(Parsed& parsed) {
  if (parsed.diagnostics.has_errors()) return true;
  link(
      parsed.set, [](const std::string&, std::uint32_t) { return std::string(); },
      parsed.diagnostics);
  return parsed.diagnostics.has_errors() ||
         (parsed.set.rules.empty() && parsed.set.correlations.empty());
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
    Parsed whole = parse(text);
    INFO(path);
    REQUIRE_FALSE(is_refused(whole));
    const std::string wanted = meaning(whole.set);
    const std::size_t stride = differential::stride(50);
    for (std::size_t cut = files % stride; cut < text.size(); cut += stride) {
      Parsed part = parse(std::string_view(text).substr(0, cut));
      if (is_refused(part)) {
        ++refused;
      } else if (meaning(part.set) == wanted) {
        ++same;
      } else {
        FAIL(path << " cut at byte " << cut << " is another rule");
      }
    }
  }
  REQUIRE(files > 0);
  WARN(files << " rules cut: " << refused << " refused, " << same << " the same");
}

}  // namespace tocsin::sigma
