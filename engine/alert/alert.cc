#include "alert/alert.h"

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "alert/rule_json.h"
#include "alert/wording.h"
#include "base/json_writer.h"
#include "event/json_text.h"
#include "sigma/ast.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t kDescription = 2000;  // bytes of a rule's text that each alert repeats
constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high",
                                                     "critical"};

// The text of a JSON string; of anything else, "".
std::string plain_text(std::string_view json) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  return !error && value.is_string() ? std::string(value.get_string()) : std::string();
}

void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

program::MatchDetails copy_of(const program::MatchView& view) {
  program::MatchDetails copy;
  copy.selections.assign(view.selections.begin(), view.selections.end());
  for (const auto& field : view.fields) {
    copy.fields.push_back({std::string(field.name), std::string(field.value),
                           std::string(field.operation), std::string(field.pattern)});
  }
  return copy;
}

}  // namespace

RuleFacts facts_of(const sigma::Meta& meta, std::string hash) {
  RuleFacts facts;
  facts.id = meta.id;
  facts.title = meta.title;
  facts.level = meta.level.empty() ? "medium" : meta.level;
  facts.status = meta.status;
  facts.author = meta.author;
  facts.file = meta.file;
  facts.hash = std::move(hash);
  facts.tags = meta.tags;
  facts.references = meta.references;
  facts.falsepositives = meta.falsepositives;
  facts.description = cut_bytes(meta.description, kDescription);
  for (const sigma::CustomField& field : meta.custom) {
    if (field.name == "runbook") facts.runbook = cut_bytes(plain_text(field.json), kDescription);
  }
  facts.json = rule_json(facts);
  return facts;
}

std::string rule_json(const RuleFacts& facts) {
  std::string out;
  JsonWriter json(out);
  json.key("rule").begin_object();
  json.member("id", facts.id).member("title", facts.title).member("level", facts.level);
  if (!facts.status.empty()) json.member("status", facts.status);
  if (!facts.author.empty()) json.member("author", facts.author);
  if (!facts.description.empty()) json.member("description", facts.description);
  if (!facts.runbook.empty()) json.member("runbook", facts.runbook);
  strings(json, "tags", facts.tags);
  strings(json, "references", facts.references);
  strings(json, "falsepositives", facts.falsepositives);
  json.member("file", facts.file).member("hash", facts.hash);
  json.end_object();
  return out;
}

Alert copy_of(const AlertView& view) {
  Alert copy;
  copy_facts(view, copy);
  copy.id = view.id;
  copy.fingerprint = view.fingerprint;
  copy.status = view.status;
  copy.rule = view.rule;
  copy.matched = copy_of(view.matched);
  for (const ResourceView& resource : view.resources) {
    copy.resources.push_back({std::string(resource.kind), std::string(resource.name)});
  }
  copy.detected_at = view.detected_at;
  copy.event = event::compact_json(view.event);
  copy.correlation = view.correlation;
  return copy;
}

int severity_rank(std::string_view level) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == level) return static_cast<int>(i);
  }
  return 2;
}

std::string_view severity_name(int rank) {
  return kLevels[static_cast<std::size_t>(rank < 0 ? 0 : rank > 4 ? 4 : rank)];
}

}  // namespace tocsin::alert
