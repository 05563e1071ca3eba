// Facts, from what CloudTrail's documentation says of userIdentity and its neighbours.
#include <re2/re2.h>

#include "differential/reference/event.h"
#include "differential/reference/values.h"

namespace tocsin::reference {
namespace {

std::string first_text(const Event& event, const char* path) {
  for (const Scalar& scalar : event.field(path).scalars) {
    if (scalar.kind == Json::Kind::string && !scalar.nested) return scalar.text;
  }
  return {};
}

std::string identity_kind(const Event& event) {
  static const std::map<std::string, std::string> kKinds = {
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
  const auto known = kKinds.find(first_text(event, "userIdentity.type"));
  return known == kKinds.end() ? "unknown" : known->second;
}

std::string principal(const Event& event) {
  const std::string kind = identity_kind(event);
  const std::string arn = first_text(event, "userIdentity.arn");
  const std::string account = first_text(event, "userIdentity.accountId");
  if (kind == "assumed_role") {
    const std::string issuer = first_text(event, "userIdentity.sessionContext.sessionIssuer.arn");
    if (!issuer.empty()) return issuer;
    std::string partition, owner, role;
    if (re2::RE2::FullMatch(arn, "(?s)(.*?):sts::(.*?):assumed-role/([^/]*).*", &partition, &owner,
                            &role)) {
      return partition + ":iam::" + owner + ":role/" + role;
    }
  }
  if (!arn.empty()) return arn;
  if (kind == "root" && !account.empty()) return "arn:aws:iam::" + account + ":root";
  for (const char* path :
       {"userIdentity.invokedBy", "userIdentity.onBehalfOf.userId", "userIdentity.userName",
        "userIdentity.principalId", "userIdentity.accountId"}) {
    const std::string text = first_text(event, path);
    if (!text.empty()) return text;
  }
  return {};
}

std::string session_name(const Event& event) {
  if (identity_kind(event) != "assumed_role") return {};
  std::string name;
  if (re2::RE2::FullMatch(first_text(event, "userIdentity.principalId"), "(?s)[^:]*:(.*)", &name)) {
    return name;
  }
  if (re2::RE2::FullMatch(first_text(event, "userIdentity.arn"), "(?s).*:assumed-role/.*?([^/]*)",
                          &name)) {
    return name;
  }
  return {};
}

std::string person(const Event& event) {
  const std::string identity = first_text(event, "userIdentity.sessionContext.sourceIdentity");
  if (!identity.empty()) return identity;
  const std::string session = session_name(event);
  const bool is_sso = re2::RE2::FullMatch(principal(event), "(?s)(.*/)?AWSReservedSSO_[^/]*");
  if (is_sso || session.find('@') != std::string::npos) {
    if (!session.empty()) return session;
  }
  const std::string user = first_text(event, "userIdentity.onBehalfOf.userId");
  return user == principal(event) ? "" : user;
}

std::string mfa(const Event& event) {
  const Field& field = event.field("userIdentity.sessionContext.attributes.mfaAuthenticated");
  const std::string said = field.scalars.empty() ? "" : field.scalars.front().text;
  const std::string used = first_text(event, "additionalEventData.MFAUsed");
  if (said == "true" || used == "Yes") return "true";
  if (said == "false" || used == "No") return "false";
  return "unknown";
}

std::string source_ip_kind(const Event& event) {
  const std::string source = first_text(event, "sourceIPAddress");
  for (const char* network :
       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
        "100.64.0.0/10", "0.0.0.0/8", "fc00::/7", "fe80::/10", "::1", "::"}) {
    if (in_network(source, network)) return "private";
  }
  if (is_address(source)) return "public";
  if (source == "AWS Internal") return "aws_internal";
  for (const char* suffix : {".amazonaws.com", ".amazonaws.com.cn", ".aws.internal"}) {
    if (source.ends_with(suffix)) return "aws_service";
  }
  return "none";
}

std::string account(const Event& event) {
  const std::string recipient = first_text(event, "recipientAccountId");
  return recipient.empty() ? first_text(event, "userIdentity.accountId") : recipient;
}

std::string is_error(const Event& event) {
  const Field& field = event.field("errorCode");
  const bool error = !field.scalars.empty() && field.scalars.front().kind != Json::Kind::null;
  return error ? "true" : "false";
}

}  // namespace

std::string fact(const Event& event, std::string_view name) {
  if (name == "identity_kind") return identity_kind(event);
  if (name == "principal") return principal(event);
  if (name == "person") return person(event);
  if (name == "mfa") return mfa(event);
  if (name == "source_ip_kind") return source_ip_kind(event);
  if (name == "account") return account(event);
  if (name == "is_error") return is_error(event);
  return {};
}

}  // namespace tocsin::reference
