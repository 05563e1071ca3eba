#include "sigma/linker.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "sigma/codes.h"

namespace tocsin::sigma {

struct ReferenceIndex::Tables {
  std::unordered_map<std::string_view, Target> by_id, by_name, by_title;
};

ReferenceIndex::ReferenceIndex(const RuleSet& rules) : tables_(std::make_unique<Tables>()) {
  const auto add = [&](const Meta& meta, Target target) {
    if (!meta.id.empty()) tables_->by_id.emplace(meta.id, target);
    if (!meta.name.empty()) tables_->by_name.emplace(meta.name, target);
    if (!meta.title.empty()) tables_->by_title.emplace(meta.title, target);
  };
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    add(rules.rules[i].meta, {Target::Kind::rule, i});
  }
  for (std::size_t i = 0; i < rules.correlations.size(); ++i) {
    add(rules.correlations[i].meta, {Target::Kind::correlation, i});
  }
}

ReferenceIndex::~ReferenceIndex() = default;

ReferenceIndex::Target ReferenceIndex::find(std::string_view reference) const {
  for (const auto* table : {&tables_->by_id, &tables_->by_name, &tables_->by_title}) {
    const auto found = table->find(reference);
    if (found != table->end()) return found->second;
  }
  return {};
}

std::string_view ReferenceIndex::nearest(std::string_view reference) const {
  std::vector<std::string_view> candidates;
  for (const auto* table : {&tables_->by_name, &tables_->by_title, &tables_->by_id}) {
    for (const auto& [text, target] : *table) candidates.push_back(text);
  }
  std::sort(candidates.begin(), candidates.end());
  return text::nearest(reference, candidates);
}

namespace {

class Linker {
 public:
  Linker(RuleSet& rules, const LineSource& lines, Diagnostics& diagnostics)
      : rules_(rules), lines_(lines), diagnostics_(diagnostics) {}

  std::size_t run() {
    warn_duplicates();
    std::size_t removed = 0;
    // A correlation that is removed may have been referred to by another.
    while (const std::size_t count = remove_unlinked()) removed += count;
    removed += remove_circles();
    warn_aliases();
    warn_filters();
    return removed;
  }

 private:
  void add(Severity severity, DiagnosticCode code, const Meta& meta, Span at, std::string message,
           std::string_view suggestion = {}) {
    diagnostics_.add({severity, std::string(code.text()), meta.file, at, std::move(message),
                      std::string(suggestion), lines_(meta.file, at.line)});
  }

  // Documents made from one `action: global` share its attributes: that is meant.
  static bool same_template(const Meta& a, const Meta& b) {
    return a.file == b.file && a.at.line == b.at.line;
  }

  void warn_duplicates() {
    std::unordered_map<std::string_view, const Meta*> ids, names, titles;
    const auto check = [&](auto& seen, std::string_view what, std::string_view text,
                           const Meta& meta) {
      if (text.empty()) return;
      const auto [entry, added] = seen.emplace(text, &meta);
      if (added || same_template(*entry->second, meta)) return;
      add(Severity::warning, "W608", meta, meta.at,
          fmt::format("the {} `{}` is also used in {}:{}", what, text::printable(text),
                      entry->second->file, entry->second->at.line));
    };
    const auto check_all = [&](const Meta& meta) {
      check(ids, "id", meta.id, meta);
      check(names, "name", meta.name, meta);
      check(titles, "title", meta.title, meta);
    };
    for (const Rule& rule : rules_.rules) check_all(rule.meta);
    for (const Correlation& correlation : rules_.correlations) check_all(correlation.meta);
    for (const Filter& filter : rules_.filters) check_all(filter.meta);
  }

  std::size_t remove_unlinked() {
    const ReferenceIndex index(rules_);
    std::vector<bool> broken;
    for (const Correlation& correlation : rules_.correlations) {
      broken.push_back(!resolves(correlation, index));
    }
    return remove(broken);
  }

  bool resolves(const Correlation& correlation, const ReferenceIndex& index) {
    bool complete = true;
    const auto check = [&](const RuleReference& reference) {
      if (index.find(reference.text).kind != ReferenceIndex::Target::Kind::none) return;
      complete = false;
      add(Severity::error, "S407", correlation.meta, reference.at,
          fmt::format("there is no rule `{}` among the loaded ones",
                      text::printable(reference.text)),
          index.nearest(reference.text));
    };
    for (const RuleReference& rule : correlation.rules) check(rule);
    for (const Correlation::Alias& alias : correlation.aliases) {
      for (const auto& [rule, field] : alias.fields) check(rule);
    }
    return complete && aliases_fit(correlation, index);
  }

