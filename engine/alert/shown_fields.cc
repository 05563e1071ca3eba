#include "alert/shown_fields.h"

namespace tocsin::alert {
namespace {

using View = EventFacts<std::string_view>;

// Facts that stand in the record as they are shown.
constexpr std::pair<std::string_view View::*, const char*> kPaths[] = {
    {&View::event_id, "eventID"},
    {&View::event_time, "eventTime"},
    {&View::event_name, "eventName"},
    {&View::event_source, "eventSource"},
    {&View::region, "awsRegion"},
    {&View::source_ip, "sourceIPAddress"},
    {&View::user_agent, "userAgent"},
    {&View::error_code, "errorCode"},
    {&View::error_message, "errorMessage"},
    {&View::source_identity, "userIdentity.sessionContext.sourceIdentity"},
    {&View::invoked_by, "userIdentity.invokedBy"},
    {&View::access_key, "userIdentity.accessKeyId"},
};

}  // namespace

ShownFields::ShownFields(event::FieldSet& fields) : cloudtrail_(fields) {
  for (const auto& [text, path] : kPaths) texts_.emplace_back(text, fields.add(path));
}

void ShownFields::read(const event::Event& event, View& out) {
  for (const auto& [text, field] : texts_) out.*text = event.text(field);
  const event::Facts facts = cloudtrail_.facts(event, principal_);
  out.principal = facts.principal;
  out.person = facts.person;
  out.session_name = facts.session_name;
  out.identity_kind = facts.identity_kind;
  out.mfa = facts.mfa;
  out.source_ip_kind = facts.source_ip_kind;
  out.account = facts.account;
}

}  // namespace tocsin::alert
