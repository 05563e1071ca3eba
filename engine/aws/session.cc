#include "aws/session.h"

#include <fmt/format.h>

#include "aws/metadata.h"
#include "aws/sts.h"
#include "base/text.h"
#include "metrics/families.h"

namespace tocsin::aws {
namespace {

constexpr std::size_t kLeastToken = 4;  // what STS takes

// Makes caches of credentials out of plans.
struct CredentialMaker {
  std::shared_ptr<Transport> transport;
  std::string sts_region;
  Environment environment;
  metrics::Registry& metrics;
  const Clock& clock;

  std::shared_ptr<CredentialCache> make(const CredentialPlan& plan) const;
  std::shared_ptr<CredentialCache> cache(CredentialCache::Fetch fetch) const {
    return std::make_shared<CredentialCache>(
        std::move(fetch), clock, [this_metrics = &metrics](bool is_good) {
          this_metrics->counter(metrics::kAwsCredentialRefreshes, {is_good ? "ok" : "failed"})
              .add();
        });
  }
};

Outcome<Credentials> web_identity_credentials(Transport& transport, const std::string& region,
                                              const Role& role, const std::string& token_file,
                                              const Environment& environment,
                                              const std::atomic<bool>& stop) {
  Result<std::string> text = environment.read_file(token_file);
  if (!text) {
    return tl::unexpected(Failure{
        Kind::credentials, false, 0, {}, "the web identity token: " + text.error().message});
  }
  const Secret token(std::string(text::trim(*text)));
  if (token.reveal().size() < kLeastToken) {
    return tl::unexpected(Failure{Kind::credentials,
                                  false,
                                  0,
                                  {},
                                  fmt::format("the web identity token in {} is empty or too short",
                                              text::printable(token_file))});
  }
  return assume_role_with_web_identity(transport, region, role, token, stop);
}

std::shared_ptr<CredentialCache> CredentialMaker::make(const CredentialPlan& plan) const {
  switch (plan.kind) {
    case CredentialPlan::Kind::keys:
      return cache(
          [keys = plan.keys](const std::atomic<bool>&) -> Outcome<Credentials> { return keys; });
    case CredentialPlan::Kind::assume_role:
      return cache([to = transport, region = sts_region, role = plan.role,
                    base = make(*plan.base)](const std::atomic<bool>& stop) {
        return assume_role(*to, *base, region, role, stop);
      });
    case CredentialPlan::Kind::web_identity:
      return cache([to = transport, region = sts_region, role = plan.role, file = plan.token_file,
                    from = environment](const std::atomic<bool>& stop) {
        return web_identity_credentials(*to, region, role, file, from, stop);
      });
    case CredentialPlan::Kind::container:
    case CredentialPlan::Kind::instance:
      break;
  }
  auto kept = std::make_shared<CredentialPlan>();
  kept->kind = plan.kind;
  kept->url = plan.url;
  kept->token = plan.token;
  kept->token_file = plan.token_file;
  return cache([kept, from = environment](const std::atomic<bool>& stop) {
    return kept->kind == CredentialPlan::Kind::container ? container_credentials(*kept, from, stop)
                                                         : instance_credentials(*kept, stop);
  });
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const Settings& settings,
                                               const Environment& environment,
                                               metrics::Registry& metrics, const Clock& clock) {
  const Result<Profiles> profiles = read_profiles(environment);
  if (!profiles) return tl::unexpected(profiles.error());
  Result<Configuration> configuration = configure(settings, environment, *profiles);
  if (!configuration) return tl::unexpected(std::move(configuration.error()));

  std::unique_ptr<Session> session(new Session());
  session->region_ = configuration->region;
  session->sts_region_ = configuration->sts_region;
  session->metrics_ = &metrics;
  session->clock_ = &clock;
  session->transport_ =
      std::make_shared<Transport>(std::move(configuration->transport), metrics, clock);
  const CredentialMaker maker{session->transport_, session->sts_region_, environment, metrics,
                              clock};
  session->credentials_ = maker.make(configuration->credentials);
  return session;
}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::assume(const std::string& role_arn,
                                                 const std::string& external_id) const {
  Role role;
  role.arn = role_arn;
  role.external_id = external_id;
  if (Status status = check_role(role); !status) return tl::unexpected(std::move(status.error()));
  std::unique_ptr<Session> session(new Session());
  session->region_ = region_;
  session->sts_region_ = sts_region_;
  session->metrics_ = metrics_;
  session->clock_ = clock_;
  session->transport_ = transport_;
  const CredentialMaker maker{transport_, sts_region_, {}, *metrics_, *clock_};
  session->credentials_ = maker.cache([to = transport_, region = sts_region_, role,
                                       base = credentials_](const std::atomic<bool>& stop) {
    return assume_role(*to, *base, region, role, stop);
  });
  return session;
}

}  // namespace tocsin::aws
