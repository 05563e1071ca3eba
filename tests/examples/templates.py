"""examples/aws/cloudformation.yml and terraform/main.tf, evaluated: what each of them makes for given
parameters, in one form. A resource is (type, properties); what it refers to is written <name.attribute>.

CloudFormation's functions are evaluated here. Terraform evaluates its own: the configuration is copied
with every resource as an output and every reference to a resource as a text, so that neither provider
nor account is needed, and types, functions and validations are Terraform's.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

ACCOUNT, REGION = "111122223333", "eu-west-1"
ABSENT = object()


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags: !Ref X is {"Ref": X}, !Sub X is {"Fn::Sub": X}."""


def construct_tag(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else "Fn::" + tag: value}


Loader.add_multi_constructor("!", construct_tag)


class Refused(Exception):
    """The template does not take these parameters, or is wrong."""


class CloudFormation:
    # What Ref gives of a resource, where it is not its id.
    REFERENCES = {"AWS::SNS::Topic": "Arn", "AWS::SQS::Queue": "Url"}

    def __init__(self, text, **parameters):
        self.template = yaml.load(text, Loader)
        declared = self.template["Parameters"]
        for name in parameters:
            if name not in declared:
                raise Refused(f"there is no parameter {name}")
        self.parameters = {name: parameters.get(name, parameter.get("Default"))
                           for name, parameter in declared.items()}
        for name, parameter in declared.items():
            value = self.parameters[name]
            if value not in parameter.get("AllowedValues", [value]) or not re.fullmatch(
                    parameter.get("AllowedPattern", ".*"), value):
                raise Refused(f"{name} cannot be {value!r}")
        for name, rule in self.template["Rules"].items():
            if self.value(rule["RuleCondition"]) and not all(
                    self.value(assertion["Assert"]) for assertion in rule["Assertions"]):
                raise Refused(name)

    def condition(self, name):
        if name not in self.template["Conditions"]:
            raise Refused(f"there is no condition {name}")
        return self.value(self.template["Conditions"][name])

    def exists(self, entry):
        return "Condition" not in entry or self.condition(entry["Condition"])

    def attribute(self, name, attribute=None):
        resource = self.template["Resources"].get(name)
        if resource is None or not self.exists(resource):
            raise Refused(f"{name} is referred to and not made")
        attribute = attribute or self.REFERENCES.get(resource["Type"], "Id")
        return f"<{snake(name)}.{attribute.lower()}>"

    def reference(self, name):
        pseudo = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws",
                  "AWS::StackName": "tocsin", "AWS::NoValue": ABSENT}
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.attribute(*name.split(".")) if "." in name else self.attribute(name)

    def function(self, name, argument):
        value = self.value
        if name == "Ref":
            return self.reference(argument)
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::GetAtt":
            return self.attribute(*argument)
        if name == "Fn::If":
            return value(argument[1] if self.condition(argument[0]) else argument[2])
        if name == "Fn::Sub":
            return re.sub(r"\$\{([\w:.]+)\}", lambda match: self.reference(match[1]), argument)
        if name == "Fn::Select":
            return value(argument[1])[int(argument[0])]
        if name == "Fn::Contains":
            return value(argument[1]) in value(argument[0])
        if name == "Fn::Equals":
            return value(argument[0]) == value(argument[1])
        logic = {"Fn::Not": lambda them: not them[0], "Fn::And": all, "Fn::Or": any}
        if name in logic:
            return logic[name]([value(one) for one in argument])
        raise Refused(f"unknown function {name}")

    def value(self, node):
        if isinstance(node, list):
            return [one for one in map(self.value, node) if one is not ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            # {Condition: {…}} is a member of a policy's statement.
            if name.startswith("Fn::") or name == "Ref" or name == "Condition" and isinstance(argument, str):
                return self.function(name, argument)
        values = {name: self.value(one) for name, one in node.items()}
        return {name: one for name, one in values.items() if one is not ABSENT}

    def resources(self):
        made = {name: entry for name, entry in self.template["Resources"].items() if self.exists(entry)}
        for output in self.template["Outputs"].values():
            if self.exists(output):
                self.value(output["Value"])
        return {snake(name): (entry["Type"], self.value(entry.get("Properties", {})))
                for name, entry in made.items()}


def as_outputs(text):
    """The configuration with resources as outputs; what `terraform fmt` writes is read by line."""
    for name, value in [("partition.current.partition", "aws"), ("region.current.id", REGION),
                        ("caller_identity.current.account_id", ACCOUNT)]:
        text = text.replace("data.aws_" + name, json.dumps(value))
    text = re.sub(r'^data ".*\n', "", text, flags=re.M)
    text = re.sub(r"^terraform \{\n.*?^\}\n", "", text, flags=re.M | re.S)
    lines, is_resource, dynamic = [], False, False
    for line in text.split("\n"):
        if start := re.fullmatch(r'resource "(\w+)" "(\w+)" \{', line):
            is_resource = True
            lines += [f'output "{start[1]}__{start[2]}" {{', "  sensitive = true", "  value = {"]
            continue
        if is_resource:
            if line == "}":
                is_resource, line = False, "  }\n}"
            elif start := re.fullmatch(r'  dynamic "(\w+)" \{', line):
                dynamic = start[1]
                continue
            elif dynamic and line.startswith("    for_each = "):
                line = f"  {dynamic} = [for {dynamic} in [for v in {line[15:]} : {{ value = v }}] :"
            elif dynamic and line == "  }":
                dynamic, line = False, "  ]"
            elif dynamic and line == "    content {":
                line = "    {"
            else:
                line = re.sub(r"^( +\w+) \{$", r"\1 = {", line)
        lines.append(re.sub(r"\baws_(\w+)\.(\w+)(?:\[0\])?(?:\.(\w+))?",
                            lambda match: f'"<aws_{match[1]}/{match[2]}.{match[3] or ""}>"', line)
                     if not line.lstrip().startswith("#") else line)
    return "\n".join(lines)


class Terraform:
    """Evaluates in a folder of its own. Properties keep Terraform's names; policies are parsed."""

    def __init__(self, text):
        self.folder = tempfile.TemporaryDirectory()
        pathlib.Path(self.folder.name, "main.tf").write_text(as_outputs(text))

    def resources(self, **parameters):
        variables = {snake(name): value for name, value in parameters.items()}
        done = subprocess.run(
            ["terraform", f"-chdir={self.folder.name}", "apply", "-auto-approve", "-input=false", "-no-color",
             *[f"-var={name}={value}" for name, value in variables.items()]],
            capture_output=True, text=True, timeout=60, env={**os.environ, "CHECKPOINT_DISABLE": "1"})
        if done.returncode != 0:
            raise Refused(done.stderr)
        outputs = json.loads(pathlib.Path(self.folder.name, "terraform.tfstate").read_text())["outputs"]
        made = {}
        for name, output in outputs.items():
            kind, _, name = name.partition("__")
            if name and output["value"].pop("count") == 1:
                made[name] = (kind, output["value"])
        return made
