#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "differential/correlation_cases.h"
#include "differential/correlation_check.h"

namespace tocsin::differential {

using reference::PlainHit;

namespace {

// The rules' documents, one text each.
std::vector<std::string> documents_of(const std::string& yaml) {
  constexpr std::string_view kBetween = "---\n";
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = std::min(yaml.find(kBetween, begin), yaml.size());
    out.push_back(yaml.substr(begin, end - begin));
    begin = end + kBetween.size();
  }
  return out;
}

std::string joined(const std::vector<std::string>& documents) {
  return fmt::format("{}", fmt::join(documents, "---\n"));
}

class Shrinker {
 public:
  Shrinker(const std::string& yaml, Scenario scenario, const CheckOptions& options)
      : documents_(documents_of(yaml)), scenario_(std::move(scenario)), options_(options) {}

  void run() {
    forget_unused();
    remove_documents();
    rules_ = load_correlations(joined(documents_));
    bool smaller = true;
    while (smaller) {
      smaller = remove_steps();
      smaller = remove_hits() || smaller;
      forget_unused();
    }
    remove_fields();
  }

  std::string text() {
    std::string out = joined(documents_);
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
      out += fmt::format("{}: {}", i, text_of(scenario_.steps[i]));
    }
    const auto wrong = check(rules_, scenario_, options_);
    return out + fmt::format("{}\n", fmt::join(wrong, "\n"));
  }

 private:
  bool is_wrong() const { return !check(rules_, scenario_, options_).empty(); }

  void remove_documents() {
    for (std::size_t i = documents_.size(); i-- > 0;) {
      std::vector<std::string> fewer = documents_;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      const CorrelationRules rules = load_correlations(joined(fewer));
      if (!rules.diagnostics.has_errors() && !check(rules, scenario_, options_).empty()) {
        documents_ = std::move(fewer);
      }
    }
  }

  // Tries a change, and takes it back when nothing is wrong any more.
  template <class ChangeIt>
  bool attempt(ChangeIt change_it) {
    Scenario before = scenario_;
    change_it();
    if (is_wrong()) return true;
    scenario_ = std::move(before);
    return false;
  }

  // Hits that no step adds.
  void forget_unused() {
    std::vector<PlainHit> used;
    std::map<std::size_t, std::size_t> places;
    for (Step& step : scenario_.steps) {
      for (std::size_t& hit : step.hits) {
        const auto [place, is_new] = places.try_emplace(hit, used.size());
        if (is_new) used.push_back(scenario_.hits[hit]);
        hit = place->second;
      }
    }
    scenario_.hits = std::move(used);
  }

  // Takes parts of `list` away, large ones first.
  template <class List>
  bool remove_parts(List list) {
    bool any = false;
    for (std::size_t size = list(scenario_).size(); size > 0; size /= 2) {
      for (std::size_t end = list(scenario_).size(); end >= size; end -= size) {
        any |= attempt([&] {
          auto& from = list(scenario_);
          const auto last = from.begin() + static_cast<std::ptrdiff_t>(end);
          from.erase(last - static_cast<std::ptrdiff_t>(size), last);
        });
      }
    }
    return any;
  }

  bool remove_steps() {
    return remove_parts([](Scenario & scenario) -> auto& { return scenario.steps; });
  }

  bool remove_hits() {
    bool any = false;
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
      any |= remove_parts([i](Scenario & scenario) -> auto& { return scenario.steps[i].hits; });
    }
    return any;
  }

  // Of an event, everywhere.
  void remove_fields() {
    for (std::size_t i = 0; i < scenario_.hits.size(); ++i) {
      const PlainHit hit = scenario_.hits[i];
      for (const auto& [field, values] : hit.fields) {
        attempt([&, name = field] {
          for (PlainHit& other : scenario_.hits) {
            if (other.event == hit.event) other.fields.erase(name);
          }
        });
      }
    }
  }

  std::string text_of(const Step& step) const {
    if (step.kind == Step::Kind::restart) return "restart\n";
    if (step.kind == Step::Kind::advance) return "advance " + time_text(step.watermark) + "\n";
    std::string out = "add\n";
    for (const std::size_t index : step.hits) {
      const PlainHit& hit = scenario_.hits[index];
      out +=
          fmt::format("    {} {} {} from {}", time_text(hit.time), hit.rule, hit.event, hit.source);
      for (const auto& [field, values] : hit.fields) {
        out += fmt::format(" {}=[{}]", field, fmt::join(values, ", "));
      }
      out += "\n";
    }
    return out;
  }

  std::vector<std::string> documents_;
  CorrelationRules rules_;
  Scenario scenario_;
  const CheckOptions options_;
};

}  // namespace

std::string reproduction(const std::string& yaml, Scenario scenario, const CheckOptions& options) {
  Shrinker shrinker(yaml, std::move(scenario), options);
  shrinker.run();
  return shrinker.text();
}

}  // namespace tocsin::differential
