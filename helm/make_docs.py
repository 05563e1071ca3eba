#!/usr/bin/env python3
"""Writes values.schema.json and the tables of README.md from what says these things once.

Usage: make_docs.py [--check]

From tocsin/values.yaml: the schema and the table of values. From tocsin/files/alerts.yml: the table
of alerts. From examples/tocsin.yml: the sections that `config` may have. --check writes nothing and
exits with 1 when something is not up to date.
"""
import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).parent
KEY = re.compile(r"( *)([A-Za-z]+):")
TYPES = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}


def documented(text):
    """{path: (description, what narrows the schema)} of each key with a comment above it."""
    out, path, comment, narrows, leaf = {}, [], [], {}, None
    for line in text.splitlines():
        stripped = line.strip()
        key = KEY.match(line)
        if stripped.startswith("# @schema "):
            narrows = json.loads(stripped.removeprefix("# @schema "))
        elif stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
        elif key:
            depth = len(key[1]) // 2
            if leaf is None or depth <= leaf:  # below a leaf there is its default, not keys
                path[depth:] = [key[2]]
                out[tuple(path)] = (" ".join(comment), narrows)
                leaf = depth if comment else None
            comment, narrows = [], {}
        else:
            comment, narrows = [], {}
    return out


def config_schema():
    """The sections of examples/tocsin.yml; what the chart decides may not be in them."""
    example = (HERE.parent / "examples/tocsin.yml").read_text(encoding="utf-8")
    sections = sorted(set(re.findall(r"^#?([a-z_]+):", example, re.M)))
    chosen = {"server": ["listen", "tls"], "store": ["path"], "rules": ["paths", "lists"]}
    properties = {}
    for name in sections:
        properties[name] = {"type": ["object", "array"]}
        if name in chosen:
            properties[name] = {"type": "object", "propertyNames": {"not": {"enum": chosen[name]}}}
    return {"additionalProperties": False, "properties": properties}


def schema_of(values, docs, path=()):
    """Of an object with keys."""
    properties = {}
    for key, default in values.items():
        here = (*path, key)
        description, narrows = docs[here]
        if isinstance(default, dict) and not description:
            properties[key] = schema_of(default, docs, here)
            continue
        if not description:
            raise SystemExit(f"values.yaml: {'.'.join(here)} has no description")
        if narrows.pop("config", None):
            narrows = config_schema()
        properties[key] = {"type": TYPES[type(default)], "description": description, **narrows}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def values_schema(values, docs):
    schema = schema_of(values, docs)
    # Helm hands it to a chart that is part of another one.
    schema["properties"]["global"] = {"type": "object", "description": "Of a parent chart; unused."}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of tocsin"}
    return json.dumps({**head, **schema}, indent=1, ensure_ascii=False) + "\n"


def cell(text):
    return text.replace("|", "\\|")


def values_table(values, docs, path=()):
    for key, default in values.items():
        here = (*path, key)
        description = docs[here][0]
        if isinstance(default, dict) and not description:
            yield from values_table(default, docs, here)
        else:
            shown = json.dumps(default) if key != "config" else "see values.yaml"
            yield f"| `{'.'.join(here)}` | `{cell(shown)}` | {cell(description)} |"


def alerts_table():
    alerts = yaml.safe_load((HERE / "tocsin/files/alerts.yml").read_text(encoding="utf-8"))
    for group in alerts["groups"]:
        for rule in group["rules"]:
            name = rule["alert"]
            summary = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", rule["annotations"]["summary"])
            summary = re.sub(r"\{\{ \$value.*?\}\}", "*N*", summary)
            yield (f"| [{name}](RUNBOOK.md#{name.lower()}) | {rule['labels']['severity']} | "
                   f"{rule.get('for', '0m')} | {cell(summary)} |")


def between(text, name, lines):
    begin, end = f"<!-- {name}: made by make_docs.py -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"README.md has no part {name}")
    return before + begin + "".join(f"{line}\n" for line in lines) + end + after


def main():
    text = (HERE / "tocsin/values.yaml").read_text(encoding="utf-8")
    values, docs = yaml.safe_load(text), documented(text)
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    readme = between(readme, "values", ["| key | default | |", "|---|---|---|",
                                        *values_table(values, docs)])
    readme = between(readme, "alerts", ["| alert | severity | for | |", "|---|---|---|---|",
                                        *alerts_table()])
    stale = []
    for name, content in (("tocsin/values.schema.json", values_schema(values, docs)),
                          ("README.md", readme)):
        file = HERE / name
        if file.exists() and file.read_text(encoding="utf-8") == content:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            file.write_text(content, encoding="utf-8")
    if stale and "--check" in sys.argv:
        raise SystemExit(f"helm/make_docs.py has to be run: {', '.join(stale)}")


if __name__ == "__main__":
    main()
