#include "event/cloudtrail.h"

#include <catch2/catch.hpp>
#include <string>

#include "differential/reference/padded.h"
#include "event/event_reader.h"

namespace tocsin::event {
namespace {

struct OwnedFacts {
  std::string identity_kind, principal, mfa, source_ip_kind, account;
  bool is_error;
  std::string session_name, person;
};

OwnedFacts facts_of(const std::string& json) {
  FieldSet fields;
  const CloudTrailFields cloudtrail(fields);
  EventReader reader(fields);
  Event event;
  const reference::Padded text(json);
  REQUIRE(reader.read(text.view(), event));
  std::string scratch;
  const Facts facts = cloudtrail.facts(event, scratch);
  return {std::string(facts.identity_kind),  std::string(facts.principal), std::string(facts.mfa),
          std::string(facts.source_ip_kind), std::string(facts.account),   facts.is_error,
          std::string(facts.session_name),   std::string(facts.person)};
}

TEST_CASE("every type of identity has a kind and a stable principal") {
  struct Case {
    const char* identity;
    const char* kind;
    const char* principal;
  };
  const Case kCases[] = {
      {R"({"type":"Root","arn":"arn:aws:iam::1:root","accountId":"1"})", "root",
       "arn:aws:iam::1:root"},
      {R"({"type":"Root","accountId":"1"})", "root", "arn:aws:iam::1:root"},
      {R"({"type":"Root"})", "root", ""},
      {R"({"type":"IAMUser","arn":"arn:aws:iam::1:user/a","userName":"a"})", "iam_user",
       "arn:aws:iam::1:user/a"},
      {R"({"type":"IAMUser","userName":"a","principalId":"AID"})", "iam_user", "a"},
      {R"({"type":"IAMUser","userName":"","principalId":"AID"})", "iam_user", "AID"},
      {R"({"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/r/s","sessionContext":)"
       R"({"sessionIssuer":{"arn":"arn:aws:iam::1:role/path/r"}}})",
       "assumed_role", "arn:aws:iam::1:role/path/r"},
      {R"({"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/r/s"})", "assumed_role",
       "arn:aws:iam::1:role/r"},
      {R"({"type":"AssumedRole","arn":"arn:aws-us-gov:sts::1:assumed-role/r"})", "assumed_role",
       "arn:aws-us-gov:iam::1:role/r"},
      {R"({"type":"AssumedRole","arn":"odd"})", "assumed_role", "odd"},
      {R"({"type":"AssumedRole","principalId":"AROA:s"})", "assumed_role", "AROA:s"},
      {R"({"type":"Role","arn":"arn:aws:iam::1:role/r"})", "role", "arn:aws:iam::1:role/r"},
      {R"({"type":"FederatedUser","arn":"arn:aws:sts::1:federated-user/f"})", "federated_user",
       "arn:aws:sts::1:federated-user/f"},
      {R"({"type":"Directory","principalId":"d"})", "directory", "d"},
      {R"({"type":"AWSAccount","principalId":"AIDA","accountId":"2"})", "aws_account", "AIDA"},
      {R"({"type":"AWSAccount","accountId":"2"})", "aws_account", "2"},
      {R"({"type":"AWSService","invokedBy":"s3.amazonaws.com"})", "aws_service",
       "s3.amazonaws.com"},
      {R"({"type":"SAMLUser","userName":"u"})", "saml_user", "u"},
      {R"({"type":"WebIdentityUser","userName":"u"})", "web_identity_user", "u"},
      {R"({"type":"IdentityCenterUser","onBehalfOf":{"userId":"id"},"accountId":"1"})",
       "identity_center_user", "id"},
      {R"({"type":"Unknown","principalId":"p"})", "unknown", "p"},
      {R"({"type":"root"})", "unknown", ""},
      {R"({"type":null})", "unknown", ""},
      {R"({})", "unknown", ""},
      {R"(null)", "unknown", ""},
      {R"("text")", "unknown", ""},
      {R"({"type":7,"arn":["arn:aws:iam::1:user/a"]})", "unknown", "arn:aws:iam::1:user/a"},
  };
  for (const Case& c : kCases) {
    INFO(c.identity);
    const OwnedFacts facts = facts_of(std::string(R"({"userIdentity":)") + c.identity + "}");
    CHECK(facts.identity_kind == c.kind);
    CHECK(facts.principal == c.principal);
  }
}

TEST_CASE("the person behind a shared role, where the record says who it is") {
  struct Case {
    const char* identity;
    const char* session_name;
    const char* person;
  };
  const Case kCases[] = {
      // The session of a machine tells nobody apart.
      {R"({"type":"AssumedRole","principalId":"AROA:i-0123","sessionContext":{"sessionIssuer":)"
       R"({"arn":"arn:aws:iam::1:role/Worker"}}})",
       "i-0123", ""},
      {R"({"type":"AssumedRole","principalId":"AROA:alice@example.com","sessionContext":)"
       R"({"sessionIssuer":{"arn":"arn:aws:iam::1:role/Admin"}}})",
       "alice@example.com", "alice@example.com"},
      {R"({"type":"AssumedRole","principalId":"AROA:alice","sessionContext":{"sessionIssuer":)"
       R"({"arn":"arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1a"}}})",
       "alice", "alice"},
      {R"({"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1a/bob"})",
       "bob", "bob"},
      {R"({"type":"AssumedRole","principalId":"AROA:x@y","sessionContext":{"sourceIdentity":"carol",)"
       R"("sessionIssuer":{"arn":"arn:aws:iam::1:role/Admin"}}})",
       "x@y", "carol"},
      {R"({"type":"AssumedRole","principalId":"AROA:app","onBehalfOf":{"userId":"u-1"},)"
       R"("sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/App"}}})",
       "app", "u-1"},
      {R"({"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}})", "", ""},
      {R"({"type":"IAMUser","arn":"arn:aws:iam::1:user/a","principalId":"AIDA:x@y"})", "", ""},
      {R"({"type":"AssumedRole"})", "", ""},
  };
  for (const Case& test : kCases) {
    CAPTURE(test.identity);
    const OwnedFacts facts =
        facts_of(std::string(R"({"eventVersion":"1.08","userIdentity":)") + test.identity + "}");
    CHECK(facts.session_name == test.session_name);
    CHECK(facts.person == test.person);
  }
}

