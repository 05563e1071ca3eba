// Credentials that the machine hands out: of a container (ECS, EKS Pod Identity) or an instance
// (IMDSv2; version 1 is never used). The only requests that may go to these link-local addresses,
// and they go nowhere else but to this machine, when the operator named it, and to public https.
#pragma once

#include <atomic>

#include "aws/credential_plan.h"
#include "aws/credentials.h"
#include "aws/environment.h"
#include "aws/failure.h"

namespace tocsin::aws {

inline constexpr std::int64_t kMetadataTimeoutMs = 2000;  // of one request
inline constexpr int kMetadataAttempts = 3;

// Precondition: plan.kind is container, or instance. The container's token file is read each time.
Outcome<Credentials> container_credentials(const CredentialPlan& plan,
                                           const Environment& environment,
                                           const std::atomic<bool>& stop);
Outcome<Credentials> instance_credentials(const CredentialPlan& plan,
                                          const std::atomic<bool>& stop);

}  // namespace tocsin::aws
