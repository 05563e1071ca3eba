#include "sigma/yaml_scalar.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::sigma {
namespace {

TEST_CASE("plain scalars resolve as YAML 1.1 loaders resolve them") {
  struct Case {
    const char* text;
    ScalarType type;
    const char* canonical;
  };
  const Case kCases[] = {
      {"", ScalarType::null, ""},
      {"~", ScalarType::null, ""},
      {"null", ScalarType::null, ""},
      {"Null", ScalarType::null, ""},
      {"nULL", ScalarType::text, "nULL"},
      {"true", ScalarType::boolean, "true"},
      {"FALSE", ScalarType::boolean, "false"},
      {"Yes", ScalarType::text, "Yes"},
      {"ON", ScalarType::text, "ON"},
      {"no", ScalarType::text, "no"},
      {"off", ScalarType::text, "off"},
      {"y", ScalarType::text, "y"},
      {"tRUE", ScalarType::text, "tRUE"},
      {"0", ScalarType::integer, "0"},
      {"-0", ScalarType::integer, "0"},
      {"+12", ScalarType::integer, "12"},
      {"1_000", ScalarType::integer, "1000"},
      {"012", ScalarType::integer, "10"},
      {"0x1F", ScalarType::integer, "31"},
      {"-0x1f", ScalarType::integer, "-31"},
      {"0b101", ScalarType::integer, "5"},
      {"0o17", ScalarType::text, "0o17"},
      {"089", ScalarType::text, "089"},
      {"012345678901", ScalarType::text, "012345678901"},
      {"123456789012345678901234567890", ScalarType::integer, "123456789012345678901234567890"},
      {"0xFFFFFFFFFFFFFFFF", ScalarType::integer, "18446744073709551615"},
      {"0x10000000000000000", ScalarType::text, "0x10000000000000000"},
      {"0x", ScalarType::text, "0x"},
      {"0_", ScalarType::text, "0_"},
      {"1.5", ScalarType::floating, "1.5"},
      {"1.0", ScalarType::floating, "1"},
      {"1.", ScalarType::floating, "1"},
      {".5", ScalarType::floating, "0.5"},
      {"-.5", ScalarType::text, "-.5"},
      {"1.5e+3", ScalarType::floating, "1500"},
      {"1.e+2", ScalarType::floating, "100"},
      {"1.5e3", ScalarType::text, "1.5e3"},
      {"1e3", ScalarType::text, "1e3"},
      {"1.2.3", ScalarType::text, "1.2.3"},
      {".", ScalarType::text, "."},
      {"-", ScalarType::text, "-"},
      {"+.", ScalarType::text, "+."},
      {".inf", ScalarType::text, ".inf"},
      {".nan", ScalarType::text, ".nan"},
      {"1:30", ScalarType::text, "1:30"},
      {"2024-01-01", ScalarType::text, "2024-01-01"},
      {"10.0.0.0/8", ScalarType::text, "10.0.0.0/8"},
      {"plain text", ScalarType::text, "plain text"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const YamlScalar scalar{c.text, {}, YamlScalar::Style::plain};
    CHECK(type_of(scalar) == c.type);
    CHECK(canonical_text(scalar, type_of(scalar)) == c.canonical);
    const YamlScalar quoted{c.text, {}, YamlScalar::Style::quoted};
    CHECK(type_of(quoted) == ScalarType::text);
    CHECK(canonical_text(quoted, type_of(quoted)) == c.text);
  }
}

}  // namespace
}  // namespace tocsin::sigma