TEST_CASE("MFA is told by the session, or by the sign-in") {
  const auto session = [](const std::string& value) {
    return R"({"userIdentity":{"sessionContext":{"attributes":{"creationDate":"2024-01-31T00:00:00Z",)"
           R"("mfaAuthenticated":)" +
           value + "}}}}";
  };
  CHECK(facts_of(session(R"("true")")).mfa == "true");
  CHECK(facts_of(session("true")).mfa == "true");
  CHECK(facts_of(session(R"("false")")).mfa == "false");
  CHECK(facts_of(session("false")).mfa == "false");
  CHECK(facts_of(session("null")).mfa == "unknown");
  CHECK(facts_of(session(R"("maybe")")).mfa == "unknown");
  CHECK(facts_of(R"({"additionalEventData":{"MFAUsed":"Yes"}})").mfa == "true");
  CHECK(facts_of(R"({"additionalEventData":{"MFAUsed":"No"}})").mfa == "false");
  CHECK(facts_of("{}").mfa == "unknown");
}

TEST_CASE("kinds of source addresses") {
  struct Case {
    const char* source;
    const char* kind;
  };
  const Case kCases[] = {
      {R"("8.8.8.8")", "public"},
      {R"("2001:db8::1")", "public"},
      {R"("10.1.2.3")", "private"},
      {R"("172.31.255.255")", "private"},
      {R"("172.32.0.0")", "public"},
      {R"("100.64.0.1")", "private"},
      {R"("127.0.0.1")", "private"},
      {R"("fd00::1")", "private"},
      {R"("::1")", "private"},
      {R"("::ffff:192.168.1.1")", "private"},
      {R"("AWS Internal")", "aws_internal"},
      {R"("s3.amazonaws.com")", "aws_service"},
      {R"("ec2.amazonaws.com.cn")", "aws_service"},
      {R"("x.aws.internal")", "aws_service"},
      {R"("example.org")", "none"},
      {R"("")", "none"},
      {"null", "none"},
      {"7", "none"},
  };
  for (const Case& c : kCases) {
    INFO(c.source);
    CHECK(facts_of(std::string(R"({"sourceIPAddress":)") + c.source + "}").source_ip_kind ==
          c.kind);
  }
  CHECK(facts_of("{}").source_ip_kind == "none");
}

TEST_CASE("account and error") {
  const OwnedFacts both =
      facts_of(R"({"recipientAccountId":"1","userIdentity":{"accountId":"2"}})");
  CHECK(both.account == "1");
  CHECK_FALSE(both.is_error);
  CHECK(facts_of(R"({"userIdentity":{"accountId":"2"}})").account == "2");
  CHECK(facts_of("{}").account.empty());
  CHECK(facts_of(R"({"errorCode":"AccessDenied"})").is_error);
  CHECK_FALSE(facts_of(R"({"errorCode":null})").is_error);
}

TEST_CASE("facts are fields, and nobody can forge them") {
  FieldSet fields;
  for (const std::string_view name : fact_names()) fields.add(name);
  const FieldRef unknown = fields.add("tocsin.nothing");
  FactFields::complete(fields);
  EventReader reader(fields);
  Event event;
  const reference::Padded text(
      R"({"tocsin.mfa":"true","tocsin":{"mfa":"true","nothing":1},"userIdentity":{"type":"Root"}})");
  REQUIRE(reader.read(text.view(), event));
  CHECK(event.text(fields.find("tocsin.mfa")) == "unknown");
  CHECK(event.text(fields.find("tocsin.identity_kind")) == "root");
  CHECK(event.text(fields.find("tocsin.is_error")) == "false");
  CHECK_FALSE(event.present(fields.find("tocsin.principal")));
  CHECK_FALSE(event.present(fields.find("tocsin.account")));
  CHECK_FALSE(event.present(unknown));
}

}  // namespace
}  // namespace tocsin::event
