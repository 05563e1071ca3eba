#include "alert/resources.h"

#include <catch2/catch.hpp>
#include <string>

#include "alert/wording.h"
#include "differential/reference/padded.h"
#include "event/event_reader.h"

namespace tocsin::alert {
namespace {

// As people read them.
std::string touched(const std::string& source, const std::string& members) {
  event::FieldSet fields;
  const ResourceFields resources(fields);
  event::EventReader reader(fields);
  event::Event event;
  const reference::Padded text("{" + members + "}");
  REQUIRE(reader.read(text.view(), event));
  std::vector<ResourceView> found;
  resources.read(event, source, found);
  std::vector<Resource> copies;
  for (const ResourceView& one : found) {
    copies.push_back({std::string(one.kind), std::string(one.name)});
  }
  return resource_words(copies, 200);
}

TEST_CASE("what a call was about, by the parameters of its service") {
  struct Case {
    const char* source;
    const char* members;
    const char* words;
  };
  const Case kCases[] = {
      {"batch.amazonaws.com",
       R"("requestParameters":{"computeEnvironmentName":"web","computeResources":{"imageId":"ami-1"}})",
       "compute environment web, image ami-1"},
      {"s3.amazonaws.com", R"("requestParameters":{"bucketName":"b","key":"k/1"})",
       "bucket b, object k/1"},
      {"s3.amazonaws.com.cn", R"("requestParameters":{"bucketName":"b"})", "bucket b"},
      {"iam.amazonaws.com",
       R"("requestParameters":{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/P"})",
       "role r, policy arn:aws:iam::aws:policy/P"},
      // The same parameter means something else elsewhere, or nothing.
      {"cloudtrail.amazonaws.com", R"("requestParameters":{"name":"t"})", "trail t"},
      {"ssm.amazonaws.com", R"("requestParameters":{"name":"p"})", "parameter p"},
      {"other.amazonaws.com", R"("requestParameters":{"name":"p"})", ""},
      {"other.amazonaws.com", R"("requestParameters":{"roleName":"r"})", "role r"},
      {"ec2.amazonaws.com",
       R"("requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"},)"
       R"({"instanceId":"i-1"},{"instanceId":"i-3"},{"instanceId":"i-4"},{"instanceId":"i-5"}]}})",
       "instance i-1, instance i-2, instance i-3, instance i-4"},
      // CloudTrail's own list, when the parameters say nothing.
      {"kms.amazonaws.com", R"("resources":[{"ARN":"arn:aws:kms:r:1:key/k"}])",
       "resource arn:aws:kms:r:1:key/k"},
      {"iam.amazonaws.com", R"("requestParameters":{"userName":"","roleName":7})", ""},
      {"iam.amazonaws.com", R"("requestParameters":null)", ""},
      {"iam.amazonaws.com", R"("requestParameters":{"userName":"a\nb"})", "user a\\nb"},
  };
  for (const Case& test : kCases) {
    CAPTURE(test.source, test.members);
    CHECK(touched(test.source, test.members) == test.words);
  }
}

TEST_CASE("the shortest name of who acted") {
  EventFacts<std::string> facts;
  CHECK(actor_words(facts).empty());
  facts.principal = "arn:aws:iam::1:role/path/Admin";
  CHECK(actor_words(facts) == "Admin");
  facts.session_name = "ci";
  CHECK(actor_words(facts) == "Admin/ci");
  facts.person = "alice@example.com";
  CHECK(actor_words(facts) == "alice@example.com");
  facts = {};
  facts.principal = "arn:aws:iam::1:root";
  facts.identity_kind = "root";
  CHECK(actor_words(facts) == "root");
  facts.account = "111122223333";
  CHECK(actor_words(facts) == "root of 111122223333");
  facts = {};
  facts.principal = "s3.amazonaws.com";
  CHECK(actor_words(facts) == "s3.amazonaws.com");
}

}  // namespace
}  // namespace tocsin::alert
