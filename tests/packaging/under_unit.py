#!/usr/bin/python3
"""Runs the installed service as systemd would: the unit's command, user, file system, system calls.

Usage: under_unit.py TREE EVENT_FILE      (root; TREE is a Debian tree with the package in it)

No systemd runs here, so that this reads the installed unit and does what systemd 252 makes of these
settings: a read-only tree but for the state folder, no capabilities, and one seccomp filter out of
SystemCallFilter (expanded by systemd-analyze), MemoryDenyWriteExecute, RestrictNamespaces,
RestrictAddressFamilies, RestrictSUIDSGID, RestrictRealtime and LockPersonality. Then it waits for
READY=1 and WATCHDOG=1, posts an event, reloads and stops, as an administrator would.
"""
import configparser
import ctypes
import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import seccomp

USER = 61184  # the first of those that DynamicUser= gives
CREDENTIALS = "run/credentials/tocsin.service"


class Unit(configparser.ConfigParser):
    """A unit file: keys may occur again and then add to a list."""

    def __init__(self, path):
        class Lists(dict):
            def __setitem__(self, key, value):
                if isinstance(value, list) and key in self:
                    self[key].extend(value)
                else:
                    super().__setitem__(key, value)
        super().__init__(strict=False, interpolation=None, dict_type=Lists, delimiters="=")
        self.optionxform = str
        self.read(path)

    def lines(self, key):
        return [line for line in self["Service"].get(key, "").splitlines() if line]

    def one(self, key):
        return self.lines(key)[0]


def system_calls(filters):
    """What SystemCallFilter= allows, the groups expanded."""
    groups, name = {}, None
    listing = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True,
                             capture_output=True, text=True).stdout
    for line in listing.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif line.startswith("    ") and not line.strip().startswith("#") and name:
            groups[name].append(line.strip())

    def expand(word):
        if not word.startswith("@"):
            return {word}
        return set().union(*(expand(each) for each in groups[word]))
    allowed = expand("@default")
    for line in filters:
        calls = set().union(*(expand(word) for word in line.lstrip("~").split()))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def system_call_filter(unit):
    refuse = seccomp.ERRNO(getattr(errno, unit.one("SystemCallErrorNumber")))
    filter = seccomp.SyscallFilter(refuse)
    # What may be called but not with any argument; the rest is allowed as a whole.
    masked = seccomp.MASKED_EQ
    narrowed = {
        "mmap": [[seccomp.Arg(2, masked, 6, value)] for value in (0, 2, 4)],  # never W and X
        "mprotect": [[seccomp.Arg(2, masked, 4, 0)]],  # MemoryDenyWriteExecute
        "pkey_mprotect": [[seccomp.Arg(2, masked, 4, 0)]],
        "socket": [[seccomp.Arg(0, seccomp.EQ, getattr(socket, family))]
                   for family in unit.one("RestrictAddressFamilies").split()],
        "clone": [[seccomp.Arg(0, masked, 0x7E020000, 0)]],  # RestrictNamespaces
        "sched_setscheduler": [],  # RestrictRealtime
        "chmod": [[seccomp.Arg(1, masked, 0o6000, 0)]],  # RestrictSUIDSGID
        "fchmod": [[seccomp.Arg(1, masked, 0o6000, 0)]],
        "fchmodat": [[seccomp.Arg(2, masked, 0o6000, 0)]],
        "personality": [[seccomp.Arg(0, seccomp.EQ, 0)]],  # LockPersonality
        "unshare": [], "setns": [],
    }
    for name in sorted(system_calls(unit.lines("SystemCallFilter"))):
        for arguments in narrowed.get(name, [[]]):
            try:
                filter.add_rule(seccomp.ALLOW, name, *arguments)
            except (RuntimeError, OSError, ValueError):
                pass  # not a call of this machine
    return filter


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def enter(tree, unit, writable):
    """A mount namespace in which only the state is writable."""
    mount("--bind", tree, tree)
    for folder in ("tmp", writable):
        os.makedirs(os.path.join(tree, folder), exist_ok=True)
    mount("-t", "proc", "-o", "hidepid=invisible,subset=pid,nosuid,nodev,noexec", "proc",
          os.path.join(tree, "proc"))
    mount("-o", "remount,bind,ro", tree)
    for folder in ("tmp", "run"):
        mount("-t", "tmpfs", "-o", "nosuid,nodev", "tmpfs", os.path.join(tree, folder))
    os.makedirs(os.path.join(tree, CREDENTIALS))
    mount("-t", "tmpfs", "-o", f"nosuid,nodev,uid={USER},mode=0700", "tmpfs",
          os.path.join(tree, writable))
    os.chroot(tree)
    os.chdir("/")
    library = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        library.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.umask(int(unit.one("UMask"), 8))
    library.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS


