#include "aws/credential_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "base/ip.h"
#include "base/text.h"

namespace tocsin::aws {
namespace {

constexpr const char* kContainerHost = "http://169.254.170.2";

// The host of a URL, without brackets.
std::string_view bare_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return {};
  url.remove_prefix(scheme + 3);
  if (url.starts_with('[')) return url.substr(1, std::min(url.find(']'), url.size()) - 1);
  return url.substr(0, url.find_first_of("/?#:"));
}

bool same_word(std::string_view a, std::string_view b) {
  return text::folded(a) == text::folded(b);
}

// Chooses; `visited` are the profiles of the chain so far.
class Planner {
 public:
  Planner(const Environment& environment, const Profiles& profiles)
      : environment_(environment), profiles_(profiles) {}

  Result<CredentialPlan> plan(const std::string& explicit_profile);

 private:
  using Found = Result<std::unique_ptr<CredentialPlan>>;  // null: nothing here, look further

  Found environment_keys() const;
  Found container() const;
  Found instance() const;
  Found role_of(const std::string& name, const Section& profile);
  Found web_identity(const std::string& name, const Section& profile, bool use_environment) const;
  Found profile_keys(const std::string& name, const Section& profile) const;
  Found within_profile(const std::string& name, const Section& profile, bool use_environment) const;
  Found base_of(const std::string& name, const Section& profile);
  Found source_profile(const std::string& parent, const std::string& name);
  Found credential_source(const std::string& name, std::string_view source) const;

  static tl::unexpected<Error> refuse(const std::string& name, std::string_view why) {
    return fail(Code::invalid_input,
                fmt::format("the AWS profile `{}` {}", text::printable(name), why));
  }
  static std::unique_ptr<CredentialPlan> make(CredentialPlan::Kind kind) {
    auto plan = std::make_unique<CredentialPlan>();
    plan->kind = kind;
    return plan;
  }

