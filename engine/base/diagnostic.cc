#include "base/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kWindow = 120;  // characters of a line that are shown
constexpr std::string_view kEllipsis = "…";

std::size_t width(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t pos = 0; pos < text.size(); ++count) text::next_code_point(text, pos);
  return count;
}

// The start of the character that `pos` lies in.
std::size_t character_start(std::string_view text, std::size_t pos) {
  while (pos > 0 && pos < text.size() && (static_cast<unsigned char>(text[pos]) & 0xC0) == 0x80) {
    --pos;
  }
  return pos;
}

struct Excerpt {
  std::string line;
  std::string caret;
};

// A window of the line around the span, safe for a terminal, with the caret line for it.
Excerpt excerpt(const Diagnostic& diagnostic) {
  const std::string_view line = diagnostic.snippet;
  const std::size_t column = diagnostic.at.column > 0 ? diagnostic.at.column - 1 : 0;
  const std::size_t start = character_start(line, std::min(column, line.size()));
  const std::size_t end =
      character_start(line, std::min(start + diagnostic.at.length, line.size()));

  std::size_t from = 0;
  std::size_t to = line.size();
  if (line.size() > kWindow) {
    const std::size_t context = kWindow / 2;
    from = start > context ? character_start(line, start - context) : 0;
    to = character_start(line, std::min(from + kWindow, line.size()));
  }
  const auto shown = [&](std::size_t first, std::size_t last) {
    return text::printable(line.substr(first, last - first));
  };
  const std::string before = (from > 0 ? std::string(kEllipsis) : "") + shown(from, start);
  const std::string marked = shown(start, std::clamp(end, start, to));
  const std::string after =
      shown(std::clamp(end, start, to), to) + (to < line.size() ? std::string(kEllipsis) : "");
  const std::size_t tail = width(marked) > 1 ? width(marked) - 1 : 0;
  return {before + marked + after, std::string(width(before), ' ') + '^' + std::string(tail, '~')};
}

std::string_view color_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "\x1b[1;31m";
    case Severity::warning:
      return "\x1b[1;33m";
    case Severity::note:
      break;
  }
  return "\x1b[1;36m";
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      break;
  }
  return "note";
}

void Diagnostics::add(Diagnostic diagnostic) {
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::append(Diagnostics&& other) {
  all_.insert(all_.end(), std::make_move_iterator(other.all_.begin()),
              std::make_move_iterator(other.all_.end()));
  other.all_.clear();
}

std::size_t Diagnostics::count(Severity severity) const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(),
                    [&](const Diagnostic& diagnostic) { return diagnostic.severity == severity; }));
}

std::string render_text(const Diagnostic& diagnostic, bool color) {
  const std::string_view mark = color ? color_of(diagnostic.severity) : "";
  const std::string_view reset = color ? "\x1b[0m" : "";
  std::string out = text::printable(diagnostic.file);
  if (diagnostic.at.line > 0) {
    out += fmt::format(":{}:{}", diagnostic.at.line, diagnostic.at.column);
  }
  out += fmt::format(": {}{} {}{}: {}\n", mark, to_string(diagnostic.severity), diagnostic.code,
                     reset, text::printable(diagnostic.message));
  if (!diagnostic.snippet.empty()) {
    const Excerpt shown = excerpt(diagnostic);
    out += fmt::format("  {}\n  {}{}{}\n", shown.line, mark, shown.caret, reset);
  }
  if (!diagnostic.suggestion.empty()) {
    out += fmt::format("  did you mean `{}`?\n", text::printable(diagnostic.suggestion));
  }
  return out;
}

std::string render_json(const Diagnostics& diagnostics) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    json.begin_object()
        .member("file", diagnostic.file)
        .key("line")
        .number(std::uint64_t{diagnostic.at.line})
        .key("column")
        .number(std::uint64_t{diagnostic.at.column})
        .key("length")
        .number(std::uint64_t{diagnostic.at.length})
        .member("severity", to_string(diagnostic.severity))
        .member("code", diagnostic.code)
        .member("message", diagnostic.message)
        .member("suggestion", diagnostic.suggestion)
        .end_object();
  }
  json.end_array();
  return out;
}

}  // namespace tocsin
