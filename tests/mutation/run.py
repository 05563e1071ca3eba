#!/usr/bin/env python3
"""Puts small faults into the engine, one at a time, and runs the test that must notice each.

  tests/mutation/run.py                        every fault
  tests/mutation/run.py --sample 12 --seed 7   a random part of them
  tests/mutation/run.py retry-new-key          by name

Nothing in the checkout changes: the faulty source is compiled beside the build (--build, a finished
build with tests) and linked in front of the engine's libraries. README.md says how a fault is written.
Exit code 0: every fault was caught.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# A fault may make a test hang; that is noticed, too.
TEST_SECONDS = 180


class Problem(Exception):
    """The fault could not be tried: that is a failure of this suite, never a fault that was caught."""


@dataclasses.dataclass
class Fault:
    name: str
    path: pathlib.Path
    breaks: str
    caught_by: list
    files: list  # the sources that the patch changes, relative to the checkout
    rebuild: list  # further sources to compile: those that include a changed header


def read_fault(path):
    text = path.read_text()
    head = text.split("--- a/", 1)[0]

    def field(key, default=None):
        found = re.search(rf"^{key}: (.*)$", head, re.M)
        if not found and default is None:
            raise Problem(f"{path}: no line '{key}: …'")
        return found.group(1).strip() if found else default

    return Fault(path.stem, path, field("Breaks"), shlex.split(field("Caught by")),
                 re.findall(r"^\+\+\+ b/(\S+)", text, re.M), field("Rebuild", "").split())


def output_of(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)
    return done.returncode, done.stdout


class Build:
    """A finished build: how its objects and executables are made."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        database = self.folder / "compile_commands.json"
        if not database.exists():
            raise Problem(f"{self.folder} is not a build; run tests/run.sh quick first")
        self.compile = {}  # source → (command, object), of the libraries and the command line
        for entry in json.loads(database.read_text()):
            arguments = shlex.split(entry["command"])
            made = arguments[arguments.index("-o") + 1]
            if "tocsin_sabotaged" not in made:
                self.compile[entry["file"]] = (arguments, made)
        self.unity = {}  # source → the file that includes it
        for unit in self.compile:
            if "/Unity/" in unit:
                for source in re.findall(r'#include "([^"]+)"', pathlib.Path(unit).read_text()):
                    self.unity[source] = unit
        self.links = {}
        self.lock = threading.Lock()

    def unit_of(self, source):
        path = str(ROOT / source)
        unit = self.unity.get(path, path)
        if unit not in self.compile:
            raise Problem(f"{source} is not compiled in {self.folder}")
        return unit

    def link_command(self, target):
        with self.lock:
            if target not in self.links:
                made = f"tests/{target}" if target.startswith("test_") else target
                code, text = output_of(
                    ["ninja", "-C", str(self.folder), "-t", "commands", "-s", made])
                parts = [part for part in text.strip().split(" && ") if " -o " in part]
                if code != 0 or not parts:
                    raise Problem(f"{self.folder} has no target {target}")
                self.links[target] = shlex.split(parts[0])
            return list(self.links[target])


def compile_unit(build, unit, tree, work):
    """Compiles `unit` with the changed files of `tree` in place of the checkout's."""
    arguments, made = build.compile[unit]
    text = pathlib.Path(unit).read_text()
    changed = tree / pathlib.Path(unit).relative_to(ROOT) if unit.startswith(str(ROOT)) else None
    if "/Unity/" in unit:
        for source in re.findall(r'#include "([^"]+)"', text):
            own = tree / pathlib.Path(source).relative_to(ROOT)
            if own.exists():
                text = text.replace(source, str(own))
        source = work / (pathlib.Path(made).name + ".cxx")
        source.write_text(text)
    else:
        source = changed if changed and changed.exists() else pathlib.Path(unit)
    made_here = work / (pathlib.Path(made).name)
    command = []
    skip = False
    for i, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument == "-o" or (argument == "-include" and "cmake_pch" in arguments[i + 1]):
            skip = True
        elif argument not in (unit, "-Winvalid-pch") and not argument.endswith("/ccache"):
            command.append(argument)
    # What counts is what the code does, not how fast: -O0. A changed header is found first.
    command[1:1] = [f"-I{tree / 'engine'}", f"-I{tree / 'notifiers'}", f"-I{ROOT / 'notifiers'}"]
    command += ["-O0", "-g0", "-w", "-U_FORTIFY_SOURCE", "-o", str(made_here), str(source)]
    if "-c" not in command:
        command.append("-c")
    code, text = output_of(command, cwd=build.folder)
    if code != 0:
        raise Problem(f"does not compile:\n{text[-3000:]}")
    return made, made_here


