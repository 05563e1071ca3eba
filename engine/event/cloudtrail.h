// CloudTrail: the facts that every reader of an audit event asks for first, computed once from the
// record. Source: CloudTrail record contents and userIdentity element reference (eventVersion 1.x).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/field_set.h"

namespace tocsin::event {

struct Facts {
  // root, iam_user, assumed_role, role, federated_user, directory, aws_account, aws_service,
  // saml_user, web_identity_user, identity_center_user, unknown.
  std::string_view identity_kind;
  // One stable key for an identity: for a role session the role's ARN, otherwise the identity's
  // ARN, the service's name, the account; "" when the record names nobody.
  std::string_view principal;
  // The session of an assumed role; whoever assumed it chose the name.
  std::string_view session_name;
  // Who acts behind a principal that many share, where the record says so: the source identity that
  // an administrator had set; the session's name, if the role is one of IAM Identity Center
  // (AWSReservedSSO_…) or the name is an e-mail address, as identity providers set it; the Identity
  // Center user on whose behalf a service acts. "" otherwise.
  std::string_view person;
  std::string_view mfa;             // true, false, unknown (the record does not say)
  std::string_view source_ip_kind;  // public, private, aws_service, aws_internal, none
  std::string_view account;         // the account in which it happened, "" when unknown
  bool is_error = false;            // errorCode is present and not null
};

// The fields that facts are computed from.
class CloudTrailFields {
 public:
  explicit CloudTrailFields(FieldSet& fields);
  // Fields that were all added before; for readers of a finished set.
  explicit CloudTrailFields(const FieldSet& fields);

  // The facts are views into the event and into `scratch`.
  Facts facts(const Event& event, std::string& scratch) const;

  FieldRef type, arn, principal_id, account_id, user_name, invoked_by, on_behalf_of;
  FieldRef issuer_arn, source_identity, mfa_authenticated, mfa_used;
  FieldRef source_ip, recipient_account, error_code;

 private:
  template <class Find>
  void bind(Find find);
  std::string_view principal(const Event& event, std::string_view kind, std::string& scratch) const;
  std::string_view session_name(const Event& event) const;
  std::string_view person(const Event& event, const Facts& facts) const;
};

// The names under which rules read facts, "tocsin.mfa" and so on; for lint and suggestions.
const std::vector<std::string_view>& fact_names();

// The facts that a FieldSet asks for, computed after the walk.
class FactFields {
 public:
  // Adds to `fields` what the facts among them are computed from. Call when all fields are added.
  static void complete(FieldSet& fields);
  // nullptr when `fields` asks for no fact. Precondition: complete() was called.
  static std::unique_ptr<FactFields> in(const FieldSet& fields);

  using Sink = std::function<void(FieldRef, const Value&)>;
  // The texts passed to `sink` live only during the call.
  void compute(const Event& event, const Sink& sink) const;

 private:
  explicit FactFields(const FieldSet& fields);

  CloudTrailFields source_;
  FieldRef identity_kind_, principal_, person_, mfa_, source_ip_kind_, account_, is_error_;
};

}  // namespace tocsin::event
