// Where credentials, regions and endpoints come from, as tables over environment and files.
#include "aws/configuration.h"

#include <catch2/catch.hpp>
#include <string>

#include "unit/aws/support.h"

namespace tocsin::aws {
namespace {

const std::string kRole = "arn:aws:iam::111122223333:role/r";

// "keys A", "role R via keys A", "web token-file R", "container URL", "instance".
std::string describe(const CredentialPlan& plan) {
  switch (plan.kind) {
    case CredentialPlan::Kind::keys:
      return "keys " + plan.keys.access_key;
    case CredentialPlan::Kind::assume_role:
      return "role " + plan.role.arn.substr(plan.role.arn.rfind('/') + 1) + " via " +
             describe(*plan.base);
    case CredentialPlan::Kind::web_identity:
      return "web " + plan.token_file + ' ' + plan.role.arn.substr(plan.role.arn.rfind('/') + 1);
    case CredentialPlan::Kind::container:
      return "container " + plan.url;
    case CredentialPlan::Kind::instance:
      return "instance " + plan.url;
  }
  return "";
}

Result<Configuration> configured(const Settings& settings, const Texts& variables,
                                 const Texts& files) {
  Texts all = {{"HOME", "/h"}};
  all.insert(variables.begin(), variables.end());
  const Environment environment = made_up(all, files);
  const Result<Profiles> profiles = read_profiles(environment);
  if (!profiles) return tl::unexpected(profiles.error());
  return configure(settings, environment, *profiles);
}

struct Case {
  const char* profile;  // of the settings
  Texts variables;
  std::string config, credentials;
  const char* plan;  // or a part of the error
};

const Texts kKeys = {{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
const Texts kWeb = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}, {"AWS_ROLE_ARN", kRole}};
const Texts kEcs = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}};

Texts operator+(Texts a, const Texts& b) {
  a.insert(b.begin(), b.end());
  return a;
}

const std::string kDefault = "[default]\naws_access_key_id=D\naws_secret_access_key=s\n";

