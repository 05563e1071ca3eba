#include "differential/slow_alert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "alert/resources.h"
#include "base/blake2b.h"
#include "base/text.h"
#include "base/time.h"
#include "event/cloudtrail.h"
#include "event/event_reader.h"
#include "event/json_text.h"

namespace tocsin::differential {
namespace {

// Walks what must be true for the rule to fire and collects the leaves that are.
void collect(const program::Explained& node, program::MatchDetails& out) {
  using Kind = program::Node::Kind;
  if (!node.holds || node.kind == Kind::negation) return;  // what did not happen is no evidence
  if (node.kind == Kind::predicate) {
    out.fields.push_back({node.field, node.met_value, node.operation, node.met_pattern});
    return;
  }
  if (node.kind == Kind::selection) {
    const auto& names = out.selections;
    if (std::find(names.begin(), names.end(), node.selection) != names.end()) return;
    out.selections.push_back(node.selection);
  }
  for (const program::Explained& child : node.children) collect(child, out);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t pos = 0; pos < text.size();) {
    const char32_t c = text::next_code_point(text, pos);
    if (c == U'"' || c == U'\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == U'\n') {
      out += "\\n";
    } else if (c == U'\r') {
      out += "\\r";
    } else if (c == U'\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text::append_utf8(c, out);
    }
  }
  return out + '"';
}

std::string member(std::string_view name, std::string_view value) {
  return quoted(name) + ":" + quoted(value) + ",";
}

std::string optional(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : member(name, value);
}

std::string joined(std::vector<std::string> parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

std::string list(std::string_view name, std::vector<std::string> values) {
  for (std::string& value : values) value = quoted(value);
  return quoted(name) + ":[" + joined(std::move(values)) + "],";
}

// BLAKE2b of all fields at once, each behind its size. The hash itself is the engine's:
// hash_test.cc compares it with other implementations.
std::string key_of(std::initializer_list<std::string_view> parts) {
  std::string bytes;
  for (const std::string_view part : parts) {
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(part.size() >> 8 * i & 0xFF);
    bytes += part;
  }
  Blake2b hash;
  hash.add(bytes);
  std::string digits;
  for (const std::uint8_t byte : hash.digest()) digits += fmt::format("{:02x}", byte);
  return digits;
}

std::string rule_json(const program::CompiledRule& rule) {
  const sigma::Meta& meta = rule.source.meta;
  std::string out = "\"rule\":{" + member("id", meta.id) + member("title", meta.title) +
                    member("level", meta.level.empty() ? "medium" : meta.level) +
                    optional("status", meta.status) + optional("author", meta.author) +
                    optional("description", meta.description) + list("tags", meta.tags) +
                    list("references", meta.references) +
                    list("falsepositives", meta.falsepositives) + member("file", meta.file) +
                    member("hash", rule.hash);
  out.back() = '}';
  return out + ",";
}

std::string match_json(const program::MatchDetails& details) {
  std::vector<std::string> fields;
  for (const program::FieldMatch& field : details.fields) {
    fields.push_back("{" + member("name", field.name) + member("value", field.value) +
                     member("matcher", field.operation) + member("pattern", field.pattern));
    fields.back().back() = '}';
  }
  return "\"matched\":{" + list("selections", details.selections) + "\"fields\":[" +
         joined(std::move(fields)) + "]},";
}

}  // namespace

program::MatchDetails slow_match_details(const program::Program& program, program::RuleIndex rule,
                                         event::Event& event) {
  program::MatchDetails details;
  collect(program::explain(program, rule, event), details);
  return details;
}

std::string slow_alert_json(const program::Program& program, program::RuleIndex index,
                            event::Event& event, const event::Origin& origin,
                            std::int64_t detected_at) {
  static event::FieldSet fields;
  static const event::CloudTrailFields cloudtrail(fields);
  static const alert::ResourceFields resources(fields);
  for (const char* path : {"eventID", "eventTime", "eventName", "eventSource", "awsRegion",
                           "userAgent", "errorMessage", "userIdentity.accessKeyId"}) {
    fields.add(path);
  }
  event::EventReader reader(fields);
  event::Event shown;
  if (!reader.read(event.json(), shown)) return "cannot be read again";
  std::string scratch;
  const event::Facts facts = cloudtrail.facts(shown, scratch);
  const auto text = [&](const char* path) { return std::string(shown.text(fields.find(path))); };

  const program::CompiledRule& rule = program.rules()[index];
  const sigma::Meta& meta = rule.source.meta;
  const std::string& rule_key = meta.id.empty() ? meta.title : meta.id;
  const std::string record = event::compact_json(event.json());
  const std::string identity = text("eventID").empty() ? record : text("eventID");
  const std::string fingerprint =
      facts.person.empty() ? key_of({rule_key, facts.principal, facts.account})
                           : key_of({rule_key, facts.principal, facts.account, facts.person});
  std::string out = "{" + member("id", key_of({rule_key, identity, facts.account})) +
                    member("fingerprint", fingerprint) + member("status", "firing") +
                    rule_json(rule) + match_json(slow_match_details(program, index, event));
  out += member("principal", facts.principal) + optional("person", facts.person);
  out += optional("session_name", facts.session_name);
  out += optional("source_identity", text("userIdentity.sessionContext.sourceIdentity"));
  out += optional("invoked_by", text("userIdentity.invokedBy"));
  out += member("identity_kind", facts.identity_kind);
  out += member("mfa", facts.mfa) + optional("access_key_id", text("userIdentity.accessKeyId"));
  out += member("source_ip", text("sourceIPAddress"));
  out += member("source_ip_kind", facts.source_ip_kind) + member("user_agent", text("userAgent"));
  out += member("account", facts.account) + member("region", text("awsRegion"));
  out += member("event_source", text("eventSource")) + member("event_name", text("eventName"));
  out += optional("error_code", text("errorCode"));
  out += optional("error_message", text("errorMessage"));
  out += member("event_id", text("eventID")) + member("event_time", text("eventTime"));
  std::vector<alert::ResourceView> touched;
  resources.read(shown, text("eventSource"), touched);
  std::vector<std::string> names;
  for (const alert::ResourceView& resource : touched) {
    names.push_back("{" + member("kind", resource.kind) + member("name", resource.name));
    names.back().back() = '}';
  }
  if (!names.empty()) out += "\"resources\":[" + joined(names) + "],";
  out +=
      member("detected_at", format_time(detected_at / 1000, static_cast<int>(detected_at % 1000)));
  if (origin.path != nullptr && !origin.path->empty()) {
    out +=
        fmt::format(R"("input":{{"path":{},"record":{}}},)", quoted(*origin.path), origin.record);
  }
  return out + "\"event\":" + record + "}";
}

}  // namespace tocsin::differential
