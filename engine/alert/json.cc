#include "alert/alert.h"
#include "base/json_writer.h"

namespace tocsin::alert {
namespace {

void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

// Absent rather than empty: a reader need not tell "" from nothing.
void optional(JsonWriter& json, std::string_view name, std::string_view value) {
  if (!value.empty()) json.member(name, value);
}

void rule(JsonWriter& json, const RuleFacts& facts) {
  json.key("rule").begin_object();
  json.member("id", facts.id).member("title", facts.title).member("level", facts.level);
  optional(json, "status", facts.status);
  optional(json, "author", facts.author);
  strings(json, "tags", facts.tags);
  strings(json, "references", facts.references);
  strings(json, "falsepositives", facts.falsepositives);
  json.member("file", facts.file).member("hash", facts.hash);
  json.end_object();
}

void matched(JsonWriter& json, const program::MatchDetails& details) {
  json.key("matched").begin_object();
  strings(json, "selections", details.selections);
  json.key("fields").begin_array();
  for (const program::FieldMatch& field : details.fields) {
    json.begin_object();
    json.member("name", field.name).member("value", field.value);
    json.member("matcher", field.operation).member("pattern", field.pattern);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace

void append_json(const Alert& alert, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("id", alert.id).member("fingerprint", alert.fingerprint);
  json.member("status", alert.status);
  rule(json, alert.rule);
  matched(json, alert.matched);
  json.member("principal", alert.principal);
  json.member("identity_kind", alert.identity_kind).member("mfa", alert.mfa);
  optional(json, "access_key_id", alert.access_key);
  json.member("source_ip", alert.source_ip).member("source_ip_kind", alert.source_ip_kind);
  json.member("user_agent", alert.user_agent);
  json.member("account", alert.account).member("region", alert.region);
  json.member("event_source", alert.event_source).member("event_name", alert.event_name);
  optional(json, "error_code", alert.error_code);
  optional(json, "error_message", alert.error_message);
  json.member("event_id", alert.event_id).member("event_time", alert.event_time);
  json.member("detected_at", alert.detected_at);
  if (!alert.input_path.empty()) {
    json.key("input").begin_object();
    json.member("path", alert.input_path).key("record").number(alert.input_record);
    json.end_object();
  }
  json.key("event").raw(alert.event);
  json.end_object();
}

}  // namespace tocsin::alert