TEST_CASE("credentials are looked for in botocore's order") {
  const std::string role = "role_arn=" + kRole + "\n";
  const Case kCases[] = {
      // the order, top to bottom: each leaves out what the one before had
      {"", kKeys + kWeb + kEcs, "", kDefault, "keys E"},
      {"", kWeb + kEcs, "[default]\n" + role + "source_profile=b\n[profile b]\n",
       "[b]\n"
       "aws_access_key_id=B\naws_secret_access_key=s\n",
       "role r via keys B"},
      {"", kWeb + kEcs, "", kDefault, "web /t r"},
      {"", kEcs, "", kDefault, "keys D"},
      {"", kEcs, "", "", "container http://169.254.170.2/c"},
      {"", {}, "", "", "instance "},
      {"", {{"AWS_EC2_METADATA_DISABLED", "TRUE"}}, "", "", "there are no AWS credentials"},
      {"",
       {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"}},
       "",
       "",
       "instance http://127.0.0.1:1"},
      // a profile that is named goes before keys, and the environment's web identity
      {"p", kKeys + kWeb, "", kDefault + "[p]\naws_access_key_id=P\naws_secret_access_key=s\n",
       "keys P"},
      {"p", kKeys + kWeb + kEcs, "[profile p]\nregion=eu-west-1\n", "",
       "container http://169.254.170.2/c"},
      {"", kKeys + Texts{{"AWS_PROFILE", "p"}}, "", kDefault, "keys E"},
      {"",
       {{"AWS_PROFILE", "p"}},
       "",
       kDefault + "[p]\naws_access_key_id=P\n"
                  "aws_secret_access_key=s\n",
       "keys P"},
      {"", {{"AWS_PROFILE", "p"}}, "", kDefault, "profile `p` does not exist"},
      {"p", {}, "", kDefault, "profile `p` does not exist"},
      // incomplete
      {"", {{"AWS_ACCESS_KEY_ID", "E"}}, "", kDefault, "AWS_SECRET_ACCESS_KEY is not"},
      {"", {{"AWS_ACCESS_KEY_ID", ""}}, "", kDefault, "keys D"},
      {"", {}, "", "[default]\naws_access_key_id=D\n", "has no aws_secret_access_key"},
      {"", {}, "", "[default]\naws_secret_access_key=D\n", "has no aws_access_key_id"},
      {"", {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}}, "", "", "but no role"},
      {"",
       {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}, {"AWS_ROLE_ARN", "r"}},
       "",
       "",
       "not the ARN of a role"},
      // roles of profiles
      {"", {}, "[default]\n" + role, kDefault, "neither source_profile nor credential_source"},
      {"", {}, "[default]\n" + role + "source_profile=default\n", kDefault, "role r via keys D"},
      {"", {}, "[default]\n" + role + "source_profile=default\n", "", "leads back to `default`"},
      {"", {}, "[default]\n" + role + "source_profile=x\n", "", "`x`, which does not exist"},
      {"",
       {},
       "[default]\n" + role + "source_profile=x\n[profile x]\nregion=a\n",
       "",
       "`x`, which has no credentials"},
      {"",
       {},
       "[default]\n" + role + "source_profile=a\n[profile a]\n" + role + "source_profile=default\n",
       "",
       "leads back to `default`"},
      {"",
       {},
       "[default]\n" + role + "source_profile=a\n[profile a]\nrole_arn=" + kRole +
           "2\nsource_profile=b\n[profile b]\naws_access_key_id=B\naws_secret_access_key=s\n",
       "",
       "role r via role r2 via keys B"},
      {"",
       {},
       "[default]\n" + role + "source_profile=a\n[profile a]\nrole_arn=" + kRole +
           "2\nweb_identity_token_file=/w\n",
       "",
       "role r via web /w r2"},
      {"", kKeys, "[profile x]\n" + role + "credential_source=environment\n", "", "keys E"},
      {"x", kKeys, "[profile x]\n" + role + "credential_source=Environment\n", "",
       "role r via keys E"},
      {"", kEcs, "[default]\n" + role + "credential_source=EcsContainer\n", "",
       "role r via container http://169.254.170.2/c"},
      {"",
       {},
       "[default]\n" + role + "credential_source=Ec2InstanceMetadata\n",
       "",
       "role r via instance "},
      {"",
       {},
       "[default]\n" + role + "credential_source=EcsContainer\n",
       "",
       "which offers nothing here"},
      {"", {}, "[default]\n" + role + "credential_source=Vault\n", "", "none of Environment"},
      {"",
       {},
       "[default]\n" + role + "credential_source=Environment\nsource_profile=b\n",
       "",
       "both source_profile and"},
      {"", {}, "[default]\n" + role + "web_identity_token_file=/w\n", kDefault, "web /w r"},
      {"", kWeb, "[default]\nrole_arn=" + kRole + "2\nweb_identity_token_file=/w\n", "",
       "web /t r"},
      {"p", kWeb, "[profile p]\n" + role + "web_identity_token_file=/w\n", "", "web /w r"},
      // left out
      {"", {}, "[default]\nsso_session=x\n", kDefault, "SSO"},
      {"", {}, "[default]\ncredential_process=/bin/x\n", "", "credential_process"},
      {"", {}, "[default]\nlogin_session=x\n", "", "login_session"},
      {"", {}, "[default]\n" + role + "source_profile=b\nmfa_serial=m\n", "", "MFA"},
      // containers
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"}},
       "",
       "",
       "container http://169.254.170.23/v1/credentials"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[fd00:ec2::23]/v1"}},
       "",
       "",
       "container http://[fd00:ec2::23]/v1"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:1/x"}},
       "",
       "",
       "container http://localhost:1/x"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://credentials.example/x"}},
       "",
       "",
       "container https://credentials.example/x"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.169.254/x"}},
       "",
       "",
       "could be anybody's"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost.example/x"}},
       "",
       "",
       "could be anybody's"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2@evil.example/"}},
       "",
       "",
       "could be anybody's"},
      {"",
       {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/"}},
       "",
       "",
       "does not begin with a slash"},
  };
  for (const Case& test : kCases) {
    INFO(test.profile << " | " << test.config << " | " << test.credentials);
    for (const auto& [key, value] : test.variables) UNSCOPED_INFO(key << '=' << value);
    Settings settings;
    settings.profile = test.profile;
    const auto found =
        configured(settings, test.variables,
                   {{"/h/.aws/config", test.config}, {"/h/.aws/credentials", test.credentials}});
    if (found) {
      CHECK(describe(found->credentials) == test.plan);
    } else {
      CHECK_THAT(found.error().message, Catch::Contains(test.plan));
      CHECK_THAT(std::string(test.plan), !Catch::StartsWith("keys"));
    }
  }
}

