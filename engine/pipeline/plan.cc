#include "pipeline/plan.h"

#include <span>
#include <string>
#include <utility>

namespace tocsin::pipeline {
namespace {

program::Gates gates_for(const program::Program& program, const Source& source) {
  switch (source.policy) {
    case LogsourcePolicy::by_shape:
      return program.gates_of(program.cloudtrail_rules());
    case LogsourcePolicy::declared:
      return program.gates_of(program.rules_for(source.declared));
    case LogsourcePolicy::ignore:
      break;
  }
  return program.gates_of(program.all_rules());
}

}  // namespace

std::optional<Source> parse_source(std::string_view text) {
  Source source;
  if (text == "auto") return source;
  if (text == "any") {
    source.policy = LogsourcePolicy::ignore;
    return source;
  }
  source.policy = LogsourcePolicy::declared;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = part.substr(0, equals);
    std::string value(part.substr(equals + 1));
    if (key == "product") {
      source.declared.product = std::move(value);
    } else if (key == "service") {
      source.declared.service = std::move(value);
    } else if (key == "category") {
      source.declared.category = std::move(value);
    } else {
      return std::nullopt;
    }
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return source;
}

Plan::Plan(const program::Program& program, const Source& source, bool reads_time)
    : program_(program),
      by_shape_(source.policy == LogsourcePolicy::by_shape),
      time_(reads_time ? program.fields().find(program::kTimeField) : event::kNoField),
      gates_(gates_for(program, source)) {
  const event::FieldSet& all = program.fields();
  std::vector<event::FieldRef> fields;
  for (event::FieldRef field = 0; field < all.size(); ++field) {
    if (all.path(field) != event::kWholeEvent) fields.push_back(field);
  }
  const std::span<const event::FieldRef> gates = gates_.fields();
  std::vector<event::FieldRef> first(gates.begin(), gates.end());
  if (time_ != event::kNoField) first.push_back(time_);
  phases_.push_back(all.only(first));
  phases_.push_back(all.only(fields));
  phases_.push_back(all);
}

const program::Gates& Plan::other_gates() const {
  std::call_once(other_made_, [this] { other_ = program_.gates_of(program_.all_rules()); });
  return other_;
}

}  // namespace tocsin::pipeline
