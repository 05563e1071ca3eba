// tocsin fields: which fields a rule set reads, and which of them given events never have.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/command.h"
#include "event/event_reader.h"
#include "event/record_reader.h"

namespace tocsin::cli {
namespace {

struct FieldsArguments {
  RuleOptions rules;
  std::vector<std::string> inputs;
  std::string output = "table";
  bool missing = false;
};

struct FieldUse {
  std::string path;
  std::set<program::RuleIndex> rules;
  std::uint64_t records = 0;  // in which the field is present
};

void collect(const program::Program& program, program::NodeId id, program::RuleIndex rule,
             std::vector<FieldUse>& uses) {
  const program::Node& node = program.node(id);
  if (node.kind == program::Node::Kind::predicate) {
    const program::Predicate& predicate = program.predicates()[node.index];
    uses[predicate.field].rules.insert(rule);
    if (const auto* other = std::get_if<program::MatchField>(&predicate.matcher)) {
      uses[other->other].rules.insert(rule);
    }
  }
  for (const program::NodeId child : program.children(node)) collect(program, child, rule, uses);
}

std::uint64_t count(const program::Program& program, const std::vector<std::string>& files,
                    std::vector<FieldUse>& uses) {
  event::EventReader reader(program.fields());
  event::Event event;
  event::RecordReader records(files);
  event::Batch batch;
  std::uint64_t read = 0;
  std::uint64_t rejected = 0;
  while (records.next(batch)) {
    rejected += batch.errors.size();
    for (const event::Record& record : batch.records) {
      if (!reader.read(record.json, event)) {
        ++rejected;
        continue;
      }
      ++read;
      for (event::FieldRef field = 0; field < uses.size(); ++field) {
        if (event.present(field)) ++uses[field].records;
      }
    }
  }
  if (rejected > 0) {
    fmt::print(stderr, "tocsin: {} records could not be read; `tocsin scan` says which\n",
               rejected);
  }
  return read;
}

void print_json(const std::vector<FieldUse>& uses, std::uint64_t records, bool with_events) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const FieldUse& use : uses) {
    json.begin_object();
    json.member("field", use.path).key("rules").number(std::uint64_t{use.rules.size()});
    if (with_events) {
      json.key("present_in").number(use.records).key("records").number(records);
    }
    json.end_object();
  }
  json.end_array();
  fmt::print("{}\n", out);
}

void print_table(const std::vector<FieldUse>& uses, std::uint64_t records, bool with_events) {
  fmt::print("{:>6}  ", "rules");
  if (with_events) fmt::print("{:>12}  ", "present in");
  fmt::print("field\n");
  for (const FieldUse& use : uses) {
    fmt::print("{:>6}  ", use.rules.size());
    if (with_events) {
      fmt::print("{:>12}  ", use.records == 0 ? "never" : fmt::format("{}", use.records));
    }
    fmt::print("{}\n", use.path.empty() ? "(any value: keywords)" : text::printable(use.path));
  }
  if (with_events) fmt::print("\n{} records\n", records);
}

int run(const FieldsArguments& arguments) {
  const Ruleset ruleset = load_ruleset(arguments.rules);
  print_diagnostics(ruleset.diagnostics, Severity::error, 10);
  const program::Program& program = ruleset.program;

  std::vector<FieldUse> uses(program.fields().size());
  for (event::FieldRef i = 0; i < uses.size(); ++i) uses[i].path = program.fields().path(i);
  for (program::RuleIndex i = 0; i < program.rules().size(); ++i) {
    collect(program, program.rules()[i].root, i, uses);
  }
  const bool with_events = !arguments.inputs.empty();
  std::uint64_t records = 0;
  bool unreadable = false;
  if (with_events) {
    const event::Inputs inputs = event::expand_inputs(arguments.inputs);
    for (const Error& error : inputs.errors) {
      fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
      unreadable = true;
    }
    records = count(program, inputs.files, uses);
  }
  std::erase_if(uses, [&](const FieldUse& use) {
    return use.rules.empty() || (arguments.missing && use.records > 0);
  });
  std::sort(uses.begin(), uses.end(), [](const FieldUse& a, const FieldUse& b) {
    if (a.rules.size() != b.rules.size()) return a.rules.size() > b.rules.size();
    return a.path < b.path;
  });
  if (arguments.output == "json") {
    print_json(uses, records, with_events);
  } else {
    print_table(uses, records, with_events);
  }
  return unreadable || program.rules().empty() ? kError : kOk;
}

}  // namespace

void add_fields(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<FieldsArguments>();
  CLI::App* command =
      app.add_subcommand("fields", "List the fields that rules read and, given events, lack");
  arguments->rules.add_to(*command, true);
  command->add_option("-o,--output", arguments->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
  command->add_flag("--missing", arguments->missing, "Only fields that no given event has");
  command->add_option("EVENTS", arguments->inputs, "Files, folders, globs or - with events")
      ->type_name("");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tocsin::cli
