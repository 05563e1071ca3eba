// Diagnostics: what a person who wrote a file must know about it. Rules, lists, tests and
// configuration all report through this type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// A place in a text file. Lines and columns count from 1, columns and length in bytes;
// line 0 means "the file as a whole".
struct Span {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;
};

enum class Severity : std::uint8_t { note, warning, error };

std::string_view to_string(Severity severity);

struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;  // stable, for example "S204"; documented in sigma/codes.h
  std::string file;  // as given by the user
  Span at;
  std::string message;     // one sentence that says what to do
  std::string suggestion;  // replacement for the text at `at`, "" when there is none
  std::string snippet;     // the line `at.line` of the file, "" when there is none
};

// An ordered collection with counts. Not thread-safe.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  void append(Diagnostics&& other);

  const std::vector<Diagnostic>& all() const { return all_; }
  bool empty() const { return all_.empty(); }
  std::size_t count(Severity severity) const;
  bool has_errors() const { return count(Severity::error) != 0; }

 private:
  std::vector<Diagnostic> all_;
};

// "file:line:column: error S204: message", the line itself, and a caret below. Text from the file
// is made safe for a terminal. `color` adds ANSI colours.
std::string render_text(const Diagnostic& diagnostic, bool color);
// One JSON array of objects {file, line, column, length, severity, code, message, suggestion}.
std::string render_json(const Diagnostics& diagnostics);
// SARIF 2.1.0, one run of the tool "tocsin". `version` is the tool's version.
std::string render_sarif(const Diagnostics& diagnostics, std::string_view version);

}  // namespace tocsin
