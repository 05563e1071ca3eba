#include "aws/configuration.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "net/http_client.h"

namespace tocsin::aws {
namespace {

bool is_true(std::string_view text) {
  return text::folded(text::trim(text)) == "true";
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

// "~/.aws/config" with the variable's value in place of it, if there is one.
std::string path_of(const Environment& environment, const char* variable, const char* file) {
  std::string path = environment.text(variable);
  if (path.empty()) path = file;
  if (path.starts_with("~/")) path.replace(0, 1, environment.text("HOME"));
  return path;
}

// The first of these that says something.
std::string first_of(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!text.empty()) return std::string(text);
  }
  return {};
}

std::string configured_endpoint(Service service, const Settings& settings,
                                const Environment& environment, const Section& profile,
                                const Section& services) {
  const std::array<const std::string*, kServices> own = {
      &settings.s3_endpoint, &settings.sqs_endpoint, &settings.sts_endpoint,
      &settings.cloudtrail_endpoint};
  std::string url = first_of({*own[static_cast<std::size_t>(service)], settings.endpoint});
  if (!url.empty() || is_true(environment.text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
      is_true(value_of(profile, "ignore_configured_endpoint_urls"))) {
    return url;
  }
  return first_of({environment.text("AWS_ENDPOINT_URL_" + upper(name(service))),
                   environment.text("AWS_ENDPOINT_URL"),
                   value_of(services, fmt::format("{}.endpoint_url", name(service))),
                   value_of(profile, "endpoint_url")});
}

// A switch of the environment, or else of the profile.
bool is_switched_on(const Environment& environment, const char* variable, const Section& profile,
                    std::string_view key) {
  const std::optional<std::string> value = environment.variable(variable);
  return is_true(value ? std::string_view(*value) : value_of(profile, key));
}

// A region of the partition in which the role is, for when none is configured.
std::string region_for_role(const std::string& arn) {
  if (arn.starts_with("arn:aws-cn:")) return "cn-north-1";
  if (arn.starts_with("arn:aws-us-gov:")) return "us-gov-west-1";
  return "us-east-1";
}

Status add_role(const Settings& settings, CredentialPlan& plan) {
  if (settings.role_arn.empty()) {
    if (settings.external_id.empty()) return {};
    return fail(Code::invalid_input, "`external_id` is set, but no `role_arn` that it is for");
  }
  CredentialPlan outer;
  outer.kind = CredentialPlan::Kind::assume_role;
  outer.role.arn = settings.role_arn;
  outer.role.external_id = settings.external_id;
  if (Status status = check_role(outer.role); !status) return status;
  outer.base = std::make_unique<CredentialPlan>(std::move(plan));
  plan = std::move(outer);
  return {};
}

}  // namespace

Result<Profiles> read_profiles(const Environment& environment) {
  struct File {
    ProfileFile kind;
    std::string path;
  };
  const File files[] = {
      {ProfileFile::config, path_of(environment, "AWS_CONFIG_FILE", "~/.aws/config")},
      {ProfileFile::credentials,
       path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")},
  };
  Profiles profiles;
  for (const File& file : files) {
    const Result<std::string> text = environment.read_file(file.path);
    if (!text && text.error().code == Code::not_found) continue;
    if (!text) return tl::unexpected(text.error());
    if (Status status = add_profiles(file.kind, *text, file.path, profiles); !status) {
      return tl::unexpected(std::move(status.error()));
    }
  }
  return profiles;
}

Result<Configuration> configure(const Settings& settings, const Environment& environment,
                                const Profiles& profiles) {
  Result<CredentialPlan> plan = plan_credentials(environment, profiles, settings.profile);
  if (!plan) return tl::unexpected(std::move(plan.error()));
  if (Status status = add_role(settings, *plan); !status) {
    return tl::unexpected(std::move(status.error()));
  }

  static const Section kNothing;
  const Section* profile = profiles.find(profile_name(environment, settings.profile));
  if (profile == nullptr) profile = &kNothing;
  const auto services = profiles.services.find(value_of(*profile, "services"));

  Configuration result;
  result.credentials = std::move(*plan);
  result.region = first_of({settings.region, environment.text("AWS_REGION"),
                            environment.text("AWS_DEFAULT_REGION"), value_of(*profile, "region")});
  if (!result.region.empty() && !is_region(result.region)) {
    return fail(Code::invalid_input,
                fmt::format("`{}` is not an AWS region", text::printable(result.region)));
  }
  result.sts_region = first_of({result.region, region_for_role(result.credentials.role.arn)});
  TransportOptions& transport = result.transport;
  for (std::size_t i = 0; i < kServices; ++i) {
    transport.endpoints[i] =
        configured_endpoint(static_cast<Service>(i), settings, environment, *profile,
                            services == profiles.services.end() ? kNothing : services->second);
    if (transport.endpoints[i].empty()) continue;
    if (Status status = net::check_url(transport.endpoints[i]); !status) {
      return fail(Code::invalid_input,
                  fmt::format("the endpoint for {} cannot be used: {}",
                              name(static_cast<Service>(i)), status.error().message));
    }
  }
  transport.kind.fips =
      is_switched_on(environment, "AWS_USE_FIPS_ENDPOINT", *profile, "use_fips_endpoint");
  transport.kind.dual_stack =
      is_switched_on(environment, "AWS_USE_DUALSTACK_ENDPOINT", *profile, "use_dualstack_endpoint");
  transport.egress = settings.egress;
  transport.ca_file = first_of(
      {settings.ca_file, environment.text("AWS_CA_BUNDLE"), value_of(*profile, "ca_bundle")});
  transport.proxy = settings.proxy;
  return result;
}

}  // namespace tocsin::aws
