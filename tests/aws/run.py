#!/usr/bin/env python3
"""The clients of engine/aws, by the driver, against a fake that verifies every signature with
botocore and does what it is told to, and against moto with its checks of signatures and policies.

Usage: run.py DRIVER TOCSIN [PART…]. Servers listen on loopback and end with this process. Exits with 77 when
botocore or moto is not installed: the tests are skipped, and say so.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import boto3
    import botocore  # noqa: F401
    import moto  # noqa: F401
except ImportError as missing:
    print(f"SKIPPED: the tests of the AWS clients need boto3 and moto[server]: {missing}")
    sys.exit(77)

import with_fake
import with_moto
import with_scan


class Run:
    """One process of the driver."""

    def __init__(self, completed):
        self.status, self.log = completed.returncode, completed.stderr
        lines = completed.stdout.strip().splitlines()
        assert lines, f"the driver said nothing; status {self.status}: {self.log}"
        self.result = json.loads(lines[-1])
        self.kind = self.result.get("kind")
        self.message = self.result.get("message", "")

    def __repr__(self):
        return f"status {self.status}: {json.dumps(self.result)[:600]}\n{self.log}"


class Tests:
    """Runs the driver with an environment of its own, and counts checks."""

    def __init__(self, driver, tocsin, folder):
        self.driver, self.tocsin, self.folder = driver, tocsin, folder
        self.secrets = set()  # texts that nobody may see
        self.checks = self.failures = 0
        self.part = ""

    def drive(self, *arguments, env=None, **options):
        command = [self.driver]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        command += [str(argument) for argument in arguments]
        done = subprocess.run(command, env=self.environment(env), capture_output=True, text=True,
                              timeout=120)
        run = Run(done)
        for secret in self.secrets:
            self.check(secret not in done.stdout + done.stderr, f"a secret is seen: {run}")
        return run

    def environment(self, more=None):
        return {"HOME": str(self.folder / "home"), "PATH": os.environ["PATH"],
                "AWS_EC2_METADATA_DISABLED": "true", **(more or {})}

    def check(self, good, what):
        self.checks += 1
        if not good:
            self.failures += 1
            print(f"FAILED: {self.part}: {what}", flush=True)

    def equal(self, got, expected, what=""):
        self.check(got == expected, f"{what}: {got!r} is not {expected!r}")


def main():
    driver, tocsin, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "home" / ".aws").mkdir(parents=True)
        tests = Tests(driver, tocsin, pathlib.Path(folder))
        for name, part in [*with_fake.parts(tests), *with_moto.parts(tests), *with_scan.parts(tests)]:
            if wanted and not any(word in name for word in wanted):
                continue
            tests.part = name
            before = tests.checks
            try:
                part()
            except Exception as error:  # a part that breaks off is a failure; the others go on
                tests.check(False, f"{type(error).__name__}: {error}")
            tests.check(tests.checks > before, "checked nothing")
            print(f"{name}: {tests.checks - before} checks", flush=True)
        with_moto.stop()
    print(f"{tests.checks} checks, {tests.failures} failures")
    return 1 if tests.failures else 0


if __name__ == "__main__":
    sys.exit(main())