  const Environment& environment_;
  const Profiles& profiles_;
  std::vector<std::string> visited_;
};

Planner::Found Planner::environment_keys() const {
  const std::string key = environment_.text("AWS_ACCESS_KEY_ID");
  if (key.empty()) return nullptr;
  const std::string secret = environment_.text("AWS_SECRET_ACCESS_KEY");
  if (secret.empty()) {
    return fail(Code::invalid_input,
                "AWS_ACCESS_KEY_ID is set in the environment, but AWS_SECRET_ACCESS_KEY is not");
  }
  std::string token = environment_.text("AWS_SESSION_TOKEN");
  if (token.empty()) token = environment_.text("AWS_SECURITY_TOKEN");
  auto plan = make(CredentialPlan::Kind::keys);
  plan->keys = {key, Secret(secret), Secret(std::move(token)), std::nullopt, "the environment"};
  return plan;
}

Planner::Found Planner::container() const {
  const std::optional<std::string> path =
      environment_.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::optional<std::string> url =
      environment_.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!path && !url) return nullptr;
  auto plan = make(CredentialPlan::Kind::container);
  plan->url = path ? kContainerHost + *path : *url;
  if (path && !path->starts_with('/')) {
    return fail(Code::invalid_input,
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
  }
  if (Status status = check_container_url(plan->url); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  plan->token_file = environment_.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (plan->token_file.empty()) {
    plan->token = Secret(environment_.text("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
  }
  return plan;
}

Planner::Found Planner::instance() const {
  if (same_word(environment_.text("AWS_EC2_METADATA_DISABLED"), "true")) return nullptr;
  auto plan = make(CredentialPlan::Kind::instance);
  plan->url = environment_.text("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  return plan;
}

Planner::Found Planner::web_identity(const std::string& name, const Section& profile,
                                     bool use_environment) const {
  const auto setting = [&](const char* variable, std::string_view key) {
    std::string value = use_environment ? environment_.text(variable) : std::string();
    if (value.empty()) value = value_of(profile, key);
    return value;
  };
  auto plan = make(CredentialPlan::Kind::web_identity);
  plan->token_file = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (plan->token_file.empty()) return nullptr;
  plan->role.arn = setting("AWS_ROLE_ARN", "role_arn");
  plan->role.session_name = setting("AWS_ROLE_SESSION_NAME", "role_session_name");
  if (plan->role.arn.empty()) {
    return refuse(name,
                  "or the environment names a web identity token, but no role: set "
                  "AWS_ROLE_ARN or role_arn");
  }
  if (Status status = check_role(plan->role); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  return plan;
}

Planner::Found Planner::profile_keys(const std::string& name, const Section& profile) const {
  const std::string_view key = value_of(profile, "aws_access_key_id");
  const std::string_view secret = value_of(profile, "aws_secret_access_key");
  if (key.empty() && secret.empty()) return nullptr;
  if (key.empty() || secret.empty()) {
    return refuse(name, key.empty() ? "has no aws_access_key_id" : "has no aws_secret_access_key");
  }
  auto plan = make(CredentialPlan::Kind::keys);
  std::string_view token = value_of(profile, "aws_session_token");
  if (token.empty()) token = value_of(profile, "aws_security_token");
  plan->keys = {std::string(key), Secret(std::string(secret)), Secret(std::string(token)),
                std::nullopt, fmt::format("the profile `{}`", name)};
  return plan;
}

// The credentials that a profile offers by itself, without assuming a role.
Planner::Found Planner::within_profile(const std::string& name, const Section& profile,
                                       bool use_environment) const {
  Found found = web_identity(name, profile, use_environment);
  if (!found || *found != nullptr) return found;
  for (const char* key : {"sso_session", "sso_start_url", "sso_account_id"}) {
    if (profile.contains(key)) {
      return refuse(name, "uses SSO, which is for people: give Tocsin a role of its own");
    }
  }
  found = profile_keys(name, profile);
  if (!found || *found != nullptr) return found;
  for (const char* key : {"credential_process", "login_session"}) {
    if (profile.contains(key)) {
      return refuse(name, fmt::format("uses {}, which Tocsin does not support: it starts no "
                                      "programs; use keys, a role or a web identity",
                                      key));
    }
  }
  return nullptr;
}

Planner::Found Planner::credential_source(const std::string& name, std::string_view source) const {
  Found found = nullptr;
  if (same_word(source, "Environment")) {
    found = environment_keys();
  } else if (same_word(source, "EcsContainer")) {
    found = container();
  } else if (same_word(source, "Ec2InstanceMetadata")) {
    found = instance();
  } else {
    return refuse(name,
                  "has a credential_source that is none of Environment, EcsContainer and "
                  "Ec2InstanceMetadata");
  }
  if (found && *found == nullptr) {
    return refuse(name, fmt::format("has the credential_source {}, which offers nothing here",
                                    text::printable(source)));
  }
  return found;
}

Planner::Found Planner::source_profile(const std::string& parent, const std::string& name) {
  const Section* profile = profiles_.find(name);
  if (profile == nullptr) {
    return refuse(parent, fmt::format("has the source_profile `{}`, which does not exist",
                                      text::printable(name)));
  }
  const bool has_keys =
      profile->contains("aws_access_key_id") || profile->contains("aws_secret_access_key");
  if (std::find(visited_.begin(), visited_.end(), name) != visited_.end() &&
      (name != parent || !has_keys)) {
    return refuse(parent, fmt::format("leads back to `{}` by source_profile", name));
  }
  visited_.push_back(name);
  if (!has_keys && profile->contains("role_arn") && !profile->contains("web_identity_token_file")) {
    return role_of(name, *profile);
  }
  Found found = within_profile(name, *profile, false);
  if (found && *found == nullptr) {
    return refuse(parent, fmt::format("has the source_profile `{}`, which has no credentials",
                                      text::printable(name)));
  }
  return found;
}

Planner::Found Planner::base_of(const std::string& name, const Section& profile) {
  const std::string_view source_name = value_of(profile, "source_profile");
  const std::string_view source = value_of(profile, "credential_source");
  if (source_name.empty() == source.empty()) {
    return refuse(name, source.empty()
                            ? "has a role_arn, but neither source_profile nor credential_source"
                            : "has both source_profile and credential_source");
  }
  return source.empty() ? source_profile(name, std::string(source_name))
                        : credential_source(name, source);
}

// null: the profile names no role to be assumed.
Planner::Found Planner::role_of(const std::string& name, const Section& profile) {
  if (!profile.contains("role_arn") || profile.contains("web_identity_token_file")) return nullptr;
  if (profile.contains("mfa_serial")) {
    return refuse(name, "asks for MFA, which nobody could enter");
  }
  // AWS's default if it is not there or no number.
  const std::string_view duration = value_of(profile, "duration_seconds");
  int seconds = 0;
  std::from_chars(duration.data(), duration.data() + duration.size(), seconds);
  auto plan = make(CredentialPlan::Kind::assume_role);
  plan->role = {std::string(value_of(profile, "role_arn")),
                std::string(value_of(profile, "external_id")),
                std::string(value_of(profile, "role_session_name")), seconds};
  if (Status status = check_role(plan->role); !status) {
    return refuse(name, "cannot be used: " + status.error().message);
  }
  Found base = base_of(name, profile);
  if (!base) return base;
  plan->base = std::move(*base);
  return plan;
}

Result<CredentialPlan> Planner::plan(const std::string& explicit_profile) {
  const auto done = [](Found& found) { return !found || *found != nullptr; };
  const auto result = [](Found found) -> Result<CredentialPlan> {
    if (!found) return tl::unexpected(std::move(found.error()));
    return std::move(**found);
  };
  if (explicit_profile.empty()) {
    if (Found found = environment_keys(); done(found)) return result(std::move(found));
  }
  const std::string name = profile_name(environment_, explicit_profile);
  const Section* profile = profiles_.find(name);
  if (profile == nullptr && name != "default") {
    return refuse(name, "does not exist in ~/.aws/config or ~/.aws/credentials");
  }
  static const Section kNothing;
  if (profile == nullptr) profile = &kNothing;
  visited_ = {name};
  if (Found found = role_of(name, *profile); done(found)) return result(std::move(found));
  if (Found found = within_profile(name, *profile, explicit_profile.empty()); done(found)) {
    return result(std::move(found));
  }
  if (Found found = container(); done(found)) return result(std::move(found));
  if (Found found = instance(); done(found)) return result(std::move(found));
  return fail(Code::not_found,
              "there are no AWS credentials: not in the environment, not in the profile "
              "`" +
                  text::printable(name) +
                  "`, not of a container; and instance metadata are "
                  "disabled (AWS_EC2_METADATA_DISABLED)");
}

}  // namespace

std::string profile_name(const Environment& environment, const std::string& explicit_profile) {
  if (!explicit_profile.empty()) return explicit_profile;
  std::string name = environment.text("AWS_PROFILE");
  if (name.empty()) name = environment.text("AWS_DEFAULT_PROFILE");
  return name.empty() ? "default" : name;
}

bool is_loopback_url(std::string_view url) {
  static const IpPrefix kLoopback = parse_cidr("127.0.0.0/8").value();
  static const IpPrefix kLoopback6 = parse_ip("::1").value();
  const std::string_view host = bare_host(url);
  const std::optional<IpPrefix> address = parse_ip(host);
  return host == "localhost" ||
         (address && (contains(kLoopback, *address) || contains(kLoopback6, *address)));
}

Status check_container_url(const std::string& url) {
  if (url.starts_with("https://")) return {};
  const std::string_view host = bare_host(url);
  if (url.starts_with("http://") && (host == "169.254.170.2" || host == "169.254.170.23" ||
                                     host == "fd00:ec2::23" || is_loopback_url(url))) {
    return {};
  }
  return fail(Code::refused,
              "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of ECS, EKS or "
              "this machine: the credentials could be anybody's");
}

Result<CredentialPlan> plan_credentials(const Environment& environment, const Profiles& profiles,
                                        const std::string& explicit_profile) {
  return Planner(environment, profiles).plan(explicit_profile);
}

}  // namespace tocsin::aws
