#include "alert/resources.h"

#include <algorithm>
#include <iterator>

namespace tocsin::alert {
namespace {

struct Row {
  std::string_view service;  // of eventSource, without ".amazonaws.com"; "" for all of them
  const char* path;          // below requestParameters
  std::string_view kind;
};

// Names of parameters as CloudTrail records them. Those that say enough by themselves stand for all
// services. The order is the one in which they are shown.
constexpr Row kRows[] = {
    {"batch", "computeEnvironmentName", "compute environment"},
    {"batch", "computeEnvironment", "compute environment"},
    {"batch", "computeResources.imageId", "image"},
    {"batch", "jobQueueName", "job queue"},
    {"batch", "jobQueue", "job queue"},
    {"batch", "jobDefinitionName", "job definition"},
    {"batch", "jobDefinition", "job definition"},
    {"batch", "jobName", "job"},
    {"batch", "containerProperties.image", "image"},
    {"cloudtrail", "name", "trail"},
    {"cloudtrail", "trailName", "trail"},
    {"cloudtrail", "eventDataStore", "event data store"},
    {"cloudformation", "stackName", "stack"},
    {"config", "configurationRecorderName", "recorder"},
    {"config", "configurationRecorder.name", "recorder"},
    {"config", "deliveryChannelName", "delivery channel"},
    {"dynamodb", "tableName", "table"},
    {"ec2", "instancesSet.items.instanceId", "instance"},
    {"ec2", "instanceId", "instance"},
    {"ec2", "instancesSet.items.imageId", "image"},
    {"ec2", "imageId", "image"},
    {"ec2", "groupId", "security group"},
    {"ec2", "groupName", "security group"},
    {"ec2", "snapshotId", "snapshot"},
    {"ec2", "volumeId", "volume"},
    {"ec2", "keyName", "key pair"},
    {"ec2", "vpcId", "VPC"},
    {"ec2", "networkAclId", "network ACL"},
    {"ec2", "routeTableId", "route table"},
    {"ec2", "flowLogId", "flow log"},
    {"ecr", "repositoryName", "repository"},
    {"ecs", "taskDefinition", "task definition"},
    {"ecs", "cluster", "cluster"},
    {"eks", "name", "cluster"},
    {"events", "name", "rule"},
    {"guardduty", "detectorId", "detector"},
    {"iam", "userName", "user"},
    {"iam", "roleName", "role"},
    {"iam", "groupName", "group"},
    {"iam", "instanceProfileName", "instance profile"},
    {"iam", "policyArn", "policy"},
    {"iam", "policyName", "policy"},
    {"iam", "accessKeyId", "access key"},
    {"iam", "serialNumber", "MFA device"},
    {"iam", "sAMLProviderArn", "identity provider"},
    {"iam", "openIDConnectProviderArn", "identity provider"},
    {"kms", "keyId", "key"},
    {"kms", "aliasName", "alias"},
    {"lambda", "functionName", "function"},
    {"lambda", "layerName", "layer"},
    {"logs", "logGroupName", "log group"},
    {"organizations", "accountId", "account"},
    {"organizations", "policyId", "policy"},
    {"rds", "dBInstanceIdentifier", "database"},
    {"rds", "dBClusterIdentifier", "database cluster"},
    {"rds", "dBSnapshotIdentifier", "snapshot"},
    {"route53", "hostedZoneId", "hosted zone"},
    {"s3", "bucketName", "bucket"},
    {"s3", "key", "object"},
    {"secretsmanager", "secretId", "secret"},
    {"secretsmanager", "name", "secret"},
    {"securityhub", "productArn", "product"},
    {"sns", "topicArn", "topic"},
    {"sqs", "queueUrl", "queue"},
    {"sso", "permissionSetArn", "permission set"},
    {"sso", "principalId", "identity"},
    {"sso", "targetId", "account"},
    {"ssm", "target", "instance"},
    {"ssm", "instanceIds", "instance"},
    {"ssm", "documentName", "document"},
    {"ssm", "name", "parameter"},
    {"sts", "roleArn", "role"},
    {"wafv2", "name", "web ACL"},
    {"", "bucketName", "bucket"},
    {"", "functionName", "function"},
    {"", "userName", "user"},
    {"", "roleName", "role"},
    {"", "resourceArn", "resource"},
};

std::string_view service_of(std::string_view event_source) {
  return event_source.substr(0, event_source.find('.'));
}

}  // namespace

ResourceFields::ResourceFields(event::FieldSet& fields) : arn_(fields.add("resources.ARN")) {
  for (const Row& row : kRows) {
    fields_.push_back(fields.add(std::string("requestParameters.") + row.path));
  }
}

void ResourceFields::read(const event::Event& event, std::string_view event_source,
                          std::vector<ResourceView>& out) const {
  out.clear();
  const std::string_view service = service_of(event_source);
  const auto add = [&](std::string_view kind, event::FieldRef field) {
    for (const event::Value* value = event.first(field);
         value != nullptr && out.size() < kMostResources; value = event.next(*value)) {
      if (value->kind != event::Value::Kind::string || value->text.empty()) continue;
      const ResourceView resource{kind, value->text};
      if (std::find(out.begin(), out.end(), resource) == out.end()) out.push_back(resource);
    }
  };
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const bool is_own = kRows[i].service == service;
    if (is_own || (kRows[i].service.empty() && out.empty())) add(kRows[i].kind, fields_[i]);
  }
  if (out.empty()) add("resource", arn_);
}

}  // namespace tocsin::alert
