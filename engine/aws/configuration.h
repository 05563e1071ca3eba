// Configuration: a source's settings, the environment and the profile files, become what a Session
// needs. Pure but for reading the files through Environment.
#pragma once

#include <string>

#include "aws/credential_plan.h"
#include "aws/environment.h"
#include "aws/profile.h"
#include "aws/transport.h"
#include "base/result.h"
#include "net/egress.h"

namespace tocsin::aws {

struct Settings {
  std::string region;   // "": AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string profile;  // "": AWS_PROFILE, or `default`; a name that is given goes before keys in
                        // the environment
  // A role to assume with the credentials that are found; "": none.
  std::string role_arn, external_id;
  // Endpoints: `endpoint` is for all services; those below go before it. "": AWS_ENDPOINT_URL_SQS,
  // AWS_ENDPOINT_URL, the profile's, and else the one of the region.
  std::string endpoint, s3_endpoint, sqs_endpoint, sts_endpoint, cloudtrail_endpoint;
  net::EgressPolicy egress;
  std::string ca_file;  // "": AWS_CA_BUNDLE, the system's
  std::string proxy;    // as in net::ClientOptions; never used for metadata services
};

struct Configuration {
  std::string region;      // "": none
  std::string sts_region;  // whose STS is asked for roles
  TransportOptions transport;
  CredentialPlan credentials;  // settings.role_arn included
};

Result<Profiles> read_profiles(const Environment& environment);
Result<Configuration> configure(const Settings& settings, const Environment& environment,
                                const Profiles& profiles);

}  // namespace tocsin::aws
