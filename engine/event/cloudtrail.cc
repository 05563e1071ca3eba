#include "event/cloudtrail.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/ip.h"

namespace tocsin::event {
namespace {

constexpr std::string_view kKindFact = "tocsin.identity_kind";
constexpr std::string_view kPrincipalFact = "tocsin.principal";
constexpr std::string_view kPersonFact = "tocsin.person";
constexpr std::string_view kMfaFact = "tocsin.mfa";
constexpr std::string_view kSourceIpFact = "tocsin.source_ip_kind";
constexpr std::string_view kAccountFact = "tocsin.account";
constexpr std::string_view kErrorFact = "tocsin.is_error";

std::string_view kind_of(std::string_view type) {
  static constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"Root", "root"},
      {"IAMUser", "iam_user"},
      {"AssumedRole", "assumed_role"},
      {"Role", "role"},
      {"FederatedUser", "federated_user"},
      {"Directory", "directory"},
      {"AWSAccount", "aws_account"},
      {"AWSService", "aws_service"},
      {"SAMLUser", "saml_user"},
      {"WebIdentityUser", "web_identity_user"},
      {"IdentityCenterUser", "identity_center_user"},
  };
  for (const auto& [name, kind] : kKinds) {
    if (type == name) return kind;
  }
  return "unknown";
}

// arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION → arn:PARTITION:iam::ACCOUNT:role/ROLE.
// The path of the role is not in a session's ARN, so this is used only without a session issuer.
std::string_view role_of_session(std::string_view arn, std::string& scratch) {
  constexpr std::string_view kService = ":sts::";
  constexpr std::string_view kResource = ":assumed-role/";
  const std::size_t service = arn.find(kService);
  const std::size_t resource = arn.find(kResource);
  if (service == std::string_view::npos || resource == std::string_view::npos ||
      resource < service) {
    return arn;
  }
  const std::string_view account =
      arn.substr(service + kService.size(), resource - service - kService.size());
  const std::string_view rest = arn.substr(resource + kResource.size());
  scratch = fmt::format("{}:iam::{}:role/{}", arn.substr(0, service), account,
                        rest.substr(0, rest.find('/')));
  return scratch;
}

std::string_view mfa_of(std::string_view authenticated, std::string_view used) {
  if (authenticated == "true" || used == "Yes") return "true";
  if (authenticated == "false" || used == "No") return "false";
  return "unknown";
}

bool is_private(const IpPrefix& address) {
  static const auto kNetworks = [] {
    std::vector<IpPrefix> networks;
    for (const char* text :
         {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
          "100.64.0.0/10", "0.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128", "::/128"}) {
      networks.push_back(*parse_cidr(text));
    }
    return networks;
  }();
  for (const IpPrefix& network : kNetworks) {
    if (contains(network, address)) return true;
  }
  return false;
}

std::string_view source_ip_kind(std::string_view source) {
  if (source.empty()) return "none";
  if (const auto address = parse_ip(source)) return is_private(*address) ? "private" : "public";
  if (source == "AWS Internal") return "aws_internal";
  const auto is_aws = [&](std::string_view suffix) { return source.ends_with(suffix); };
  if (is_aws(".amazonaws.com") || is_aws(".amazonaws.com.cn") || is_aws(".aws.internal")) {
    return "aws_service";
  }
  return "none";
}

}  // namespace

const std::vector<std::string_view>& fact_names() {
  static const std::vector<std::string_view> kNames = {
      kKindFact, kPrincipalFact, kPersonFact, kMfaFact, kSourceIpFact, kAccountFact, kErrorFact};
  return kNames;
}

template <class Find>
void CloudTrailFields::bind(Find find) {
  type = find("userIdentity.type");
  arn = find("userIdentity.arn");
  principal_id = find("userIdentity.principalId");
  account_id = find("userIdentity.accountId");
  user_name = find("userIdentity.userName");
  invoked_by = find("userIdentity.invokedBy");
  on_behalf_of = find("userIdentity.onBehalfOf.userId");
  issuer_arn = find("userIdentity.sessionContext.sessionIssuer.arn");
  source_identity = find("userIdentity.sessionContext.sourceIdentity");
  mfa_authenticated = find("userIdentity.sessionContext.attributes.mfaAuthenticated");
  mfa_used = find("additionalEventData.MFAUsed");
  source_ip = find("sourceIPAddress");
  recipient_account = find("recipientAccountId");
  error_code = find("errorCode");
}

CloudTrailFields::CloudTrailFields(FieldSet& fields) {
  bind([&](std::string_view path) { return fields.add(path); });
}

