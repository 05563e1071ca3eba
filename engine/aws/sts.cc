#include "aws/sts.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/session.h"
#include "aws/xml.h"
#include "base/time.h"

namespace tocsin::aws {
namespace {

Call sts_call(std::string_view operation, std::string_view action, const std::string& region,
              std::string resource, Query parameters) {
  Call call;
  call.service = Service::sts;
  call.region = region;
  call.operation = operation;
  call.action = action;
  call.resource = std::move(resource);
  call.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  parameters.emplace_back("Action", operation);
  parameters.emplace_back("Version", "2011-06-15");
  call.body = form(parameters);
  return call;
}

Failure unreadable(const Call& call, std::string_view why) {
  return {Kind::invalid,
          false,
          0,
          {},
          fmt::format("{} on {}: the answer cannot be used: {}", call.action, call.resource, why)};
}

// <AssumeRoleResponse><AssumeRoleResult><Credentials>…
Outcome<Credentials> read_credentials(const net::HttpAnswer& answer, const Call& call,
                                      const Role& role) {
  const Result<XmlElement> root = parse_xml(answer.body);
  if (!root) return tl::unexpected(unreadable(call, root.error().message));
  const XmlElement* result = root->child(fmt::format("{}Result", call.operation));
  const XmlElement* found = result == nullptr ? nullptr : result->child("Credentials");
  if (found == nullptr) return tl::unexpected(unreadable(call, "it holds no credentials"));
  Credentials credentials;
  credentials.access_key = found->text_of("AccessKeyId");
  credentials.secret_key = Secret(std::string(found->text_of("SecretAccessKey")));
  credentials.session_token = Secret(std::string(found->text_of("SessionToken")));
  const std::optional<CivilTime> expires = parse_time(found->text_of("Expiration"));
  if (credentials.access_key.empty() || credentials.secret_key.empty() || !expires) {
    return tl::unexpected(unreadable(call, "its credentials are not complete"));
  }
  credentials.expires_ms = expires->unix_seconds() * 1000;
  credentials.origin = fmt::format("the role {}", role.arn);
  return credentials;
}

Query role_parameters(const Role& role) {
  Query parameters = {
      {"RoleArn", role.arn},
      {"RoleSessionName", role.session_name.empty() ? "tocsin" : role.session_name}};
  if (role.duration_seconds != 0) {
    parameters.emplace_back("DurationSeconds", std::to_string(role.duration_seconds));
  }
  return parameters;
}

}  // namespace

Status check_role(const Role& role) {
  constexpr std::string_view kNameSigns = "_+=,.@-";
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (!role.arn.starts_with("arn:") || role.arn.find(":role/") == role.arn.npos ||
      role.arn.size() > 2048) {
    return fail(Code::invalid_input, fmt::format("`{}` is not the ARN of a role: one looks like "
                                                 "arn:aws:iam::111122223333:role/name",
                                                 role.arn));
  }
  const std::string& session = role.session_name;
  if (!session.empty() && (session.size() < 2 || session.size() > 64 ||
                           !std::all_of(session.begin(), session.end(), [&](char c) {
                             return is_alphanumeric(c) || kNameSigns.find(c) != kNameSigns.npos;
                           }))) {
    return fail(Code::invalid_input,
                fmt::format("`{}` is not a role session name: 2 to 64 letters, digits and {}",
                            session, kNameSigns));
  }
  if (role.duration_seconds != 0 &&
      (role.duration_seconds < 900 || role.duration_seconds > 43'200)) {
    return fail(
        Code::invalid_input,
        fmt::format("a role's session lasts 900 to 43200 seconds, not {}", role.duration_seconds));
  }
  return {};
}

Outcome<Credentials> assume_role(Transport& transport, CredentialCache& base,
                                 const std::string& region, const Role& role,
                                 const std::atomic<bool>& stop) {
  Query parameters = role_parameters(role);
  if (!role.external_id.empty()) parameters.emplace_back("ExternalId", role.external_id);
  const Call call =
      sts_call("AssumeRole", "sts:AssumeRole", region, role.arn, std::move(parameters));
  const Outcome<net::HttpAnswer> answer = transport.call(call, &base, stop);
  if (!answer) return tl::unexpected(answer.error());
  return read_credentials(*answer, call, role);
}

Outcome<Credentials> assume_role_with_web_identity(Transport& transport, const std::string& region,
                                                   const Role& role, const Secret& token,
                                                   const std::atomic<bool>& stop) {
  Query parameters = role_parameters(role);
  parameters.emplace_back("WebIdentityToken", token.reveal());
  const Call call = sts_call("AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", region,
                             role.arn, std::move(parameters));
  Outcome<net::HttpAnswer> answer = transport.call(call, nullptr, stop);
  if (!answer) {
    remove_secret(answer.error().message, token);
    return tl::unexpected(std::move(answer.error()));
  }
  return read_credentials(*answer, call, role);
}

Outcome<CallerIdentity> caller_identity(Session& session, const std::atomic<bool>& stop) {
  const std::string region = session.region().empty() ? "us-east-1" : session.region();
  const Call call = sts_call("GetCallerIdentity", "sts:GetCallerIdentity", region, "*", {});
  const Outcome<net::HttpAnswer> answer = session.call(call, stop);
  if (!answer) return tl::unexpected(answer.error());
  const Result<XmlElement> root = parse_xml(answer->body);
  if (!root) return tl::unexpected(unreadable(call, root.error().message));
  const XmlElement* result = root->child("GetCallerIdentityResult");
  if (result == nullptr) return tl::unexpected(unreadable(call, "it names nobody"));
  return CallerIdentity{std::string(result->text_of("Account")),
                        std::string(result->text_of("Arn"))};
}

}  // namespace tocsin::aws
