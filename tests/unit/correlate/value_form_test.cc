#include "correlate/value_form.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "corpus/corpus.h"

namespace tocsin::correlate {
namespace {

const ValueForm kVersions{ValueForm::Kind::without_versions, 0, 0};

std::string form(const ValueForm& form, const std::string& value) {
  std::string scratch;
  return std::string(canonical_value(form, value, scratch));
}

TEST_CASE("user agents are compared without version numbers") {
  const std::vector<std::vector<std::string>> families = {
      {"aws-cli/2.15.3 Python/3.11.6 Linux/5.10 exe/x86_64.amzn.2 prompt/off",
       "aws-cli/2.16.0 Python/3.12.1 Linux/6.1.147-172.266.amzn2023.x86_64 exe/x86_64.amzn.2023 "
       "prompt/off",
       "[aws-cli/2.16.0 Python/3.12.1 Linux/6.1 exe/x86_64.amzn.2 prompt/off "
       "command/ec2.stop-instances]"},
      {"aws-cli/2.16.0 Python/3.12.1 Darwin/20.5.0 exe/x86_64 prompt/off "
       "command/ec2.describe-instances"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/114.0.0.0 Safari/537.36 Edg/114.0.1823.82",
       "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/67.0.3396.99 Safari/537.36"},
      {"aws-internal/3 aws-sdk-java/1.12.692 Linux/5.10.213-179.855.amzn2int.x86_64 "
       "OpenJDK_64-Bit_Server_VM/25.392-b09 java/1.8.0_402",
       "aws-internal/3 aws-sdk-java/1.11.984 Linux/5.4.238-155.347.amzn2int.x86_64 "
       "OpenJDK_64-Bit_Server_VM/25.282-b08 java/1.8.0_282"},
      {"aws-sdk-go-v2/1.32.3 os/linux lang/go#1.23.1 api/sts#1.26.2 m/b,E",
       "aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22 api/ec2#1.9 m/E,Z"},
      {"aws-sdk-go/1.44.0 (go1.19; linux; amd64)", "aws-sdk-go/1.55.5 (go1.22.3; linux; amd64)"},
      {"terraform/v1.5.0", "terraform/v1.11.0-rc1"},
      {"stratus-red-team_ea782787-a65d-4fc4-9fca-1c97869a9a25",
       "stratus-red-team_0a05817a-84d2-40d7-afde-8311715b1ee6"},
      {"S3Console/0.4", "[S3Console/1.0]"},
      {"Boto3/1.26.1", "Boto3/2"},
      {"", "[]"},
      {"kali"},
  };
  std::set<std::string> seen;
  for (const auto& family : families) {
    const std::string name = form(kVersions, family[0]);
    INFO(family[0]);
    for (const std::string& agent : family) CHECK(form(kVersions, agent) == name);
    CHECK(seen.insert(name).second);
  }
  CHECK(form(kVersions, "S3 x86 amd64 EC2 k8s Boto3") == "S3 x86 amd64 EC2 k8s Boto3");
  CHECK(form(kVersions, "command/x y") == " y");
  CHECK(form(kVersions, "my-command/x") == "my-command/x");
  CHECK(form(kVersions, "1.2.") == ".");
  CHECK(form(kVersions, "v1.") == "v1.");
  CHECK(form(kVersions,
             "\xC3\xA4"
             "1 \xFF") == "\xC3\xA4 \xFF");
  const std::string long_one(200'000, '1');
  CHECK(form(kVersions, long_one).empty());
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "1-a";
  CHECK(form(kVersions, dashes).size() < dashes.size());
}

TEST_CASE("addresses are compared by network") {
  const ValueForm networks{ValueForm::Kind::network, 24, 48};
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"203.0.113.77", "203.0.113.0/24"},       {"::ffff:203.0.113.77", "203.0.113.0/24"},
      {"2001:db8:1:2:3::4", "2001:db8:1::/48"}, {"2001:DB8:1:FFFF::", "2001:db8:1::/48"},
      {"AWS Internal", "AWS Internal"},         {"ec2.amazonaws.com", "ec2.amazonaws.com"},
      {"203.0.113.77/24", "203.0.113.77/24"},   {"", ""},
  };
  for (const auto& [value, wanted] : rows) CHECK(form(networks, value) == wanted);
  CHECK(form({ValueForm::Kind::network, 32, 128}, "203.0.113.77") == "203.0.113.77");
  CHECK(form({ValueForm::Kind::network, 1, 1}, "203.0.113.77") == "128.0.0.0/1");
  CHECK(form({ValueForm::Kind::network, 1, 1}, "a000::1") == "8000::/1");
  CHECK(form({}, "203.0.113.77") == "203.0.113.77");
}

TEST_CASE("each field has its own form") {
  sigma::Correlation document;
  document.fields = {"agent", "ip", "region"};
  document.ignore_versions = {"agent"};
  document.networks = {{"ip", 16, 32}};
  CHECK(form_of(document, 0).kind == ValueForm::Kind::without_versions);
  CHECK(form_of(document, 1).kind == ValueForm::Kind::network);
  CHECK(form_of(document, 1).ipv4 == 16);
  CHECK(form_of(document, 1).ipv6 == 32);
  CHECK(form_of(document, 2).kind == ValueForm::Kind::as_is);
}

TEST_CASE("the user agents of the corpus come down to few families") {
  const auto corpus = corpus::find("families of user agents");
  if (!corpus) return;
  std::set<std::string> agents, families;
  constexpr std::string_view kKey = "\"userAgent\":\"";
  for (const auto& file : corpus::event_files(*corpus)) {
    for (const std::string& line : corpus::lines_of(file)) {
      const std::size_t at = line.find(kKey);
      if (at == std::string::npos) continue;
      const std::size_t begin = at + kKey.size();
      const std::string agent = line.substr(begin, line.find('"', begin) - begin);
      agents.insert(agent);
      families.insert(form(kVersions, agent));
    }
  }
  std::cout << agents.size() << " user agents, " << families.size() << " families\n";
  CHECK(agents.size() > 200);
  CHECK(families.size() < agents.size() / 2);
}

}  // namespace
}  // namespace tocsin::correlate
