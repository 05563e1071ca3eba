#include "pipeline/plan.h"

#include "event/cloudtrail.h"

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

Plan::Plan(const program::Program& program, const Source& source)
    : program_(program),
      by_shape_(source.policy == LogsourcePolicy::by_shape),
      gates_(gates_for(program, source)) {
  const event::FieldSet& all = program.fields();
  std::vector<event::FieldRef> fields;
  for (event::FieldRef field = 0; field < all.size(); ++field) {
    if (all.path(field) != event::kWholeEvent) fields.push_back(field);
  }
  phases_.push_back(all.only(event::FactFields::with_sources(all, gates_.fields())));
  phases_.push_back(all.only(fields));
  phases_.push_back(all);
}

const program::Gates& Plan::other_gates() const {
  std::call_once(other_made_, [this] { other_ = program_.gates_of(program_.all_rules()); });
  return other_;
}

}  // namespace tocsin::pipeline
