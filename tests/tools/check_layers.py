#!/usr/bin/env python3
"""The layer law: an include may only point downward (engine/README.md).

Checks every #include of engine/ and notifiers/, and that third-party headers stay in the files
that are allowed to know them. Prints each offence with its file and line; exits with 1 on any.
"""
import pathlib
import re
import sys

LAYERS = [
    {"base", "metrics"},
    {"event", "sigma", "net"},
    {"program", "alert", "config", "aws"},
    {"correlate", "route", "store", "digest"},
    {"source", "deliver"},
    {"pipeline"},
    {"cli"},
]
LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}

# Within one layer: who may include whom.
SIDEWAYS = {("metrics", "base"), ("alert", "program"), ("route", "correlate"), ("store", "correlate"), ("route", "store")}

# Third-party headers and the files that may include them.
THIRD_PARTY = {
    r"yaml-cpp/": {"sigma/yaml_reader.cc"},
    r"re2/": {"program/regex.cc", "program/required_literal.cc"},
    r"hs/": {"program/literal_scanner.cc"},
    r"simdjson\.h": {"event/structural_index.cc", "event/json_text.cc"},
    r"zlib\.h": {"event/inflater.cc", "event/compress.cc"},
    r"isa-l/": {"event/inflater.cc"},
    r"CLI/": {"cli/"},
    r"boost/(beast|asio)": {"net/"},
    r"boost/json": {"alert/", "aws/", "digest/", "source/", "pipeline/", "cli/", "notifiers/"},
    r"openssl/": {"net/"},
    r"curl/": {"net/"},
    r"expat\.h": {"aws/xml.cc"},
    r"sqlite3\.h": {"store/"},
    r"prometheus/": {"metrics/"},
    r"spdlog/": {"base/log.cc"},
    r"ctemplate/": {"notifiers/"},
}
# Pure folders: no input or output, no clock, no threads.
PURE = {"program", "correlate", "route"}
IMPURE = re.compile(r"^(iostream|fstream|cstdio|chrono|thread|mutex|filesystem|unistd\.h|sys/)")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def offences(engine):
    for path in sorted(engine.rglob("*")):
        if path.suffix not in {".h", ".cc", ".inc"}:
            continue
        name = path.relative_to(engine).as_posix()
        folder = name.split("/")[0]
        if folder not in LEVEL:
            yield f"{name}: the folder {folder}/ has no layer; add it to {__file__}"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            kind, target = found.groups()
            place = f"engine/{name}:{number}"
            if kind == '"':
                yield from check_own(place, folder, target)
            else:
                yield from check_foreign(place, name, folder, target)


def check_own(place, folder, target):
    to = target.split("/")[0]
    if to not in LEVEL:
        yield f"{place}: \"{target}\" is not in a folder of engine/"
    elif to != folder and LEVEL[to] >= LEVEL[folder] and (folder, to) not in SIDEWAYS:
        yield f"{place}: {folder}/ (L{LEVEL[folder]}) must not include {to}/ (L{LEVEL[to]})"


def check_foreign(place, name, folder, target):
    for pattern, allowed in THIRD_PARTY.items():
        if re.match(pattern, target) and not any(name.startswith(a) for a in allowed):
            yield f"{place}: <{target}> belongs in {', '.join(sorted(allowed))}"
    if folder in PURE and IMPURE.match(target):
        yield f"{place}: {folder}/ is pure and must not include <{target}>"


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    found = list(offences(root / "engine"))
    for offence in found:
        print(offence)
    print(f"layers: {len(found)} offences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
