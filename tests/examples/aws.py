#!/usr/bin/env python3
"""The templates of examples/aws: both are evaluated in every variant and must say the same, with all
references kept, policies that allow no more than is listed here, and Terraform's resources as the
provider's schema has them; broken copies must be refused. Then with_moto.py puts the CloudFormation
template into force and runs the commands of the README.

Usage: aws.py TOCSIN. cfn-lint, terraform and moto_server are used where they are installed; what is
left out without them is said.
"""
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import templates
import with_moto

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples" / "aws"
PULL = {"BucketName": "trail-bucket"}
PUSH = {"Endpoint": "https://tocsin.example.com/v1/events", "Token": "0123456789abcdef", "Trail": "none"}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/0a1b"
VARIANTS = [
    PULL,
    {**PULL, "Delivery": "sns", "KmsKeyArn": KEY, "Compute": "eks-pod-identity", "Cluster": "main"},
    {**PULL, "Delivery": "eventbridge", "Compute": "eks-irsa", "Namespace": "security",
     "OidcProvider": "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"},
    {**PULL, "Trail": "organization", "OrganizationId": "o-abcdefghij",
     "QueueArn": "arn:aws:sqs:eu-west-1:222233334444:tocsin", "KmsKeyArn": KEY,
     "ReaderArn": "arn:aws:iam::222233334444:role/tocsin"},
    {**PULL, "Trail": "none", "BucketAccount": "222233334444"},
    {**PULL, "Trail": "none", "Delivery": "sns", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:trail"},
    {**PULL, "Trail": "none", "Delivery": "eventbridge"},
    {**PUSH, "Delivery": "firehose", "LogGroupName": "trail"},
    {**PUSH, **PULL, "Delivery": "firehose", "Trail": "organization", "OrganizationId": "o-abcdefghij"},
    {**PUSH, "Delivery": "api-destination"},
]
# Parameters that do not go together.
REFUSED = [
    ("BucketIsNamed", {}), ("BucketIsNamed", {"Trail": "none"}),
    ("Delivery cannot be", {**PULL, "Delivery": "carrier-pigeon"}),
    ("OrganizationNeedsId", {**PULL, "Trail": "organization"}),
    ("PushNeedsEndpoint", {**PULL, "Delivery": "firehose"}),
    ("FirehoseNeedsLogGroup", {**PUSH, "Delivery": "firehose"}),
    ("IrsaNeedsProvider", {**PULL, "Compute": "eks-irsa"}),
    ("PodIdentityNeedsCluster", {**PULL, "Compute": "eks-pod-identity"}),
    ("ForeignQueueIsDirect", {**PULL, "Delivery": "sns", "QueueArn": "arn:aws:sqs:x:1:q"}),
]
# All that any policy allows, and that no policy has the resource `*`.
ACTIONS = set("""
    sqs:SendMessage sns:Publish sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility
    sqs:GetQueueAttributes s3:GetObject s3:ListBucket kms:Decrypt s3:GetBucketAcl s3:PutObject
    sts:AssumeRole sts:TagSession sts:AssumeRoleWithWebIdentity logs:CreateLogStream logs:PutLogEvents
    firehose:PutRecord firehose:PutRecordBatch s3:AbortMultipartUpload s3:GetBucketLocation
    s3:ListBucketMultipartUploads events:InvokeApiDestination""".split())
SCHEMA = {words[0]: words[1:] for words in map(
    str.split, (HERE / "aws_provider.txt").read_text().splitlines()) if words[0] != "#"}


def as_list(value):
    return value if isinstance(value, list) else [value]


def statement(one):
    """One form for what may be written as a text or as a list of one."""
    return json.dumps({name: sorted(value) if isinstance(value, list) and len(value) > 1 else
                       value[0] if isinstance(value, list) else value
                       for name, value in one.items()}, sort_keys=True)


def check_policy(name, policy):
    for one in policy["Statement"]:
        if unknown := set(as_list(one["Action"])) - ACTIONS:
            raise templates.Refused(f"{name} allows {unknown}")
        if "*" in as_list(one.get("Resource", "")) or "*" in str(one.get("Principal", "")):
            raise templates.Refused(f"{name} allows everything or everybody")
        service = one.get("Principal", {}).get("Service")
        if service and service not in ("ec2.amazonaws.com", "cloudtrail.amazonaws.com") and \
                "Condition" not in one:
            raise templates.Refused(f"{name} trusts {service} on behalf of any account")


def policies_of_cloudformation(resources):
    found = {}
    for name, (kind, properties) in resources.items():
        if "PolicyDocument" in properties:
            found[name] = properties["PolicyDocument"]
        if kind == "AWS::IAM::Role":
            trust = properties["AssumeRolePolicyDocument"]
            found[name] = json.loads(trust) if isinstance(trust, str) else trust
            found[name + "_policy"], = [one["PolicyDocument"] for one in properties["Policies"]]
    return found


def policies_of_terraform(resources):
    return {name: json.loads(properties[member]) for name, (_, properties) in resources.items()
            for member in ("policy", "assume_role_policy") if member in properties}


def canonical(policies, is_terraform):
    """References in one form: <queue.arn>. CloudFormation's ARN of a log group has `:*` at its end."""
    def plain(text):
        text = re.sub(r"<aws_\w+/(\w+\.\w+)>", r"<\1>", text) if is_terraform else text
        return text.replace("<log_group.arn>:*", "<log_group.arn>")
    return {name: sorted(plain(statement(one)) for one in policy["Statement"])
            for name, policy in policies.items()}


# Resources that CloudFormation has as properties of others, or of which Terraform has two.
PARTS = {"object_target", "api_target", "bucket_access", "undelivered_access", "notification"}


def check_schema(path, block):
    known = {word.rstrip("!="): word[-1] for word in SCHEMA[path]}
    for name, value in block.items():
        if name == "depends_on" and "." not in path:
            continue
        if name not in known or known[name] == "=":
            raise templates.Refused(f"{path} has no {name}")
        if f"{path}.{name}" in SCHEMA:
            for one in as_list(value):
                check_schema(f"{path}.{name}", one)
    for name, mark in known.items():
        if mark == "!" and block.get(name) is None:
            raise templates.Refused(f"{path} lacks {name}")


def check_terraform(resources, text):
    declared = set(re.findall(r'^resource "(\w+)" "(\w+)"', text, re.M))
    for kind, properties in resources.values():
        check_schema(kind, properties)
        for after in properties.get("depends_on") or []:
            if tuple(after.strip("<>").rstrip(".").split("/")) not in declared:
                raise templates.Refused(f"depends on {after}, which there is not")
        rest = {name: value for name, value in properties.items() if name != "depends_on"}
        # jsonencode() writes <> as \u003c and \u003e.
        written = json.dumps(rest).replace(r"\\u003c", "<").replace(r"\\u003e", ">")
        for of, name, attribute in re.findall(r"<(\w+)/(\w+)\.(\w*)>", written):
            if resources.get(name, ("",))[0] != of:
                raise templates.Refused(f"{of}.{name} is referred to and not made")
            if attribute not in {word.rstrip("!=") for word in SCHEMA[of]}:
                raise templates.Refused(f"{of} has no {attribute}")


@functools.cache
def resources_of_terraform(text, parameters):
    return templates.Terraform(text).resources(**dict(parameters))


def check_all(cloudformation, terraform, variants=VARIANTS):
    for variant in variants:
        ours = templates.CloudFormation(cloudformation, **variant).resources()
        policies = policies_of_cloudformation(ours)
        for name, policy in policies.items():
            check_policy(name, policy)
        if not terraform:
            continue
        theirs = resources_of_terraform(terraform, tuple(variant.items()))
        check_terraform(theirs, terraform)
        same, other = canonical(policies, False), canonical(policies_of_terraform(theirs), True)
        for name in {*same, *other}:
            if same.get(name) != other.get(name):
                raise templates.Refused(f"{variant}: the policies {name} differ: {same.get(name)} "
                                        f"in CloudFormation, {other.get(name)} in Terraform")
        made = {name for name in theirs if not name.endswith("role_policy")} - PARTS
        if made != set(ours):
            raise templates.Refused(f"{variant}: only one makes {made ^ set(ours)}")


def must_refuse(what, reason, call):
    try:
        call()
    except templates.Refused as refusal:
        if reason not in str(refusal):
            sys.exit(f"FAILED: {what} is refused for another reason than {reason!r}: {refusal}")
        return
    sys.exit(f"FAILED: {what} is not refused")


def broken_copies(cloudformation, terraform):
    """(text, what it is replaced by, what is said of it); `differ` needs Terraform to compare with."""
    for good, bad, reason in [
            ("!GetAtt Queue.Arn", "!GetAtt Queeu.Arn", "Queeu"),
            ("!Ref BucketName", "!Ref BucketNames", "BucketNames"),
            ("[sqs:ReceiveMessage, ", "[sqs:*, ", "allows {'sqs:*'}"),
            ("Resource: !Ref KmsKeyArn", 'Resource: "*"', "allows everything"),
            ("              StringEquals: !If\n                - ByS3",
             "              StringEquals: !If\n                - ByEventBridge", "differ"),
            ("[sqs:ReceiveMessage, sqs:DeleteMessage, ", "[sqs:ReceiveMessage, ", "differ"),
            ("Service: pods.eks", "Service: lambda", "differ"),
            ("    Condition: OnPodIdentity\n", "", "pod_identity")]:
        assert good in cloudformation, good
        if terraform or reason not in ("differ", "pod_identity"):
            copy = cloudformation.replace(good, bad)
            must_refuse(bad, reason, lambda: check_all(copy, terraform, VARIANTS[:2]))
    for good, bad, reason in [
            ("aws_sqs_queue.queue[0].arn", "aws_sqs_queue.queeu[0].arn", "aws_sqs_queue.queeu"),
            ("local.trail_arn", "local.trial_arn", "local value with the name \"trial_arn\""),
            ("aws_sqs_queue.queue[0].url", "aws_sqs_queue.queue[0].urn", "has no urn"),
            ("queue_url =", "queue_uri =", "has no queue_uri"),
            ('  protocol   = "sqs"\n', "", "lacks protocol"),
            ("aws_iam_role.role[0].arn", "aws_iam_role.invoke_role[0].arn", "referred to and not made"),
            ('"sqs:DeleteMessage", ', "", "differ")] if terraform else []:
        assert good in terraform, good
        copy = terraform.replace(good, bad)
        must_refuse(bad, reason, lambda: check_all(cloudformation, copy, VARIANTS[1:2]))


def lint(path):
    """Starts cfn-lint. The default of a parameter that a variant does not use is empty: W1030, W1031."""
    return subprocess.Popen(["cfn-lint", "--ignore-checks", "W1030", "W1031", "--", str(path)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check_by_cfn_lint(path, text):
    if not shutil.which("cfn-lint"):
        print("SKIPPED: cfn-lint is not installed")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as broken:
        broken.write(text.replace("VisibilityTimeout:", "VisibilityTimeuot:"))
        broken.flush()
        good, bad = lint(path), lint(broken.name)
        said, refusal = good.communicate()[0], bad.communicate()[0]
    if good.returncode != 0:
        sys.exit(f"FAILED: cfn-lint: {said}")
    if bad.returncode == 0 or "VisibilityTimeuot" not in refusal:
        sys.exit(f"FAILED: cfn-lint takes a property that there is not: {refusal}")
    print("cfn-lint has no objection, and refuses a broken copy")


def main():
    path = EXAMPLES / "cloudformation.yml"
    cloudformation, terraform = path.read_text(), (EXAMPLES / "terraform" / "main.tf").read_text()
    if shutil.which("terraform"):
        subprocess.run(["terraform", "fmt", "-check", "-diff", str(EXAMPLES / "terraform")], check=True,
                       stderr=subprocess.DEVNULL)
    else:
        terraform = None
        print("SKIPPED: terraform is not installed: its configuration is not checked")
    check_all(cloudformation, terraform)
    for reason, parameters in REFUSED:
        must_refuse(parameters, reason, lambda: templates.CloudFormation(cloudformation, **parameters))
        if terraform:
            must_refuse(parameters, "Invalid value for variable",
                        lambda: resources_of_terraform(terraform, tuple(parameters.items())))
    broken_copies(cloudformation, terraform)
    print(f"CloudFormation{' and Terraform' if terraform else ''}: {len(VARIANTS)} variants are sound"
          f"{' and alike' if terraform else ''}; broken copies and wrong parameters are refused")
    check_by_cfn_lint(path, cloudformation)
    with_moto.run(sys.argv[1], EXAMPLES, cloudformation)


if __name__ == "__main__":
    main()
