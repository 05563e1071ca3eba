#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.h"
#include "sigma/correlation_section.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

using Type = Correlation::Type;
using Operator = Correlation::Operator;

// In the order of the enumeration.
constexpr std::string_view kOperators[] = {"lt", "lte", "gt", "gte", "eq", "neq"};

class BoundsParser {
 public:
  BoundsParser(CorrelationSection& in, const YamlEntry& condition)
      : out_(in.out), report_(in.report), condition_(condition) {}

  void run() {
    const std::size_t errors = report_.errors();
    for (const YamlEntry& entry : condition_.value.entries) parse(entry);
    if (out_.bounds.empty()) {
      report_.error("S404", condition_.key.at,
                    "the condition has none of lt, lte, gt, gte, eq, neq");
    }
    check_field();
    if (out_.type == Type::value_percentile && !out_.percentile) {
      report_.warning("W624", condition_.key.at,
                      "without `percentile` the 50th is taken; say which one is meant");
    }
    if (report_.errors() == errors) check_bounds(out_, report_);
  }

 private:
  void parse(const YamlEntry& entry) {
    const auto op =
        std::find(std::begin(kOperators), std::end(kOperators), entry.key.text) - kOperators;
    if (op < std::ssize(kOperators)) {
      parse_bound(entry, static_cast<Operator>(op));
    } else if (entry.key.text == "field") {
      out_.fields = read_fields(entry, report_);
      if (!takes_field()) report_foreign(entry, "it counts hits, not values");
    } else if (entry.key.text == "percentile") {
      out_.percentile = to_number(entry.value);
      if (!out_.percentile || *out_.percentile < 0 || *out_.percentile > 100) {
        report_.error("S404", entry.value.at(), "`percentile` is a number from 0 to 100");
      }
      if (out_.type != Type::value_percentile) report_foreign(entry, "use `value_percentile`");
    } else {
      std::vector<std::string_view> known(std::begin(kOperators), std::end(kOperators));
      known.insert(known.end(), {"field", "percentile"});
      report_.error("S409", entry.key.at,
                    fmt::format("`{}` is not part of a correlation's condition",
                                text::printable(entry.key.text)),
                    std::string(text::nearest(entry.key.text, known)));
    }
  }

  void parse_bound(const YamlEntry& entry, Operator op) {
    if (const auto number = to_number(entry.value)) {
      out_.bounds.push_back({op, *number, entry.value.at()});
    } else {
      report_.error("S404", entry.value.at(), fmt::format("`{}` takes a number", entry.key.text));
    }
  }

  bool takes_field() const { return out_.type != Type::event_count && !is_temporal(out_.type); }

  void check_field() {
    if (!takes_field()) return;
    if (out_.fields.empty()) {
      report_.error("S405", condition_.key.at,
                    fmt::format("`{}` needs a `field` in its condition", to_string(out_.type)));
    } else if (out_.fields.size() > 1 && out_.type != Type::value_count) {
      report_.error(
          "S405", condition_.value.find("field")->value.at(),
          fmt::format("`{}` takes one field, whose numbers it looks at", to_string(out_.type)));
    }
  }

  void report_foreign(const YamlEntry& entry, std::string_view hint) {
    report_.error("S411", entry.key.at,
                  fmt::format("`{}` has no `{}` in its condition: {}", to_string(out_.type),
                              entry.key.text, hint));
  }

  Correlation& out_;
  Reporter& report_;
  const YamlEntry& condition_;
};

}  // namespace

std::optional<double> to_number(const YamlNode& node) {
  if (!node.is_scalar()) return std::nullopt;
  const std::string text = canonical_text(node.scalar, type_of(node.scalar));
  double number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || !(number - number == 0)) return std::nullopt;
  return number;
}

void parse_correlation_condition(CorrelationSection& in) {
  const YamlEntry* entry = in.find("condition");
  if (entry == nullptr || entry->value.is_null()) {
    if (!is_temporal(in.out.type)) {
      in.report.error("S102", in.section.key.at, "the correlation has no `condition`");
      return;
    }
    // Without a condition, every rule must have matched.
    in.out.bounds.push_back(
        {Operator::gte, static_cast<double>(in.out.rules.size()), in.section.key.at});
  } else if (entry->value.is_map()) {
    BoundsParser(in, *entry).run();
  } else if (entry->value.is_text() && is_temporal(in.out.type)) {
    parse_correlation_expression(in, entry->value.scalar);
  } else {
    in.report.error("S404", entry->value.at(),
                    is_temporal(in.out.type) ? "`condition` is a map or a boolean expression"
                                             : "`condition` must be a map, for example `gte: 10`");
  }
}

}  // namespace tocsin::sigma