  // What the references mean, sorted.
  template <class References, class Text>
  static std::vector<std::pair<int, std::size_t>> targets(const References& references, Text text,
                                                          const ReferenceIndex& index) {
    std::vector<std::pair<int, std::size_t>> out;
    for (const auto& reference : references) {
      const auto target = index.find(text(reference));
      out.emplace_back(static_cast<int>(target.kind), target.index);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  static auto targets_of(const Correlation& correlation, const ReferenceIndex& index) {
    return targets(
        correlation.rules, [](const RuleReference& rule) { return rule.text; }, index);
  }

  // Precondition: every reference means something.
  bool aliases_fit(const Correlation& correlation, const ReferenceIndex& index) {
    if (correlation.aliases.empty()) return true;
    const auto inputs = targets_of(correlation, index);
    bool fit = true;
    for (const Correlation::Alias& alias : correlation.aliases) {
      for (const auto& [rule, field] : alias.fields) {
        const auto target = index.find(rule.text);
        const std::pair one(static_cast<int>(target.kind), target.index);
        if (std::binary_search(inputs.begin(), inputs.end(), one)) continue;
        fit = false;
        add(Severity::error, "S415", correlation.meta, rule.at,
            fmt::format("the alias `{}` speaks of `{}`, which is not among the correlation's "
                        "`rules`; name one of these",
                        text::printable(alias.name), text::printable(rule.text)));
      }
    }
    return fit;
  }

  // A rule that an alias leaves out has, most likely, no field of the alias's name.
  void warn_aliases() {
    const ReferenceIndex index(rules_);
    for (const Correlation& correlation : rules_.correlations) {
      for (const Correlation::Alias& alias : correlation.aliases) {
        const auto named = targets(
            alias.fields, [](const auto& field) { return field.first.text; }, index);
        for (const RuleReference& rule : correlation.rules) {
          const auto target = index.find(rule.text);
          const std::pair one(static_cast<int>(target.kind), target.index);
          if (std::binary_search(named.begin(), named.end(), one)) continue;
          add(Severity::warning, "W622", correlation.meta, alias.at,
              fmt::format("the alias says nothing of `{}`, whose events are looked at for a field "
                          "`{}`",
                          text::printable(rule.text), text::printable(alias.name)));
        }
      }
    }
  }

  std::size_t remove(const std::vector<bool>& broken) {
    std::vector<Correlation> kept;
    for (std::size_t i = 0; i < broken.size(); ++i) {
      if (!broken[i]) kept.push_back(std::move(rules_.correlations[i]));
    }
    rules_.correlations = std::move(kept);
    return static_cast<std::size_t>(std::count(broken.begin(), broken.end(), true));
  }

  // Takes away, again and again, the correlations that refer only to what is settled. What is left
  // is in a circle or depends on one.
  std::size_t remove_circles() {
    const ReferenceIndex index(rules_);
    const std::size_t count = rules_.correlations.size();
    std::vector<std::vector<std::size_t>> dependents(count);
    std::vector<std::size_t> open(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
      for (const RuleReference& rule : rules_.correlations[i].rules) {
        const auto target = index.find(rule.text);
        if (target.kind != ReferenceIndex::Target::Kind::correlation) continue;
        dependents[target.index].push_back(i);
        ++open[i];
      }
    }
    std::vector<std::size_t> settled;
    for (std::size_t i = 0; i < count; ++i) {
      if (open[i] == 0) settled.push_back(i);
    }
    for (std::size_t next = 0; next < settled.size(); ++next) {
      for (const std::size_t dependent : dependents[settled[next]]) {
        if (--open[dependent] == 0) settled.push_back(dependent);
      }
    }
    std::vector<bool> circular(count);
    for (std::size_t i = 0; i < count; ++i) {
      circular[i] = open[i] != 0;
      if (!circular[i]) continue;
      const Correlation& correlation = rules_.correlations[i];
      add(Severity::error, "S408", correlation.meta, correlation.meta.at,
          "this correlation refers to itself in a circle, or to one that does");
    }
    return remove(circular);
  }

  void warn_filters() {
    if (rules_.filters.empty()) return;
    const ReferenceIndex index(rules_);
    for (const Filter& filter : rules_.filters) {
      for (const RuleReference& rule : filter.rules) {
        if (index.find(rule.text).kind != ReferenceIndex::Target::Kind::none) continue;
        add(Severity::warning, "W619", filter.meta, rule.at,
            fmt::format("the filter refers to `{}`, which is not loaded",
                        text::printable(rule.text)),
            index.nearest(rule.text));
      }
    }
  }

  RuleSet& rules_;
  const LineSource& lines_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::size_t link(RuleSet& rules, const LineSource& lines, Diagnostics& diagnostics) {
  return Linker(rules, lines, diagnostics).run();
}

}  // namespace tocsin::sigma
