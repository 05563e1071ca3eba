// STS: session credentials for roles. Answers are XML.
#pragma once

#include <atomic>
#include <string>

#include "aws/credential_cache.h"
#include "aws/failure.h"
#include "aws/transport.h"
#include "base/secret.h"

namespace tocsin::aws {

struct Role {
  std::string arn;
  std::string external_id;   // "": none
  std::string session_name;  // "": one is made up
  int duration_seconds = 0;  // 0: AWS's default, an hour
};

class Session;

// Checks what STS would refuse without saying much: the ARN, the session's name, the duration.
Status check_role(const Role& role);

// `region`: whose STS is asked. `base` signs.
Outcome<Credentials> assume_role(Transport& transport, CredentialCache& base,
                                 const std::string& region, const Role& role,
                                 const std::atomic<bool>& stop);

// Not signed: the token is the proof.
Outcome<Credentials> assume_role_with_web_identity(Transport& transport, const std::string& region,
                                                   const Role& role, const Secret& token,
                                                   const std::atomic<bool>& stop);

struct CallerIdentity {
  std::string account, arn;
};
// Who the session's credentials belong to; needs no permission.
Outcome<CallerIdentity> caller_identity(Session& session, const std::atomic<bool>& stop);

}  // namespace tocsin::aws
