#include "cli/check_cost.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "program/cost.h"

namespace tocsin::cli {
namespace {

std::string share(double tried) {
  return tried >= 0.1 ? fmt::format("{:.0f} %", tried * 100) : fmt::format("{:.2g} %", tried * 100);
}

std::string sign(const program::RuleCost& cost) {
  if (cost.waits_for.empty()) return "nothing";
  const std::string first = text::printable(cost.waits_for);
  return cost.alternatives > 1 ? fmt::format("{} or {} more", first, cost.alternatives - 1) : first;
}

}  // namespace

void print_costs(const program::Program& program) {
  constexpr std::size_t kTitle = 44, kSign = 56;
  fmt::print("{:<7} {:>8}  {:<44}  {:<12} {}\n", "COST", "TRIED ON", "RULE", "PREDICATES",
             "WAITS UNTIL");
  for (const program::RuleCost& cost : program::estimate_costs(program)) {
    const sigma::Meta& meta = program.rules()[cost.rule].source.meta;
    fmt::print("{:<7} {:>8}  {:<44}  {:<12} {}\n", program::to_string(cost.cost), share(cost.tried),
               cut(text::printable(meta.title), kTitle),
               fmt::format("{} ({} shared)", cost.predicates, cost.shared), cut(sign(cost), kSign));
    for (const std::string& advice : cost.advice) fmt::print("{:>18}{}\n", "", advice);
  }
}

std::string costs_json(const program::Program& program) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const program::RuleCost& cost : program::estimate_costs(program)) {
    const sigma::Meta& meta = program.rules()[cost.rule].source.meta;
    json.begin_object()
        .member("title", meta.title)
        .member("id", meta.id)
        .member("file", meta.file)
        .member("cost", program::to_string(cost.cost));
    json.key("tried_per_million_records")
        .number(static_cast<std::uint64_t>(std::llround(cost.tried * 1e6)));
    json.member("waits_for", cost.waits_for);
    json.key("alternatives").number(std::uint64_t{cost.alternatives});
    json.key("predicates").number(std::uint64_t{cost.predicates});
    json.key("shared_predicates").number(std::uint64_t{cost.shared});
    json.key("advice").begin_array();
    for (const std::string& advice : cost.advice) json.string(advice);
    json.end_array().end_object();
  }
  json.end_array();
  return out;
}

}  // namespace tocsin::cli
