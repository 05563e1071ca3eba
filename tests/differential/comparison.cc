#include "differential/comparison.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>

#include "differential/reference/padded.h"
#include "differential/slow_alert.h"
#include "program/explain.h"

namespace tocsin::differential {
namespace {

using reference::Json;

// Calls `visit` on every value below `json` that is not a scalar, `json` first.
template <class Visit>
void for_each_container(Json& json, Visit visit) {
  visit(json);
  for (Json& element : json.elements) for_each_container(element, visit);
  for (reference::Member& member : json.members) for_each_container(member.value, visit);
}

// Every copy of `json` with one member or element left out.
std::vector<Json> smaller(const Json& json) {
  std::vector<Json> out;
  std::size_t containers = 0;
  Json copy = json;
  for_each_container(copy, [&](Json&) { ++containers; });
  for (std::size_t wanted = 0; wanted < containers; ++wanted) {
    for (std::size_t victim = 0;; ++victim) {
      copy = json;
      std::size_t seen = 0;
      bool removed = false;
      const auto remove = [&](auto& items) {
        if (victim >= items.size()) return;
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(victim));
        removed = true;
      };
      for_each_container(copy, [&](Json& container) {
        if (seen++ != wanted || removed) return;
        remove(container.members);
        if (!removed) remove(container.elements);
      });
      if (!removed) break;
      out.push_back(copy);
    }
  }
  return out;
}

const std::string kPath = "events/\"odd\".json";
const event::Origin kOrigin = {&kPath, 7, 7, 700};
constexpr std::int64_t kDetectedAt = 1'706'702'400'123;

std::string answers(const char* way, bool holds) {
  return std::string(way) + (holds ? " says yes" : " says no");
}

}  // namespace

Comparison::Engine::Engine(const sigma::RuleSet& rules, const sigma::Lists& lists,
                           const program::CompileOptions& options)
    : program(program::Program::compile(rules, lists, diagnostics, options)),
      reader(program.fields()),
      matching(program) {}

Comparison::Comparison(const sigma::RuleSet& rules, const sigma::Lists& lists)
    : rules_(rules),
      lists_(lists),
      engine_(rules, lists, {.hyperscan_literals = 1}),
      plain_(rules, lists, {.hyperscan_literals = SIZE_MAX}),
      reference_(lists_),
      every_rule_(program().rules().size()),
      alerts_(program()) {
  std::iota(every_rule_.begin(), every_rule_.end(), program::RuleIndex{0});
}

std::vector<Difference> Comparison::compare(std::string_view json, std::size_t& matched) {
  const reference::Padded padded(json);
  auto parsed = reference::parse_json(json);
  const bool record = parsed && parsed->kind == Json::Kind::object;
  for (Engine* engine : {&engine_, &plain_}) {
    const auto read = engine->reader.read(padded.view(), engine->event);
    if (read.has_value() != record) return {{0, record, answers("reading", read.has_value())}};
  }
  if (!record) return {};

  gated_.clear(), plain_gated_.clear(), fired_.clear();
  plain_.matching.run_gated(plain_.event, plain_.gates, plain_gated_);
  engine_.matching.run_gated(engine_.event, engine_.gates, gated_);
  engine_.matching.run(engine_.event, every_rule_, fired_);
  const reference::Event event(*std::move(parsed));
  std::vector<Difference> out;
  check_order(out);
  alerts_.begin(engine_.event, kOrigin, kDetectedAt, [&](auto& shown_reader, event::Event& shown) {
    CHECK(shown_reader.read(engine_.event.json(), shown));
  });
  for (const program::RuleIndex rule : every_rule_) {
    const bool wanted = reference_.matches(program().rules()[rule].source, rules_.filters, event);
    if (wanted) ++matched;
    check(rule, wanted, out);
  }
  return out;
}

// Rules come in ascending order, each once.
void Comparison::check_order(std::vector<Difference>& out) const {
  for (const auto* rules : {&gated_, &plain_gated_}) {
    if (std::adjacent_find(rules->begin(), rules->end(), std::greater_equal<>()) != rules->end()) {
      out.push_back({rules->front(), true, "run_gated() gives rules out of order"});
    }
  }
}

void Comparison::check(program::RuleIndex rule, bool wanted, std::vector<Difference>& out) {
  const auto among = [&](const auto& rules) {
    return std::binary_search(rules.begin(), rules.end(), rule);
  };
  const bool fired = among(fired_);
  const bool holds = engine_.matching.holds(program().rules()[rule].root, engine_.event);
  const bool explained = program::explain(program(), rule, engine_.event).holds;
  if (fired != wanted) out.push_back({rule, wanted, answers("run()", fired)});
  if (among(gated_) != wanted) out.push_back({rule, wanted, answers("run_gated()", among(gated_))});
  if (among(plain_gated_) != wanted)
    out.push_back({rule, wanted, answers("run_gated() without Hyperscan", among(plain_gated_))});
  if (holds != wanted) out.push_back({rule, wanted, answers("holds()", holds)});
  if (explained != wanted) out.push_back({rule, wanted, answers("explain()", explained)});
  if (fired) check_alert(rule, out);
}

// After alerts_.begin().
void Comparison::check_alert(program::RuleIndex rule, std::vector<Difference>& out) {
  const alert::AlertView& alert = alerts_.view(rule);
  for (const auto& match : alert.matched.fields) {
    if (match.operation.empty()) out.push_back({rule, true, "a match without an operation"});
  }
  line_.clear(SIZE_MAX);
  alert::append_json(alert, line_);
  if (line_.text() != slow_alert_json(program(), rule, engine_.event, kOrigin, kDetectedAt)) {
    out.push_back({rule, true, "the alert differs: " + std::string(line_.text())});
  }
}

bool Comparison::differs(const Json& json, program::RuleIndex rule) {
  std::size_t matched = 0;
  const auto found = compare(to_text(json), matched);
  return std::any_of(found.begin(), found.end(),
                     [&](const Difference& d) { return d.rule == rule; });
}

std::string Comparison::shrink(const std::string& json, program::RuleIndex rule) {
  auto best = reference::parse_json(json);
  if (!best || !differs(*best, rule)) return json;
  for (bool progress = true; progress;) {
    progress = false;
    for (Json& candidate : smaller(*best)) {
      if (!differs(candidate, rule)) continue;
      best = std::move(candidate);
      progress = true;
      break;
    }
  }
  return to_text(*best);
}

}  // namespace tocsin::differential
