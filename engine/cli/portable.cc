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
    using Type = sigma::Correlation::Type;
    const std::string& file = correlation.meta.file;
    if (correlation.type == Type::new_value || correlation.type == Type::silent_source) {
      note(file, correlation.type_at,
           fmt::format("the correlation type `{}` is Tocsin's own", to_string(correlation.type)));
    }
    if (correlation.window_at.line != 0) {
      note(file, correlation.window_at,
           "`window` is Tocsin's own; Sigma leaves windows to the tool");
    }
    if (correlation.expression) {
      note(file, correlation.expression->at,
           "a boolean `condition` in a correlation is part of the Sigma 2.2 draft");
    }
    for (const std::string& field : correlation.group_by) visit(file, correlation.type_at, field);
    for (const std::string& field : correlation.fields) visit(file, correlation.type_at, field);
    for (const sigma::Correlation::Alias& alias : correlation.aliases) {
      for (const auto& [rule, field] : alias.fields) visit(file, rule.at, field);
    }
  }

 private:
  void visit(const sigma::Meta& meta, const std::vector<sigma::NamedDetection>& detections) {
    for (const sigma::NamedDetection& named : detections) visit(meta.file, named.detection);
  }

  void visit(const std::string& file, const sigma::Detection& detection) {
    for (const sigma::Detection& group : detection.groups) visit(file, group);
    for (const sigma::DetectionItem& item : detection.items) {
      visit(file, item.at, item.field);
      if (item.has(sigma::Modifier::cidr) && item.has(sigma::Modifier::expand)) {
        note(file, item.at, "`cidr` together with `expand` (a list of networks) is Tocsin's own");
      }
    }
  }

  void visit(const std::string& file, const Span& at, const std::string& field) {
    if (!field.starts_with(event::kFactPrefix)) return;
    note(file, at, fmt::format("the field `{}` is a fact computed by Tocsin", field));
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
