#include "correlate/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "correlate/alternatives.h"
#include "correlate/codes.h"

namespace tocsin::correlate {
namespace {

using Type = sigma::Correlation::Type;
using WindowKind = sigma::Correlation::Window;

// Sums of a time and what windows add to it must not overflow.
constexpr std::uint64_t kLongestSeconds = 30ull * 366 * 86'400;
constexpr std::uint64_t kLongestSessionSeconds = 2 * kLongestSeconds / (kSessionSpans + 1);
static_assert(kLatest + 2 * Time{kLongestSeconds} * kSecond < std::numeric_limits<Time>::max());

Time nanoseconds(std::uint64_t seconds) {
  return static_cast<Time>(seconds) * kSecond;
}

Time retention_of(Decision decision, WindowKind window, Time span) {
  switch (decision) {
    case Decision::novelty:
      return 0;
    case Decision::absence:
      // What forbids a firing may lie T before a closing hit that is decided T after it.
      return 2 * span;
    case Decision::rising:
      return window == WindowKind::session ? kSessionSpans * span : span;
    case Decision::frames:
      // The last hit before an empty tile closes its firing.
      if (window == WindowKind::sliding) return 2 * span;
      return window == WindowKind::session ? (kSessionSpans + 1) * span : span;
    case Decision::averages:
    case Decision::silence:
      break;
  }
  return span;
}

std::string hex(const Key& key) {
  std::string out;
  for (const std::uint8_t byte : key) out += fmt::format("{:02x}", byte);
  return out;
}

}  // namespace

Compiler::Compiler(std::shared_ptr<const sigma::RuleSet> rules, const program::Program& program,
                   Diagnostics& diagnostics)
    : rules_(*rules),
      program_(program),
      diagnostics_(diagnostics),
      index_(rules_),
      of_document_(rules_.correlations.size()) {
  out_.sources_ = std::move(rules);
  out_.by_rule_.assign(program.rules().size(), Correlations::kNotCorrelated);
  for (program::RuleIndex rule = 0; rule < program.rules().size(); ++rule) {
    of_rule_.emplace(&program.rules()[rule].source, rule);
  }
}

Correlations Compiler::run() {
  for (const std::size_t document : in_order()) compile(document);
  link();
  spread_slots();
  name_finders();
  return std::move(out_);
}

std::vector<std::size_t> Compiler::in_order() const {
  const std::size_t count = rules_.correlations.size();
  std::vector<std::vector<std::size_t>> parents(count);
  std::vector<std::size_t> open(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    for (const sigma::RuleReference& reference : rules_.correlations[i].rules) {
      const Target target = index_.find(reference.text);
      if (target.kind != Target::Kind::correlation) continue;
      parents[target.index].push_back(i);
      ++open[i];
    }
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (open[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const std::size_t parent : parents[order[next]]) {
      if (--open[parent] == 0) order.push_back(parent);
    }
  }
  return order;
}

void Compiler::compile(std::size_t document) {
  std::optional<CompiledCorrelation> correlation = compiled(rules_.correlations[document]);
  if (!correlation) return;
  const auto index = static_cast<CorrelationIndex>(out_.all_.size());
  of_document_[document] = index;
  if (correlation->inputs.front().kind == Input::Kind::everything) {
    out_.watching_all_.push_back(index);
  }
  out_.all_.push_back(*std::move(correlation));
}

std::optional<CompiledCorrelation> Compiler::compiled(const sigma::Correlation& document) {
  CompiledCorrelation out;
  out.source = &document;
  const std::uint64_t longest =
      document.window == WindowKind::session ? kLongestSessionSeconds : kLongestSeconds;
  if (document.timespan_seconds > longest) {
    leave_out(document, document.meta.at, codes::kTooLong,
              fmt::format("its `timespan` is longer than {} days", longest / 86'400));
    return std::nullopt;
  }
  if (std::max(document.learning_seconds, document.forget_seconds) > kLongestSeconds) {
    leave_out(
        document, document.meta.at, codes::kTooLong,
        fmt::format("`learning` or `forget` is longer than {} days", kLongestSeconds / 86'400));
    return std::nullopt;
  }
  Result<std::vector<Alternative>> alternatives = alternatives_of(document);
  if (!alternatives) {
    leave_out(document, document.expression->at, codes::kCondition, alternatives.error().message);
    return std::nullopt;
  }
  out.alternatives = *std::move(alternatives);
  out.decision = decision_of(document, out.alternatives);
  out.timespan = nanoseconds(document.timespan_seconds);
  out.retention = retention_of(out.decision, document.window, out.timespan);
  out.learning = nanoseconds(document.learning_seconds);
  out.forget = nanoseconds(document.forget_seconds);
  out.forget_step = std::max(out.forget / kForgetSteps, kSecond);
  out.min_known = document.min_known;
  for (std::size_t i = 0; i < document.fields.size(); ++i) {
    out.forms.push_back(form_of(document, i));
  }
  if (!add_inputs(document, out) || !add_slots(document, out)) return std::nullopt;

  out.key = unique(meaning_of(out));
  out.facts =
      std::make_shared<const alert::RuleFacts>(alert::facts_of(document.meta, hex(out.key)));
  return out;
}

void Compiler::leave_out(const sigma::Correlation& document, const Span& at, const char* code,
                         const std::string& reason) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.file = document.meta.file;
  diagnostic.at = at;
  diagnostic.message = fmt::format("the correlation `{}` is left out: {}",
                                   text::printable(document.meta.title), reason);
  diagnostics_.add(std::move(diagnostic));
}

}  // namespace tocsin::correlate