TEST_CASE("all that a profile says of a role is used, and checked") {
  const auto found = configured(
      {}, {},
      {{"/h/.aws/config", "[default]\nrole_arn=" + kRole +
                              "\nexternal_id=x y\nrole_session_name=me\nduration_seconds=900\n"
                              "source_profile=b\n[profile b]\naws_access_key_id=B\n"
                              "aws_secret_access_key=s\naws_session_token=t\n"}});
  REQUIRE(found);
  CHECK(found->credentials.role.external_id == "x y");
  CHECK(found->credentials.role.session_name == "me");
  CHECK(found->credentials.role.duration_seconds == 900);
  CHECK(found->credentials.base->keys.session_token.reveal() == "t");

  CHECK(check_role({kRole, "", "ab", 900}));
  CHECK_FALSE(check_role({kRole, "", "a", 0}));
  CHECK_FALSE(check_role({kRole, "", "a b", 0}));
  CHECK_FALSE(check_role({kRole, "", std::string(65, 'a'), 0}));
  CHECK_FALSE(check_role({kRole, "", "", 899}));
  CHECK_FALSE(check_role({kRole, "", "", 43'201}));
  CHECK_FALSE(check_role({"arn:aws:iam::1:user/u", "", "", 0}));
}

TEST_CASE("the role of the settings is assumed with whatever is found") {
  Settings settings;
  settings.role_arn = "arn:aws-cn:iam::111122223333:role/cross";
  settings.external_id = "x";
  auto found = configured(settings, kKeys, {});
  REQUIRE(found);
  CHECK(describe(found->credentials) == "role cross via keys E");
  CHECK(found->credentials.role.external_id == "x");
  CHECK(found->region.empty());
  CHECK(found->sts_region == "cn-north-1");
  settings.role_arn.clear();
  CHECK_FALSE(configured(settings, kKeys, {}));  // an external id for nothing
}

TEST_CASE("regions: settings, AWS_REGION, AWS_DEFAULT_REGION, profile") {
  const Texts files = {{"/h/.aws/config", "[default]\nregion=eu-west-4\n"}};
  Settings settings;
  const auto region = [&](const Texts& variables) {
    const auto found = configured(settings, kKeys + variables, files);
    return found ? found->region : found.error().message;
  };
  CHECK(region({}) == "eu-west-4");
  CHECK(region({{"AWS_DEFAULT_REGION", "eu-west-3"}}) == "eu-west-3");
  CHECK(region({{"AWS_DEFAULT_REGION", "eu-west-3"}, {"AWS_REGION", "eu-west-2"}}) == "eu-west-2");
  settings.region = "eu-west-1";
  CHECK(region({{"AWS_REGION", "eu-west-2"}}) == "eu-west-1");
  settings.region = "evil.example/";
  CHECK_THAT(region({}), Catch::Contains("not an AWS region"));
}

TEST_CASE("endpoints: settings, the environment, services and profile; each can be ignored") {
  const std::string config =
      "[default]\nservices=s\nendpoint_url=http://p\n[services s]\nsqs=\n  endpoint_url=http://s\n";
  Settings settings;
  const auto endpoints = [&](const Texts& variables, const std::string& file) {
    const auto found = configured(settings, kKeys + variables, {{"/h/.aws/config", file}});
    if (!found) return found.error().message;
    std::string all;
    for (const std::string& url : found->transport.endpoints) all += url + ' ';
    return all;
  };
  const Texts ignored = {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}};
  const Texts both = {{"AWS_ENDPOINT_URL", "http://e"}, {"AWS_ENDPOINT_URL_SQS", "http://q"}};
  // s3, sqs, sts, cloudtrail
  CHECK(endpoints({}, "") == "    ");
  CHECK(endpoints({}, config) == "http://p http://s http://p http://p ");
  CHECK(endpoints({{"AWS_ENDPOINT_URL", "http://e"}}, config) ==
        "http://e http://e http://e http://e ");
  CHECK(endpoints(both, config) == "http://e http://q http://e http://e ");
  CHECK(endpoints(both + ignored, config) == "    ");
  settings.endpoint = "http://c";
  settings.s3_endpoint = "http://3";
  CHECK(endpoints(both + ignored, config) == "http://3 http://c http://c http://c ");
  settings.endpoint = "ftp://c";
  CHECK_THAT(endpoints({}, ""), Catch::Contains("endpoint for sqs cannot be used"));
}

TEST_CASE("FIPS, dual stack and the bundle of certificates are switched on where botocore does") {
  const auto found = configured(
      {}, kKeys + Texts{{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_CA_BUNDLE", "/ca"}},
      {{"/h/.aws/config", "[default]\nuse_dualstack_endpoint=true\nuse_fips_endpoint=false\n"}});
  REQUIRE(found);
  CHECK(found->transport.kind.fips);
  CHECK(found->transport.kind.dual_stack);
  CHECK(found->transport.ca_file == "/ca");
  const auto off = configured({}, kKeys + Texts{{"AWS_USE_FIPS_ENDPOINT", "false"}},
                              {{"/h/.aws/config", "[default]\nuse_fips_endpoint=true\n"}});
  REQUIRE(off);
  CHECK_FALSE(off->transport.kind.fips);
}

TEST_CASE("files are found where the environment says, and an unreadable one is an error") {
  const Texts variables = {{"AWS_CONFIG_FILE", "/c"}, {"AWS_SHARED_CREDENTIALS_FILE", "~/s"}};
  const auto found =
      configured({}, variables, {{"/c", "[default]\nregion=eu-west-1\n"}, {"/h/s", kDefault}});
  REQUIRE(found);
  CHECK(describe(found->credentials) == "keys D");
  CHECK(found->region == "eu-west-1");
  CHECK_FALSE(configured({}, variables, {{"/c", "nonsense"}}));
}

}  // namespace
}  // namespace tocsin::aws