class Supervisor:
    """What systemd receives. The socket is abstract: it is reached from any tree."""

    def __init__(self):
        self.name = f"\0tocsin-under-unit-{os.getpid()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name)
        self.messages = []
        self.child = 0

    def wait_for(self, message, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.socket.settimeout(0.5)
            try:
                text = self.socket.recv(4096).decode()
            except TimeoutError:
                if os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    break
                continue
            self.messages.append(text)
            if text.startswith(message):
                return text
        raise SystemExit(f"{message} was waited for in vain; received: {self.messages}")


def post(path, data):
    with urllib.request.urlopen(f"http://127.0.0.1:8484{path}", data, timeout=30) as answer:
        return answer.read().decode()


def main():
    tree, event = os.path.realpath(sys.argv[1]), sys.argv[2]
    unit = Unit(os.path.join(tree, "lib/systemd/system/tocsin.service"))
    supervisor = Supervisor()
    for word in unit.lines("Environment"):
        name, value = word.split("=", 1)
        os.environ[name] = value.replace("%d", "/" + CREDENTIALS)
    os.environ.update(NOTIFY_SOCKET=supervisor.name.replace("\0", "@"), WATCHDOG_USEC="600000")
    program = unit.one("ExecStart").split()
    filter = system_call_filter(unit)
    log = open(tree + ".service.log", "w+", encoding="utf-8")
    child = os.fork()
    if child == 0:
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            enter(tree, unit, "var/lib/" + unit.one("StateDirectory"))
            filter.load()
            os.execv(program[0], program)
        except BaseException as problem:  # in the child: whatever it is, it must end here
            print("cannot enter the unit:", problem, file=sys.stderr)
            os._exit(70)
    supervisor.child = child
    try:
        print(supervisor.wait_for("READY=1").replace("\n", " "))
        supervisor.wait_for("WATCHDOG=1")
        with open(event, "rb") as file:
            print(post("/v1/events", file.read()).strip())
        alerts = json.loads(post("/api/v1/alerts", None))
        assert re.search("Changed Without MFA", json.dumps(alerts)), alerts
        os.kill(child, signal.SIGHUP)
        supervisor.wait_for("RELOADING=1")
        print(supervisor.wait_for("READY=1").replace("\n", " "))
        with open(f"/proc/{child}/status", encoding="utf-8") as file:
            status = file.read()
        for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000"):
            assert line in status, f"{line} is not so:\n{status}"
        os.kill(child, signal.SIGTERM)
        supervisor.wait_for("STOPPING=1")
    finally:
        if "STOPPING=1" not in supervisor.messages:
            os.kill(child, signal.SIGKILL)  # no harm where it has ended: it was not waited for
        _, status = os.waitpid(child, 0)
        log.seek(0)
        logged = log.read()
    assert os.waitstatus_to_exitcode(status) == 0, f"it ended with {status}: {logged}"
    assert "not hardened" not in logged, f"the unit keeps it from hardening itself: {logged}"
    print("ran under the unit's user, file system and system calls; ready, watchdog, reload, stop")


if __name__ == "__main__":
    if os.environ.get("IN_NAMESPACE") != "1":
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "private", "--net",
                               sys.executable, *sys.argv], {**os.environ, "IN_NAMESPACE": "1"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # port 8484, of a network of its own
    main()
