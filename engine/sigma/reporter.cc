#include "sigma/reporter.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace tocsin::sigma {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Reporter::Reporter(std::string_view text, const std::string& file, Diagnostics& out)
    : text_(text), file_(file), out_(out) {
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
}

void Reporter::error(DiagnosticCode code, Span at, std::string message, std::string suggestion) {
  ++errors_;
  add(Severity::error, code, at, std::move(message), std::move(suggestion));
}

void Reporter::warning(DiagnosticCode code, Span at, std::string message, std::string suggestion) {
  add(Severity::warning, code, at, std::move(message), std::move(suggestion));
}

void Reporter::add(Severity severity, DiagnosticCode code, Span at, std::string message,
                   std::string suggestion) {
  // A file's first error is always kept: it explains why the file's documents are missing.
  const bool first_error = severity == Severity::error && errors_ == 1;
  if (kept_ >= limits::kDiagnosticsPerFile && !first_error) return;
  if (++kept_ == limits::kDiagnosticsPerFile) message += " (further diagnostics are left out)";
  out_.add({severity, std::string(code.text()), file_, at, std::move(message),
            std::move(suggestion), std::string(line_of(text_, at.line))});
}

Span Reporter::span(std::size_t offset, std::size_t length) const {
  const std::string_view before = text_.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t last_break = before.rfind('\n');
  const std::size_t line_start = last_break == std::string_view::npos ? 0 : last_break + 1;
  return {static_cast<std::uint32_t>(lines + 1),
          static_cast<std::uint32_t>(before.size() - line_start + 1),
          static_cast<std::uint32_t>(length)};
}

std::string_view line_of(std::string_view text, std::uint32_t line) {
  if (line == 0) return {};
  std::size_t start = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string_view::npos) return {};
    start = end + 1;
  }
  std::string_view found = text.substr(start, text.find('\n', start) - start);
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

}  // namespace tocsin::sigma
