#include "aws/profile.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::aws {
namespace {

Profiles config(const std::string& text) {
  Profiles profiles;
  const Status status = add_profiles(ProfileFile::config, text, "config", profiles);
  REQUIRE(status);
  return profiles;
}

std::string value(const Profiles& profiles, const char* profile, const char* key) {
  const Section* section = profiles.find(profile);
  return section == nullptr ? "no profile" : std::string(value_of(*section, key));
}

TEST_CASE("sections, settings, comments and blocks are read as botocore reads them") {
  const Profiles profiles = config(
      "\xEF\xBB\xBF# comment\n"
      "[default]\r\n"
      "Region = eu-west-1\r\n"
      "; another\n"
      "output:json\n"
      "\n"
      "[profile two words]\n"
      "role_arn=arn:aws:iam::1:role/a = b\n"
      "[profile \"quoted name\"]\n"
      "a = 1 # not a comment\n"
      "[ profile  spaced ]\n"
      "services = local\n"
      "s3 =\n"
      "  endpoint_url = http://127.0.0.1:1\n"
      "    addressing_style=path\n"
      "region = us-east-1\n"
      "[services local]\n"
      "sqs =\n"
      "\tendpoint_url = http://127.0.0.1:2\n"
      "[preview]\n"
      "cloudsearch = true\n"
      "[profiles x]\n"
      "a = 1\n");
  CHECK(value(profiles, "default", "region") == "eu-west-1");
  CHECK(value(profiles, "default", "output") == "json");
  CHECK(value(profiles, "two words", "role_arn") == "arn:aws:iam::1:role/a = b");
  CHECK(value(profiles, "quoted name", "a") == "1 # not a comment");
  CHECK(value(profiles, "spaced", "s3.endpoint_url") == "http://127.0.0.1:1");
  CHECK(value(profiles, "spaced", "s3.addressing_style") == "path");
  CHECK(value(profiles, "spaced", "region") == "us-east-1");
  CHECK(value_of(profiles.services.at("local"), "sqs.endpoint_url") == "http://127.0.0.1:2");
  CHECK(profiles.profiles.size() == 4);
  CHECK(value(profiles, "preview", "cloudsearch") == "no profile");
}

TEST_CASE("the credentials file names profiles without a word, and its settings go before") {
  Profiles profiles = config("[profile a]\naws_access_key_id = old\nregion = eu-west-1\n");
  REQUIRE(add_profiles(ProfileFile::credentials,
                       "[a]\naws_access_key_id = new\n[profile b]\naws_access_key_id = x\n",
                       "credentials", profiles));
  CHECK(value(profiles, "a", "aws_access_key_id") == "new");
  CHECK(value(profiles, "a", "region") == "eu-west-1");
  CHECK(profiles.find("b") == nullptr);
}

TEST_CASE("a line that cannot be read is named by its number, and not repeated") {
  const auto why = [](const std::string& text) {
    Profiles profiles;
    const Status status = add_profiles(ProfileFile::config, text, "f", profiles);
    return status ? std::string("accepted") : status.error().message;
  };
  CHECK(why("[default]\nsecret\n") == "f, line 2: this is neither `name = value` nor a [section]");
  CHECK(why("\n\na = secret\n") == "f, line 3: a setting stands before the first [section]");
  CHECK(why("[default\na = secret\n") == "f, line 1: a section's name ends with ]");
  CHECK(why("[default]\n= secret\n") ==
        "f, line 2: this is neither `name = value` nor a [section]");
  CHECK(why("") == "accepted");
  CHECK(why("[]\n[profile]\n[profile ]\n") == "accepted");
  CHECK(why("[default]\n  indented = 1\n") == "accepted");
  CHECK(why("[default]\na = 1\n  goes on\n") == "accepted");
}

}  // namespace
}  // namespace tocsin::aws
