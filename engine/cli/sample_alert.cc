#include "cli/sample_alert.h"

#include <fmt/format.h>

#include <memory>

#include "alert/alert_maker.h"
#include "alert/rule_json.h"
#include "base/time.h"
#include "event/event_reader.h"
#include "sigma/loader.h"

namespace tocsin::cli {
namespace {

// "Logging AWS Batch API calls with AWS CloudTrail", AWS Batch User Guide.
constexpr std::string_view kRecordHead =
    R"({"eventVersion":"1.05","userIdentity":{"type":"AssumedRole","principalId":)"
    R"("AIDACKCEVSQ6C2EXAMPLE:admin","arn":"arn:aws:sts::012345678910:assumed-role/Admin/admin",)"
    R"("accountId":"012345678910","accessKeyId":"AKIAIOSFODNN7EXAMPLE","sessionContext":)"
    R"({"attributes":{"mfaAuthenticated":"false","creationDate":"2017-12-20T00:48:46Z"},)"
    R"("sessionIssuer":{"type":"Role","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":)"
    R"("arn:aws:iam::012345678910:role/Admin","accountId":"012345678910","userName":"Admin"}}},)";
constexpr std::string_view kRecordTail =
    R"("eventSource":"batch.amazonaws.com","eventName":"CreateComputeEnvironment","awsRegion":)"
    R"("us-east-1","sourceIPAddress":"203.0.113.1","userAgent":"aws-cli/1.11.167 Python/2.7.10 )"
    R"(Darwin/16.7.0 botocore/1.7.25","requestParameters":{"computeResources":{"subnets":)"
    R"(["subnet-5eda8e04"],"tags":{"testBatchTags":"CLI testing CE"},"desiredvCpus":0,"minvCpus":0,)"
    R"("instanceTypes":["optimal"],"securityGroupIds":["sg-aba9e8db"],"instanceRole":)"
    R"("ecsInstanceRole","maxvCpus":128,"type":"EC2"},"state":"ENABLED","type":"MANAGED",)"
    R"("computeEnvironmentName":"Test"},"responseElements":{"computeEnvironmentName":"Test",)"
    R"("computeEnvironmentArn":"arn:aws:batch:us-east-1:012345678910:compute-environment/Test"},)"
    R"("requestID":"890b8639-e51f-11e7-b038-EXAMPLE","readOnly":false,"eventType":"AwsApiCall",)"
    R"("recipientAccountId":"012345678910"})";

constexpr std::string_view kRule = R"(title: "[TEST] Compute environment created without MFA"
id: 00000000-0000-4000-8000-7e5700000000
status: test
author: tocsin notify test
level: low
tags: [attack.t1496]
references: [https://docs.aws.amazon.com/batch/latest/userguide/logging-using-cloudtrail.html]
falsepositives: [This is a test of notifications; nothing has happened.]
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: batch.amazonaws.com
    eventName: CreateComputeEnvironment
    userIdentity.sessionContext.attributes.mfaAuthenticated: "false"
  condition: selection
)";

}  // namespace

alert::Alert sample_alert(std::int64_t now_ms, const program::Program& program,
                          program::RuleIndex rule) {
  const std::string record =
      fmt::format("{}\"eventTime\":\"{}\",\"eventID\":\"test-{}\",{}", kRecordHead,
                  format_time(now_ms / 1000), now_ms, kRecordTail);
  event::EventReader reader(program.fields());
  event::Event event;
  const std::string padded = record + std::string(event::kPadding, ' ');
  static_cast<void>(reader.read(std::string_view(padded).substr(0, record.size()), event));
  alert::AlertMaker maker(program);
  alert::Alert alert = maker.make(rule, event, event::Origin{}, now_ms);
  auto facts = std::make_shared<alert::RuleFacts>(*alert.rule);
  if (!facts->title.starts_with("[TEST]")) facts->title.insert(0, "[TEST] ");
  facts->json = alert::rule_json(*facts);
  alert.rule = std::move(facts);
  return alert;
}

alert::Alert sample_alert(std::int64_t now_ms) {
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(kRule, "(built in)", rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  return sample_alert(now_ms, program, 0);
}

}  // namespace tocsin::cli
