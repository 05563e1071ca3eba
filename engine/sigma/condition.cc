#include "sigma/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace tocsin::sigma {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '*';
}

struct Token {
  std::string_view text;  // "" at the end
  std::size_t offset = 0;
};

// One pass, recursive descent. The first error ends it.
class ConditionParser {
 public:
  ConditionParser(const YamlScalar& scalar, const ConditionNames& names, Reporter& report)
      : scalar_(scalar), text_(scalar.text), names_(names), report_(report) {}

  std::optional<Condition> run() {
    if (const std::size_t pipe = text_.find('|'); pipe != std::string_view::npos) {
      report_.error("S303", scalar_.within(pipe, 1),
                    "the pipe syntax was replaced by correlation rules: write the rest as a "
                    "`correlation` document");
      return std::nullopt;
    }
    advance();
    auto condition = parse_or(0);
    if (!failed_ && !token_.text.empty()) {
      error("S301", token_,
            fmt::format("`and`, `or` or the end of the condition is expected "
                        "before `{}`",
                        token_.text));
    }
    if (!failed_ && !condition) {
      report_.error("S305", scalar_.at,
                    "nothing is left of this condition: no search identifier "
                    "matches its patterns");
    }
    return failed_ ? std::nullopt : std::move(condition);
  }

 private:
  using Operand = std::optional<Condition>;  // nullopt: dropped, or an error (failed_)

  void advance() {
    while (end_ < text_.size() && (text_[end_] == ' ' || text_[end_] == '\t' ||
                                   text_[end_] == '\n' || text_[end_] == '\r')) {
      ++end_;
    }
    const std::size_t start = end_;
    while (end_ < text_.size() && is_word_char(text_[end_])) ++end_;
    if (end_ == start && end_ < text_.size()) text::next_code_point(text_, end_);
    token_ = {text_.substr(start, end_ - start), start};
  }

  Token peek() const {
    ConditionParser ahead = *this;
    ahead.advance();
    return ahead.token_;
  }

  bool is_name(std::string_view word) const {
    return std::find(names_.names.begin(), names_.names.end(), word) != names_.names.end();
  }

  // The keyword `lower`, or its spelling in capitals where that cannot be a search identifier.
  bool at_keyword(std::string_view lower) {
    if (token_.text == lower) return true;
    const bool capitals = token_.text.size() == lower.size() && text::folded(token_.text) == lower;
    if (!capitals || is_name(token_.text)) return false;
    report_.warning("W616", place(token_), fmt::format("write `{}` in lower case", lower),
                    std::string(lower));
    return true;
  }

  Operand parse_or(std::size_t depth) {
    return parse_chain("or", Condition::Kind::disjunction, [&] { return parse_and(depth); });
  }

  Operand parse_and(std::size_t depth) {
    return parse_chain("and", Condition::Kind::conjunction, [&] { return parse_not(depth); });
  }

  template <class Parse>
  Operand parse_chain(std::string_view keyword, Condition::Kind kind, Parse parse) {
    std::vector<Condition> args;
    while (true) {
      Operand arg = parse();
      if (failed_) return std::nullopt;
      if (arg) args.push_back(std::move(*arg));
      if (!at_keyword(keyword)) break;
      advance();
    }
    if (args.empty()) return std::nullopt;
    if (args.size() == 1) return std::move(args.front());
    const Span at = args.front().at;
    return Condition{kind, {}, std::move(args), at};
  }

  Operand parse_not(std::size_t depth) {
    if (depth > limits::kConditionDepth) {
      error("S304", token_,
            fmt::format("nested more than {} levels deep", limits::kConditionDepth));
      return std::nullopt;
    }
    const Token start = token_;
    if (at_keyword("not")) {
      advance();
      Operand arg = parse_not(depth + 1);
      if (!arg) return std::nullopt;
      std::vector<Condition> args;
      args.push_back(std::move(*arg));
      return Condition{Condition::Kind::negation, {}, std::move(args), place(start)};
    }
    if (token_.text == "(") return parse_group(depth);
    return parse_operand();
  }

  Operand parse_group(std::size_t depth) {
    const Token open = token_;
    advance();
    Operand inner = parse_or(depth + 1);
    if (failed_) return std::nullopt;
    if (token_.text != ")") {
      error("S301", token_.text.empty() ? open : token_, "a closing parenthesis is missing");
      return std::nullopt;
    }
    advance();
    return inner;
  }

  Operand parse_operand() {
    const Token word = token_;
    if (word.text.empty() || !is_word_char(word.text[0])) {
      error("S301", word,
            word.text.empty() ? "the condition ends too early"
                              : "a search identifier is expected here");
      return std::nullopt;
    }
    const Token after = peek();
    if (after.text == "of" || (after.text == "OF" && !is_name(word.text))) {
      return parse_quantifier();
    }
    for (const std::string_view keyword : {"and", "or", "not"}) {
      if (word.text != keyword || is_name(word.text)) continue;
      error("S301", word, fmt::format("a search identifier is expected before `{}`", keyword));
      return std::nullopt;
    }
    advance();
    if (is_name(word.text)) {
      return Condition{Condition::Kind::identifier, std::string(word.text), {}, place(word)};
    }
    error_unknown(word);
    return std::nullopt;
  }

  Operand parse_quantifier() {
    const Token quantifier = token_;
    const bool all = quantifier.text == "all";
    if (!all && quantifier.text != "1" && quantifier.text != "any") {
      error("S301", quantifier, "only `1 of`, `any of` and `all of` are known");
      return std::nullopt;
    }
    if (!names_.quantifiers) {
      error("S301", quantifier, "the condition of a correlation names its rules one by one");
      return std::nullopt;
    }
    advance();
    advance();
    const Token pattern = token_;
    if (pattern.text.empty() || !is_word_char(pattern.text[0])) {
      error("S301", pattern, "a pattern of search identifiers, or `them`, is expected after `of`");
      return std::nullopt;
    }
    advance();
    const bool matches =
        std::any_of(names_.names.begin(), names_.names.end(),
                    [&](std::string_view name) { return selects(pattern.text, name); });
    if (!matches) {
      report_.warning(
          "W615", place(pattern),
          fmt::format("`{}` matches no search identifier and is left out", pattern.text));
      return std::nullopt;
    }
    return Condition{all ? Condition::Kind::all_of : Condition::Kind::one_of,
                     std::string(pattern.text),
                     {},
                     place(quantifier)};
  }

  void error_unknown(Token word) {
    const std::string_view near = text::nearest(word.text, names_.names);
    failed_ = true;
    report_.error("S302", place(word),
                  fmt::format("there is no search identifier `{}`", text::printable(word.text)),
                  std::string(near));
  }

  void error(DiagnosticCode code, Token at, std::string message) {
    failed_ = true;
    report_.error(code, place(at), std::move(message));
  }

  Span place(Token token) const {
    return scalar_.within(token.offset, std::max<std::size_t>(token.text.size(), 1));
  }

  const YamlScalar& scalar_;
  std::string_view text_;
  const ConditionNames& names_;
  Reporter& report_;
  Token token_;
  std::size_t end_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<Condition> parse_condition(const YamlScalar& scalar, const ConditionNames& names,
                                         Reporter& report) {
  return ConditionParser(scalar, names, report).run();
}

bool selects(std::string_view pattern, std::string_view name) {
  if (name.starts_with('_') && !pattern.starts_with('_')) return false;
  if (pattern == "them") return true;
  // Glob with `*` only: on a mismatch, let the last star take one character more.
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace tocsin::sigma
