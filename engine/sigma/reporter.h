// Reporter: the diagnostics of one file. It knows the file's name and text, so that callers give
// only a place and a sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "sigma/codes.h"

namespace tocsin::sigma {

class Reporter {
 public:
  // `text` and `file` must outlive the reporter. A byte order mark is not part of the text.
  Reporter(std::string_view text, const std::string& file, Diagnostics& out);

  void error(DiagnosticCode code, Span at, std::string message, std::string suggestion = {});
  void warning(DiagnosticCode code, Span at, std::string message, std::string suggestion = {});

  // Errors so far; limits::kDiagnosticsPerFile bounds what is kept, not what is counted.
  std::size_t errors() const { return errors_; }
  std::string_view text() const { return text_; }
  const std::string& file() const { return file_; }

  // The place of the byte at `offset`, with the given length.
  Span span(std::size_t offset, std::size_t length) const;

 private:
  void add(Severity severity, DiagnosticCode code, Span at, std::string message,
           std::string suggestion);

  std::string_view text_;
  const std::string& file_;
  Diagnostics& out_;
  std::size_t errors_ = 0;
  std::size_t kept_ = 0;
};

// Line `line` (from 1) of `text` without its line break, "" when there is none.
std::string_view line_of(std::string_view text, std::uint32_t line);

}  // namespace tocsin::sigma
