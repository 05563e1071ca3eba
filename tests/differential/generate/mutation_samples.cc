#include "differential/generate/mutation_samples.h"

namespace tocsin::differential {

const std::vector<std::string>& sample_records() {
  static const std::vector<std::string> kRecords = {
      R"({"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROA:s",)"
      R"("arn":"arn:aws:sts::111122223333:assumed-role/admin/s","accountId":"111122223333",)"
      R"("accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role",)"
      R"("arn":"arn:aws:iam::111122223333:role/admin"},"attributes":{"creationDate":)"
      R"("2024-01-31T10:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2024-01-31T12:00:00Z",)"
      R"("eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1",)"
      R"("sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2.15 é \"quoted\"","errorCode":)"
      R"("AccessDenied","requestParameters":{"userName":"mallory","tags":[{"key":"a","value":)"
      R"("b\\c"},{"key":"n","value":12}],"maxResults":100,"ratio":0.25},"responseElements":null,)"
      R"("readOnly":false,"eventID":"e-1","recipientAccountId":"111122223333"})",
      R"({"eventVersion":"1.09","userIdentity":{"type":"Root","accountId":"111122223333"},)"
      R"("eventTime":"2024-02-29T23:59:59Z","eventSource":"signin.amazonaws.com","eventName":)"
      R"("ConsoleLogin","sourceIPAddress":"2001:db8::1","additionalEventData":{"MFAUsed":"No"},)"
      R"("responseElements":{"ConsoleLogin":"Success"},"eventID":"e-2","text":"\u00e9\ud83d\ude00"})",
      R"({"eventSource":"s3.amazonaws.com","eventName":"GetObject","userIdentity":{"type":)"
      R"("AWSService","invokedBy":"x.amazonaws.com"},"resources":[{"ARN":"arn:aws:s3:::a"},)"
      R"({"ARN":"arn:aws:s3:::b","deep":[[[{"x":[1,2.50,-3e2]}]]]}],"a.b":1,"a":{"b":"2","b":null}})"};
  return kRecords;
}

const std::vector<std::string>& sample_rules() {
  static const std::vector<std::string> kRules = {
      R"(title: Every event
id: 00000000-0000-4000-8000-000000000001
logsource:
    product: aws
detection:
    nothing:
        no.such.field|exists: true
    condition: not nothing
)",
      R"(title: Text
id: 00000000-0000-4000-8000-000000000002
status: test
level: high
tags:
    - attack.t1078
references:
    - https://example.org/a
logsource:
    product: aws
    service: cloudtrail
detection:
    selection:
        eventName|startswith:
            - Create
            - 'De?ete*'
        userIdentity.type: AssumedRole
        userAgent|contains|all:
            - aws
            - '"quoted'
    keywords:
        - mallory
        - 'b\\c'
        - 12
    network:
        - sourceIPAddress|cidr: 198.51.100.0/24
        - sourceIPAddress|cidr: 2001:db8::/32
    filter_main:
        userIdentity.arn|endswith: ':root'
    condition: (selection or 1 of key*) and network and not filter_main
)",
      R"(title: Numbers, times, facts
id: 00000000-0000-4000-8000-000000000003
logsource:
    category: any
detection:
    numbers:
        requestParameters.maxResults|gte: 10
        requestParameters.ratio|lt: 0.5
        readOnly: false
    times:
        eventTime|hour|gte: 12
    facts:
        tocsin.mfa: 'false'
        tocsin.is_error: true
        tocsin.principal|contains: role
    other:
        responseElements: null
        userIdentity.accountId|fieldref: recipientAccountId
        userAgent|re|i: '^AWS-cli/\d+\.\d+'
        userIdentity.accessKeyId|cased|startswith: ASIA
        requestParameters|contains|windash: ' -a'
        text|base64offset|contains: secret
        text|wide|base64: secret
        eventID|neq: e-2
    condition:
        - all of them
        - numbers and (times or facts)
        - 1 of other
)",
      R"(title: Everything but one
logsource:
    product: aws
filter:
    rules:
        - Text
    selection:
        eventName: DescribeRegions
    condition: not selection
---
title: Many
name: many
correlation:
    type: value_count
    rules:
        - Text
    group-by:
        - userIdentity.arn
    timespan: 10m
    condition:
        gte: 3
        field: eventName
level: critical
)"};
  return kRules;
}

}  // namespace tocsin::differential
