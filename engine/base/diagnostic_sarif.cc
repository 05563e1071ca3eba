// SARIF 2.1.0 (OASIS): the format in which code hosts and editors take findings.
#include <set>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

// A relative or absolute path as a URI reference (RFC 3986).
std::string to_uri(std::string_view path) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kHex[byte >> 4];
    uri += kHex[byte & 0xF];
  }
  return uri;
}

// The column, from 1 and in code points, of the byte at `offset` of the line.
std::uint64_t to_column(std::string_view line, std::uint64_t offset) {
  std::uint64_t column = 1;
  std::size_t pos = 0;
  for (; pos < line.size() && pos < offset; ++column) text::next_code_point(line, pos);
  // Past the line as far as we know it: one byte, one column.
  return offset > pos ? column + (offset - pos) : column;
}

void write_region(std::string_view name, const Diagnostic& diagnostic, JsonWriter& json) {
  const std::uint64_t start = diagnostic.at.column - 1;
  json.key(name).begin_object();
  json.key("startLine").number(std::uint64_t{diagnostic.at.line});
  json.key("startColumn").number(to_column(diagnostic.snippet, start));
  json.key("endColumn").number(to_column(diagnostic.snippet, start + diagnostic.at.length));
  json.end_object();
}

bool has_region(const Diagnostic& diagnostic) {
  return diagnostic.at.line > 0 && diagnostic.at.column > 0;
}

void write_location(const Diagnostic& diagnostic, JsonWriter& json) {
  json.key("locations").begin_array().begin_object();
  json.key("physicalLocation").begin_object();
  json.key("artifactLocation").begin_object().member("uri", to_uri(diagnostic.file)).end_object();
  if (has_region(diagnostic)) write_region("region", diagnostic, json);
  json.end_object();
  json.end_object().end_array();
}

void write_fix(const Diagnostic& diagnostic, JsonWriter& json) {
  json.key("fixes").begin_array().begin_object();
  json.key("description").begin_object();
  json.member("text", "replace with `" + diagnostic.suggestion + "`").end_object();
  json.key("artifactChanges").begin_array().begin_object();
  json.key("artifactLocation").begin_object().member("uri", to_uri(diagnostic.file)).end_object();
  json.key("replacements").begin_array().begin_object();
  write_region("deletedRegion", diagnostic, json);
  json.key("insertedContent").begin_object().member("text", diagnostic.suggestion).end_object();
  json.end_object().end_array();
  json.end_object().end_array();
  json.end_object().end_array();
}

void write_result(const Diagnostic& diagnostic, JsonWriter& json) {
  json.begin_object();
  json.member("ruleId", diagnostic.code);
  json.member("level", to_string(diagnostic.severity));  // SARIF has the same three names
  json.key("message").begin_object().member("text", diagnostic.message).end_object();
  write_location(diagnostic, json);
  if (!diagnostic.suggestion.empty() && has_region(diagnostic)) write_fix(diagnostic, json);
  json.end_object();
}

}  // namespace

std::string render_sarif(const Diagnostics& diagnostics, std::string_view version) {
  std::set<std::string_view> codes;
  for (const Diagnostic& diagnostic : diagnostics.all()) codes.insert(diagnostic.code);

  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("$schema", kSchema);
  json.member("version", "2.1.0");
  json.key("runs").begin_array().begin_object();
  json.key("tool").begin_object().key("driver").begin_object();
  json.member("name", "tocsin").member("version", version);
  json.key("rules").begin_array();
  for (const std::string_view code : codes) json.begin_object().member("id", code).end_object();
  json.end_array();
  json.end_object().end_object();
  json.member("columnKind", "unicodeCodePoints");
  json.key("results").begin_array();
  for (const Diagnostic& diagnostic : diagnostics.all()) write_result(diagnostic, json);
  json.end_array();
  json.end_object().end_array();
  json.end_object();
  return out;
}

}  // namespace tocsin
