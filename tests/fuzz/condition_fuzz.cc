// Conditions: any text gives a tree whose names all exist, or an error inside the text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "sigma/condition.h"

namespace {

using namespace tocsin;
using namespace tocsin::sigma;

const ConditionNames kNames{{"a", "b", "selection", "filter_1", "filter_2", "_hidden"}, true};

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Condition& condition, std::size_t depth) {
  require(depth <= 4 * limits::kConditionDepth);
  const bool leaf = condition.args.empty();
  switch (condition.kind) {
    case Condition::Kind::identifier: {
      bool known = false;
      for (const std::string_view name : kNames.names) known = known || name == condition.name;
      require(known && leaf);
      break;
    }
    case Condition::Kind::one_of:
    case Condition::Kind::all_of: {
      bool matches = false;
      for (const std::string_view name : kNames.names) {
        matches = matches || selects(condition.name, name);
      }
      require(matches && leaf);
      break;
    }
    case Condition::Kind::conjunction:
    case Condition::Kind::disjunction:
      require(condition.args.size() >= 2);
      break;
    case Condition::Kind::negation:
      require(condition.args.size() == 1);
      break;
  }
  for (const Condition& arg : condition.args) check(arg, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const YamlScalar scalar{std::string(reinterpret_cast<const char*>(data), size),
                          {1, 1, static_cast<std::uint32_t>(size)},
                          YamlScalar::Style::plain};
  const std::string file = "fuzz.yml";
  Diagnostics diagnostics;
  Reporter report(scalar.text, file, diagnostics);
  const auto condition = parse_condition(scalar, kNames, report);
  require(condition.has_value() != diagnostics.has_errors());
  if (condition) check(*condition, 0);
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    require(diagnostic.at.line == 1 && diagnostic.at.column >= 1);
    require(diagnostic.at.column <= size + 1);
  }
  return 0;
}
