// tocsin explain: why a rule fires on an event, or why it does not.
#include "program/explain.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/explain_correlation.h"
#include "cli/terminal.h"
#include "event/event_reader.h"
#include "event/record_reader.h"

namespace tocsin::cli {
namespace {

struct ExplainArguments {
  RuleOptions rules;
  std::string rule;
  std::string event;
  std::uint64_t record = 1;
  std::string output = "text";
};

struct FoundRecord {
  event::Batch batch;  // keeps the record's bytes
  const event::Record* record = nullptr;
};

// The record with that number, from inline JSON, a file or standard input.
std::unique_ptr<FoundRecord> find_record(const ExplainArguments& arguments) {
  auto found = std::make_unique<FoundRecord>();
  const auto look = [&] {
    for (const event::RecordError& error : found->batch.errors) {
      if (error.origin.record > arguments.record) continue;
      fmt::print(stderr, "tocsin: record {}: {}\n", error.origin.record,
                 text::printable(error.error.message));
    }
    for (const event::Record& record : found->batch.records) {
      if (record.origin.record == arguments.record) found->record = &record;
    }
    return found->record != nullptr;
  };
  if (arguments.event.starts_with('{')) {
    found->batch = event::read_records(arguments.event, "(command line)");
    if (look()) return found;
  } else {
    const event::Inputs inputs = event::expand_inputs({arguments.event});
    for (const Error& error : inputs.errors) {
      fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
    }
    event::RecordReader reader(inputs.files);
    while (reader.next(found->batch)) {
      if (look()) return found;
    }
  }
  fmt::print(stderr, "tocsin: there is no readable record {} in {}\n", arguments.record,
             text::printable(arguments.event));
  return nullptr;
}

std::string_view name_of(program::Node::Kind kind) {
  switch (kind) {
    case program::Node::Kind::all:
      return "all of";
    case program::Node::Kind::any:
      return "any of";
    case program::Node::Kind::negation:
      return "not";
    case program::Node::Kind::selection:
      return "selection";
    case program::Node::Kind::predicate:
      return "predicate";
  }
  return "";
}

std::string list_of(const std::vector<std::string>& texts, std::size_t shown, std::size_t more) {
  std::string out;
  for (std::size_t i = 0; i < texts.size() && i < shown; ++i) {
    if (i > 0) out += ", ";
    out += '"' + cut(text::printable(texts[i]), 80) + '"';
  }
  more += texts.size() - std::min(texts.size(), shown);
  if (more > 0) out += fmt::format(" … and {} more", more);
  return out;
}

void print_leaf(const program::Explained& leaf) {
  const std::string field = leaf.field.empty() ? "(any value)" : text::printable(leaf.field);
  fmt::print("{} {} {}", field, leaf.operation, list_of(leaf.patterns, 4, 0));
  if (!leaf.present) {
    fmt::print("  ← absent");
  } else if (!leaf.field.empty()) {
    fmt::print("  ← {}",
               leaf.values.empty() ? "(no scalar)" : list_of(leaf.values, 4, leaf.more_values));
  } else if (!leaf.met_value.empty()) {
    fmt::print("  ← {}", list_of({leaf.met_value}, 1, 0));
  }
}

void print_tree(const program::Explained& node, std::size_t depth, bool color) {
  const std::string_view style = !color ? "" : node.holds ? "\x1b[32m" : "\x1b[31m";
  fmt::print("{:{}}{}{}{} ", "", depth * 2, style, node.holds ? "true " : "false",
             reset_style(color));
  if (node.kind == program::Node::Kind::predicate) {
    print_leaf(node);
  } else if (node.kind == program::Node::Kind::selection) {
    fmt::print("{}", text::printable(node.selection));
  } else {
    fmt::print("{}", name_of(node.kind));
  }
  fmt::print("\n");
  for (const program::Explained& child : node.children) print_tree(child, depth + 1, color);
}

void write_strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_tree(JsonWriter& json, const program::Explained& node) {
  json.begin_object();
  json.member("kind", name_of(node.kind)).key("holds").boolean(node.holds);
  if (node.kind == program::Node::Kind::selection) json.member("name", node.selection);
  if (node.kind == program::Node::Kind::predicate) {
    json.member("field", node.field).member("matcher", node.operation);
    write_strings(json, "patterns", node.patterns);
    json.key("present").boolean(node.present);
    write_strings(json, "values", node.values);
  } else {
    json.key("children").begin_array();
    for (const program::Explained& child : node.children) write_tree(json, child);
    json.end_array();
  }
  json.end_object();
}

int run(ExplainArguments arguments) {
  if (arguments.rules.rules.empty()) {
    std::error_code error;
    if (!std::filesystem::exists(arguments.rule, error)) {
      fmt::print(stderr, "tocsin: give --rules PATH, or a rule file as RULE\n");
      return kError;
    }
    arguments.rules.rules = {arguments.rule};
  }
  const Ruleset ruleset = load_ruleset(arguments.rules);
  print_diagnostics(ruleset.diagnostics, Severity::error, 10);
  if (const auto correlation = ruleset.correlations->find(arguments.rule)) {
    return explain_correlation(ruleset, *correlation, arguments.event, arguments.output == "json");
  }
  const auto rule = find_rule(ruleset.program, arguments.rule);
  if (!rule) return kError;
  const auto found = find_record(arguments);
  if (found == nullptr) return kError;

  event::EventReader reader(ruleset.program.fields());
  event::Event event;
  if (auto read = reader.read(found->record->json, event); !read) {
    fmt::print(stderr, "tocsin: record {}: {}\n", arguments.record,
               text::printable(read.error().message));
    return kError;
  }
  const program::Explained tree = program::explain(ruleset.program, *rule, event);
  const std::string sentence = program::closing_sentence(tree);
  const program::CompiledRule& compiled = ruleset.program.rules()[*rule];
  const sigma::Meta& meta = compiled.source.meta;
  const program::LogsourceDeclaration cloudtrail{"aws", "cloudtrail", ""};
  const bool other_source =
      event.is_cloudtrail() && !program::accepts(compiled.source.logsource, cloudtrail);

  if (arguments.output == "json") {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("rule", meta.title).member("id", meta.id);
    json.key("fires").boolean(tree.holds).key("log_source_accepted").boolean(!other_source);
    json.member("why", sentence).key("condition");
    write_tree(json, tree);
    json.end_object();
    fmt::print("{}\n", out);
  } else {
    fmt::print("{} ({}, {})\n", text::printable(meta.title), text::printable(meta.id),
               text::printable(meta.level));
    for (const std::string& filter : compiled.filters) {
      fmt::print("with the filter: {}\n", text::printable(filter));
    }
    fmt::print("\n");
    print_tree(tree, 0, use_color(stdout));
    fmt::print("\n{}\n", text::printable(sentence));
    if (other_source) {
      fmt::print(
          "But the record is a CloudTrail event and the rule is for another log source, so "
          "`scan` does not evaluate it (see `scan --logsource`).\n");
    }
  }
  return tree.holds ? kOk : kFinding;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ExplainArguments>();
  CLI::App* command = app.add_subcommand("explain", "Show why a rule fires on an event, or not");
  command->footer(
      "RULE may be a correlation: then all of EVENT (a file or a folder) is read, and what it "
      "found\n"
      "is shown with the windows that are open at the end.\n\n"
      "Exits with 0 when the rule fires, 1 when it does not, 2 when it cannot tell.");
  arguments->rules.add_to(*command, false);
  command->add_option("-n,--record", arguments->record, "Which record of EVENT (default 1)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  command->add_option("RULE", arguments->rule, "Id, name, title or file of a rule")
      ->required()
      ->type_name("");
  command->add_option("EVENT", arguments->event, "A file, - for standard input, or inline JSON")
      ->required()
      ->type_name("");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tocsin::cli
