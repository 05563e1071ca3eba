#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "sigma/correlation_section.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

// More values than any group has that somebody could call news.
constexpr double kMostKnown = 1'000'000'000;
constexpr double kBitsIpv4 = 32, kBitsIpv6 = 128;

bool is_true(const YamlNode& node) {
  return node.is_scalar() && type_of(node.scalar) == ScalarType::boolean &&
         canonical_text(node.scalar, ScalarType::boolean) == "true";
}

class NewValueParser {
 public:
  explicit NewValueParser(CorrelationSection& in) : in_(in), out_(in.out), report_(in.report) {}

  void run() {
    parse_field();
    out_.learning_seconds = seconds("learning");
    out_.forget_seconds = seconds("forget");
    if (const YamlEntry* known = in_.find("min-known")) {
      out_.min_known = static_cast<std::uint64_t>(read_number(*known, 0, kMostKnown));
    }
    if (const YamlEntry* versions = in_.find("ignore-versions")) parse_versions(*versions);
    if (const YamlEntry* lengths = in_.find("prefix-length")) parse_lengths(*lengths);
    check_both();
  }

 private:
  // Of the section, or of its condition.
  void parse_field() {
    const YamlEntry* field = in_.find("field");
    const YamlEntry* condition = in_.find("condition");
    if (condition != nullptr && !condition->value.is_null()) {
      const YamlEntry* inner = parse_condition(*condition);
      if (inner != nullptr && field != nullptr) {
        report_.error("S411", inner->key.at, "`field` is given twice");
      }
      if (field == nullptr) field = inner;
    }
    if (field != nullptr) out_.fields = read_fields(*field, report_);
    if (!out_.fields.empty()) return;
    report_.error("S405", field != nullptr ? field->key.at : in_.section.key.at,
                  "`new_value` needs a `field`, or a list of them, whose values are remembered");
  }

  const YamlEntry* parse_condition(const YamlEntry& condition) {
    if (!condition.value.is_map()) {
      report_.error("S404", condition.value.at(),
                    "the condition of `new_value` is a map with `field`; or leave it out and give "
                    "`field` beside `type`");
      return nullptr;
    }
    for (const YamlEntry& entry : condition.value.entries) {
      if (entry.key.text == "field") continue;
      report_.error("S411", entry.key.at,
                    fmt::format("the condition of `new_value` has only `field`, no `{}`; "
                                "`min-known` says how many values must be known before",
                                text::printable(entry.key.text)));
    }
    return condition.value.find("field");
  }

  // A time span, or 0 and nothing at all for none.
  std::uint64_t seconds(std::string_view key) {
    const YamlEntry* entry = in_.find(key);
    if (entry == nullptr || entry->value.is_null()) return 0;
    if (entry->value.is_scalar() && is_zero(entry->value.scalar.text)) return 0;
    return read_timespan(*entry, report_).value_or(0);
  }

  static bool is_zero(std::string_view text) {
    const std::size_t digits = text.find_first_not_of('0');
    if (digits == 0 || text.empty()) return false;
    return digits == text.npos || (digits + 1 == text.size() &&
                                   std::string_view("smhdwMy").find(text[digits]) != text.npos);
  }

  double read_number(const YamlEntry& entry, double least, double most) {
    const auto number = to_number(entry.value);
    if (number && *number == std::floor(*number) && *number >= least && *number <= most) {
      return *number;
    }
    report_.error("S414", entry.value.at(),
                  fmt::format("`{}` must be a whole number from {:.0f} to {:.0f}",
                              text::printable(entry.key.text), least, most));
    return least;
  }

  // The field of `new_value` that is meant; an error when it is none of them.
  bool is_field(std::string_view name, const Span& at) {
    const std::vector<std::string_view> known(out_.fields.begin(), out_.fields.end());
    if (std::find(known.begin(), known.end(), name) != known.end()) return true;
    report_.error("S414", at,
                  fmt::format("`{}` is not among the fields that are compared: {}",
                              text::printable(name), fmt::join(known, ", ")),
                  std::string(text::nearest(name, known)));
    return false;
  }

  void parse_versions(const YamlEntry& entry) {
    if (entry.value.is_scalar() && type_of(entry.value.scalar) == ScalarType::boolean) {
      if (is_true(entry.value)) out_.ignore_versions = out_.fields;
      return;
    }
    if (entry.value.is_map()) {
      report_.error("S414", entry.key.at, "`ignore-versions` is true or a list of fields");
      return;
    }
    out_.ignore_versions = read_fields(entry, report_);
    std::size_t i = 0;
    for (const std::string& name : out_.ignore_versions) {
      const bool list = entry.value.is_sequence() && i < entry.value.items.size();
      is_field(name, list ? entry.value.items[i].at() : entry.value.at());
      ++i;
    }
  }

  void parse_lengths(const YamlEntry& entry) {
    if (entry.value.is_null()) return;
    if (!entry.value.is_map()) {
      report_.error("S414", entry.value.at(),
                    "`prefix-length` is a map from fields to lengths, for example "
                    "`sourceIPAddress: 24` or `sourceIPAddress: {ipv4: 16, ipv6: 48}`");
      return;
    }
    for (const YamlEntry& field : entry.value.entries) {
      if (!is_field(field.key.text, field.key.at)) continue;
      Correlation::Network network;
      network.field = field.key.text;
      if (parse_length(field, network)) out_.networks.push_back(std::move(network));
    }
  }

  // `true`, the length for IPv4, or a map of both. False: `false`, or an error.
  bool parse_length(const YamlEntry& field, Correlation::Network& network) {
    const YamlNode& value = field.value;
    if (value.is_scalar() && type_of(value.scalar) == ScalarType::boolean) return is_true(value);
    if (!value.is_map()) {
      network.ipv4 = static_cast<unsigned>(read_number(field, 1, kBitsIpv4));
      return true;
    }
    for (const YamlEntry& length : value.entries) {
      if (length.key.text == "ipv4") {
        network.ipv4 = static_cast<unsigned>(read_number(length, 1, kBitsIpv4));
      } else if (length.key.text == "ipv6") {
        network.ipv6 = static_cast<unsigned>(read_number(length, 1, kBitsIpv6));
      } else {
        report_.error("S409", length.key.at,
                      fmt::format("`{}` is not a kind of address; it is ipv4 or ipv6",
                                  text::printable(length.key.text)),
                      std::string(text::nearest(length.key.text, {"ipv4", "ipv6"})));
      }
    }
    return true;
  }

  void check_both() {
    for (const Correlation::Network& network : out_.networks) {
      const auto& versions = out_.ignore_versions;
      if (std::find(versions.begin(), versions.end(), network.field) == versions.end()) continue;
      report_.error("S414", in_.find("prefix-length")->key.at,
                    fmt::format("`{}` is compared by network or without version numbers, not both",
                                text::printable(network.field)));
    }
  }

  CorrelationSection& in_;
  Correlation& out_;
  Reporter& report_;
};

}  // namespace

void parse_new_value(CorrelationSection& in) {
  NewValueParser(in).run();
}

}  // namespace tocsin::sigma
