// CredentialPlan: where credentials are to come from, as environment and profiles say, in
// botocore's order. Pure: choosing is apart from fetching, so that the order is tested as a table.
//
//   a profile that is named by the settings   (then keys in the environment are passed over)
//   keys in the environment
//   the profile: role_arn with source_profile or credential_source
//   web identity (EKS service accounts): AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's
//   keys of the profile, from the credentials file, then the config file
//   the container's endpoint: ECS, EKS Pod Identity
//   the instance's metadata (IMDSv2)
//
// Not supported, with an error that says so: SSO, login sessions, credential_process, MFA.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "aws/credentials.h"
#include "aws/environment.h"
#include "aws/profile.h"
#include "aws/sts.h"
#include "base/result.h"
#include "base/secret.h"

namespace tocsin::aws {

struct CredentialPlan {
  enum class Kind : std::uint8_t { keys, assume_role, web_identity, container, instance };
  Kind kind = Kind::instance;
  Credentials keys{};                      // Kind::keys
  Role role{};                             // assume_role, web_identity
  std::unique_ptr<CredentialPlan> base{};  // assume_role: who asks for it
  std::string token_file{};                // web_identity; container: of its token, if not ""
  Secret token{};                          // container, without token_file
  std::string url{};                       // container: to ask; instance: "" or another service's
};

// `explicit_profile`: the one of the settings, "" for none.
Result<CredentialPlan> plan_credentials(const Environment& environment, const Profiles& profiles,
                                        const std::string& explicit_profile);

// The profile whose settings are in force.
std::string profile_name(const Environment& environment, const std::string& explicit_profile);

// Whether credentials may be asked for at this URL: the addresses of ECS and EKS, this machine, or
// https.
Status check_container_url(const std::string& url);

// Whether the host of a URL is this machine.
bool is_loopback_url(std::string_view url);

}  // namespace tocsin::aws
