#include "program/expansion.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "program/encoding.h"

namespace tocsin::program {
namespace {

using Part = Pattern::Part;
using Patterns = std::vector<Pattern>;

// Every way to choose one alternative for each placeholder of `source`.
template <class Alternatives>
Result<Patterns> product(const Pattern& source, Alternatives alternatives, std::size_t limit) {
  Patterns chosen(1);
  for (const Part& part : source.parts) {
    if (part.kind != Part::Kind::placeholder) {
      for (Pattern& pattern : chosen) pattern.append(part);
      continue;
    }
    const Patterns& choices = alternatives(part.text);
    if (chosen.size() * choices.size() > limit) {
      return fail(Code::limit,
                  fmt::format("this value expands to more than {} alternatives; split it", limit));
    }
    Patterns longer;
    longer.reserve(chosen.size() * choices.size());
    for (const Pattern& pattern : chosen) {
      for (const Pattern& choice : choices) {
        longer.push_back(pattern);
        longer.back().append(choice);
      }
    }
    chosen = std::move(longer);
  }
  return chosen;
}

// Option dashes become placeholders.
Pattern with_dash_marks(const Pattern& source) {
  Pattern marked;
  for (const Part& part : source.parts) {
    if (part.kind != Part::Kind::literal) {
      marked.append(part);
      continue;
    }
    std::size_t from = 0;
    for (const std::size_t dash : option_dashes(part.text)) {
      marked.append(Part{Part::Kind::literal, part.text.substr(from, dash - from)});
      marked.append(Part{Part::Kind::placeholder, {}});
      from = dash + 1;
    }
    marked.append(Part{Part::Kind::literal, part.text.substr(from)});
  }
  return marked;
}

// Splits the literals at %name%; `\%` is a plain percent sign.
Pattern with_list_marks(const Pattern& source) {
  Pattern out;
  for (const Part& part : source.parts) {
    if (part.kind != Part::Kind::literal) {
      out.append(part);
      continue;
    }
    std::string literal;
    const std::string& text = part.text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') {
        literal.push_back(text[++i]);
        continue;
      }
      const std::size_t close = text[i] == '%' ? text.find('%', i + 1) : std::string::npos;
      if (close == std::string::npos || close == i + 1) {
        literal.push_back(text[i]);
        continue;
      }
      out.append(Part{Part::Kind::literal, std::exchange(literal, {})});
      out.append(Part{Part::Kind::placeholder, text.substr(i + 1, close - i - 1)});
      i = close;
    }
    out.append(Part{Part::Kind::literal, std::move(literal)});
  }
  return out;
}

}  // namespace

Result<Patterns> expand_dashes(const Pattern& source) {
  Patterns dashes;
  for (const std::string_view dash : kDashes) dashes.push_back(Pattern::literal(std::string(dash)));
  return product(
      with_dash_marks(source), [&](const std::string&) -> const Patterns& { return dashes; },
      limits::kExpandedValues);
}

Result<Patterns> expand_lists(const Pattern& source, const sigma::Lists& lists, bool raw,
                              std::vector<std::string>& lists_used) {
  const Pattern marked = with_list_marks(source);
  std::size_t placeholders = 0;
  for (const Part& part : marked.parts) {
    if (part.kind != Part::Kind::placeholder) continue;
    ++placeholders;
    lists_used.push_back(part.text);
    if (lists.find(part.text) == nullptr) {
      return fail(Code::not_found,
                  fmt::format("there is no list `{0}`; add a file {0}.txt to a lists folder and "
                              "name the folder with --lists",
                              part.text));
    }
  }
  Patterns values;
  const auto values_of = [&](const std::string& name) -> const Patterns& {
    values.clear();
    for (const std::string& value : *lists.find(name)) {
      values.push_back(raw ? Pattern::literal(value) : Pattern::parse(value));
    }
    return values;
  };
  const std::size_t limit = placeholders == 1 ? SIZE_MAX : limits::kExpandedValues;
  return product(marked, values_of, limit);
}

}  // namespace tocsin::program