CloudTrailFields::CloudTrailFields(const FieldSet& fields) {
  bind([&](std::string_view path) { return fields.find(path); });
}

std::string_view CloudTrailFields::principal(const Event& event, std::string_view kind,
                                             std::string& scratch) const {
  const std::string_view own = event.text(arn);
  const std::string_view account = event.text(account_id);
  if (kind == "assumed_role") {
    const std::string_view issuer = event.text(issuer_arn);
    if (!issuer.empty()) return issuer;
    if (!own.empty()) return role_of_session(own, scratch);
  }
  if (!own.empty()) return own;
  if (kind == "root" && !account.empty()) {
    scratch = fmt::format("arn:aws:iam::{}:root", account);
    return scratch;
  }
  for (const FieldRef field : {invoked_by, on_behalf_of, user_name, principal_id, account_id}) {
    const std::string_view text = event.text(field);
    if (!text.empty()) return text;
  }
  return {};
}

std::string_view CloudTrailFields::session_name(const Event& event) const {
  const std::string_view id = event.text(principal_id);  // AROA…:SESSION
  if (const std::size_t colon = id.find(':'); colon != std::string_view::npos) {
    return id.substr(colon + 1);
  }
  const std::string_view session = event.text(arn);  // …:assumed-role/ROLE/SESSION
  return session.find(":assumed-role/") == std::string_view::npos
             ? std::string_view()
             : session.substr(session.rfind('/') + 1);
}

std::string_view CloudTrailFields::person(const Event& event, const Facts& facts) const {
  const std::string_view identity = event.text(source_identity);
  if (!identity.empty()) return identity;
  const std::string_view role = facts.principal.substr(facts.principal.rfind('/') + 1);
  const bool is_person =
      role.starts_with("AWSReservedSSO_") || facts.session_name.find('@') != std::string_view::npos;
  if (is_person && !facts.session_name.empty()) return facts.session_name;
  const std::string_view user = event.text(on_behalf_of);
  return user == facts.principal ? std::string_view() : user;
}

Facts CloudTrailFields::facts(const Event& event, std::string& scratch) const {
  Facts facts;
  facts.identity_kind = kind_of(event.text(type));
  facts.principal = principal(event, facts.identity_kind, scratch);
  if (facts.identity_kind == "assumed_role") facts.session_name = session_name(event);
  facts.person = person(event, facts);
  const Value* authenticated = event.first(mfa_authenticated);
  facts.mfa = mfa_of(authenticated != nullptr ? authenticated->text : "", event.text(mfa_used));
  facts.source_ip_kind = source_ip_kind(event.text(source_ip));
  facts.account = event.text(recipient_account);
  if (facts.account.empty()) facts.account = event.text(account_id);
  const Value* error = event.first(error_code);
  facts.is_error = error != nullptr && error->kind != Value::Kind::null;
  return facts;
}

void FactFields::complete(FieldSet& fields) {
  for (const std::string_view name : fact_names()) {
    const FieldRef fact = fields.find(name);
    if (fact != kNoField && fields.is_read(fact)) {
      CloudTrailFields added(fields);
      return;
    }
  }
}

std::unique_ptr<FactFields> FactFields::in(const FieldSet& fields) {
  for (const std::string_view name : fact_names()) {
    const FieldRef fact = fields.find(name);
    if (fact != kNoField && fields.is_read(fact)) {
      return std::unique_ptr<FactFields>(new FactFields(fields));
    }
  }
  return nullptr;
}

FactFields::FactFields(const FieldSet& fields)
    : source_(fields),
      identity_kind_(fields.find(kKindFact)),
      principal_(fields.find(kPrincipalFact)),
      person_(fields.find(kPersonFact)),
      mfa_(fields.find(kMfaFact)),
      source_ip_kind_(fields.find(kSourceIpFact)),
      account_(fields.find(kAccountFact)),
      is_error_(fields.find(kErrorFact)) {}

void FactFields::compute(const Event& event, const Sink& sink) const {
  std::string scratch;
  const Facts facts = source_.facts(event, scratch);
  const auto put = [&](FieldRef field, std::string_view text) {
    if (field == kNoField || text.empty()) return;
    Value value;
    value.kind = Value::Kind::string;
    value.text = text;
    sink(field, value);
  };
  put(identity_kind_, facts.identity_kind);
  put(principal_, facts.principal);
  put(person_, facts.person);
  put(mfa_, facts.mfa);
  put(source_ip_kind_, facts.source_ip_kind);
  put(account_, facts.account);
  put(is_error_, facts.is_error ? "true" : "false");
}

}  // namespace tocsin::event
