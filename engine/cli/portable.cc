#include "cli/portable.h"

#include <fmt/format.h>

#include "event/field_set.h"

namespace tocsin::cli {
namespace {

constexpr char kExtension[] = "X801";

class Extensions {
 public:
  explicit Extensions(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void visit(const sigma::Rule& rule) { visit(rule.meta, rule.detections); }

  void visit(const sigma::Filter& filter) {
    if (filter.any_rule) {
      note(filter.meta.file, filter.meta.at, "`rules: any` is part of the Sigma 2.2 draft");
    }
    visit(filter.meta, filter.detections);
  }

  void visit(const sigma::Correlation& correlation) {
    if (correlation.expression) {
      note(correlation.meta.file, correlation.meta.at,
           "a boolean `condition` in a correlation is part of the Sigma 2.2 draft");
    }
  }

 private:
  void visit(const sigma::Meta& meta, const std::vector<sigma::NamedDetection>& detections) {
    for (const sigma::NamedDetection& named : detections) visit(meta.file, named.detection);
  }

  void visit(const std::string& file, const sigma::Detection& detection) {
    for (const sigma::Detection& group : detection.groups) visit(file, group);
    for (const sigma::DetectionItem& item : detection.items) {
      if (item.field.starts_with(event::kFactPrefix)) {
        note(file, item.at, fmt::format("the field `{}` is a fact computed by Tocsin", item.field));
      }
      if (item.has(sigma::Modifier::cidr) && item.has(sigma::Modifier::expand)) {
        note(file, item.at, "`cidr` together with `expand` (a list of networks) is Tocsin's own");
      }
    }
  }

  void note(const std::string& file, const Span& at, std::string message) {
    Diagnostic diagnostic;
    diagnostic.severity = Severity::note;
    diagnostic.code = kExtension;
    diagnostic.file = file;
    diagnostic.at = at;
    diagnostic.message = std::move(message);
    diagnostics_.add(std::move(diagnostic));
  }

  Diagnostics& diagnostics_;
};

}  // namespace

void report_extensions(const sigma::RuleSet& rules, Diagnostics& diagnostics) {
  Extensions extensions(diagnostics);
  for (const sigma::Rule& rule : rules.rules) extensions.visit(rule);
  for (const sigma::Filter& filter : rules.filters) extensions.visit(filter);
  for (const sigma::Correlation& correlation : rules.correlations) extensions.visit(correlation);
}

}  // namespace tocsin::cli