def link(build, target, objects, work):
    command = build.link_command(target)
    binary = work / target
    command[command.index("-o") + 1] = str(binary)
    for made, own in objects:
        if made in command:
            command[command.index(made)] = str(own)
        else:
            command[1:1] = [str(own)]
    code, text = output_of(command, cwd=build.folder)
    if code != 0:
        raise Problem(f"does not link:\n{text[-3000:]}")
    return binary


def run_test(command, cwd):
    """Returns (passed, the end of its output)."""
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    try:
        text, _ = process.communicate(timeout=TEST_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False, f"no end after {TEST_SECONDS} s"
    return process.returncode == 0, text[-2000:]


def split_test(fault, build, binary_of):
    """The command of the fault's test: a test executable with its filter, or a script of tests/system
    with BINARY where the program goes."""
    first = fault.caught_by[0]
    if first.startswith("test_"):
        return first, [str(binary_of(first)), *fault.caught_by[1:]], build.folder / "tests"
    command = [str(ROOT / first) if (ROOT / first).exists() else first]
    command += [str(binary_of("tocsin")) if word == "BINARY" else word for word in fault.caught_by[1:]]
    if command[0].endswith(".py"):
        command.insert(0, sys.executable)
    elif command[0].endswith(".sh"):
        command.insert(0, "bash")
    return "tocsin", command, ROOT


class Baselines:
    """Each test must pass without the fault, and must be one: else its failure says nothing."""

    def __init__(self, build):
        self.build = build
        self.lock = threading.Lock()
        self.seen = {}

    def require(self, fault):
        key = tuple(fault.caught_by)
        with self.lock:
            known = self.seen.setdefault(key, threading.Lock())
        with known:
            if (key, "passed") in self.seen:
                return

            def binary_of(target):
                folder = self.build.folder / ("tests" if target.startswith("test_") else "")
                return folder / target

            _, command, cwd = split_test(fault, self.build, binary_of)
            passed, text = run_test(command, cwd)
            if not passed or "No test cases matched" in text or "No tests ran" in text:
                raise Problem(f"its test does not pass without the fault: {shlex.join(command)}\n{text}")
            self.seen[(key, "passed")] = True


def try_fault(fault, build, baselines):
    """Returns the test's last words; raises Problem. None: the fault was not caught."""
    with tempfile.TemporaryDirectory(prefix="tocsin-mutation-") as folder:
        work = pathlib.Path(folder)
        tree = work / "tree"
        for name in fault.files:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
        code, text = output_of(["patch", "-p1", "--batch", "--forward", "--fuzz=2", "-i", str(fault.path)], cwd=tree)
        if code != 0:
            raise Problem(f"the patch does not apply any more:\n{text}")
        units = {build.unit_of(name) for name in [*fault.files, *fault.rebuild] if name.endswith(".cc")}
        if not units:
            raise Problem("no source to compile: a changed header needs a line 'Rebuild: …'")
        baselines.require(fault)
        objects = [compile_unit(build, unit, tree, work) for unit in sorted(units)]
        _, command, cwd = split_test(fault, build, lambda target: link(build, target, objects, work))
        passed, text = run_test(command, cwd)
        return None if passed else text


def judge(fault, build, baselines):
    start = time.monotonic()
    try:
        words = try_fault(fault, build, baselines)
        result = "caught" if words is not None else "NOT CAUGHT"
        detail = "" if words is not None else f"\n      by {shlex.join(fault.caught_by)}"
    except Problem as problem:
        result, detail = "NOT TRIED", f"\n      {problem}"
    seconds = time.monotonic() - start
    print(f"  {result:10}  {fault.name}: {fault.breaks} ({seconds:.0f} s){detail}", flush=True)
    return result == "caught"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="faults; default: all")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--sample", type=int, help="so many of them, chosen at random")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    options = parser.parse_args()

    faults = [read_fault(path) for path in sorted((HERE / "faults").glob("*.patch"))]
    unknown = set(options.names) - {fault.name for fault in faults}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if options.names:
        faults = [fault for fault in faults if fault.name in options.names]
    if options.sample is not None and options.sample < len(faults):
        faults = random.Random(options.seed).sample(faults, options.sample)
        print(f"seed {options.seed}")
    if options.list:
        for fault in faults:
            print(f"{fault.name}: {fault.breaks}")
        return 0

    build = Build(options.build)
    baselines = Baselines(build)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        caught = list(pool.map(lambda fault: judge(fault, build, baselines), faults))
    print(f"mutation: {sum(caught)} passed, {len(caught) - sum(caught)} failed")
    return 0 if faults and all(caught) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(f"mutation: {problem}")
