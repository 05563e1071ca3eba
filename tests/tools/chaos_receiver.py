#!/usr/bin/env python3
"""The receiver from hell: an HTTP(S) server that misbehaves on demand and remembers what it was sent.

Start: prints one line of JSON with its ports, then serves until its standard input closes (or for
--lifetime seconds). Loopback only.

    {"host": "127.0.0.1", "http": N, "control": N, "refused": N,          refused: nobody listens there
     "https": {"good": N, "expired": N, "self-signed": N, "wrong-host": N, "untrusted": N,
               "tls1.1": N, "mutual": N},
     "ca_file": PATH, "client_certificate_file": PATH, "client_key_file": PATH}

How it behaves is a mode with parameters. The first of these that says one decides:
  1. the path: /MODE/whatever?parameters, for example /429?retry=2&times=3
  2. POST /_control {"mode": MODE, "path": "/prefix", …parameters}: for all paths that begin so
  3. the same without "path": for everything
Modes (parameters with their defaults):
  ok                       200; "ok", or what Slack's Web API says when the path begins with /api/
  NNN (three digits)       that status; retry=SECONDS or retry-date=SECONDS: Retry-After; body=TEXT
  answer                   status=200, body="", type=text/plain, header.NAME=VALUE
  redirect                 status=301, to=http://169.254.169.254/latest/meta-data/
  late                     ok after seconds=20
  hang                     reads the request, says nothing
  drip, drip-header        200, then one byte of the body (of the header) every seconds=1
  reset-after-request      the connection is reset
  reset-after-header       after "200 OK" and half of the body
  close                    closed without an answer
  huge                     200 and bytes=2147483648 of body
  gzip-bomb                200, Content-Encoding: gzip, inflates to bytes=1073741824
  header-flood             200 and header lines without end
  header-huge              200 and one header line of bytes=1048576
  continue-flood           "100 Continue" without end
  bad-status-line, garbage, http09, bad-chunks, bad-length    what is not HTTP
  echo                     200 (or status=) and the request, credentials included
  flaky                    500 to one of n=2 requests
and, as they come before the request is read, only by /_control:
  refuse                   nobody listens (connections are refused)
  never-read               accepted and not read
  reset                    accepted and reset
Every mode takes times=N: after N requests with one key (or without a key, in all) it is ok.

GET /_received: {"count", "ok", "connections", "keys": {key: {"count", "ok", "bodies"}}, "alerts":
{id: count}}; bodies: how many different ones. ?keys=0 leaves both maps out; ?requests=1 adds the
last requests in full. POST /_reset forgets all that and all modes. Both also on the port "control",
which always works. --log FILE: one JSON line for every request, when it has been answered or not.

The key is webhook-id, else Idempotency-Key, else the body's notification.id.
"""
import argparse
import asyncio
import collections
import hashlib
import itertools
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import warnings
import zlib
from email.utils import formatdate

HOST = "127.0.0.1"
REQUEST_BODY = 64 << 20
KEPT_REQUESTS = 1000
EARLY = {"refuse", "never-read", "reset"}


# --- certificates ---------------------------------------------------------------------------------

def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Certificates:
    """A certificate authority for one run, and what it signed."""

    NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    LOCAL = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"

    def __init__(self, folder):
        self.folder = folder
        self.authority("ca")
        self.authority("unknown-ca")
        self.signed("good", "ca", self.LOCAL)
        self.signed("expired", "ca", self.LOCAL, days=-1)
        self.signed("wrong-host", "ca", "subjectAltName=DNS:elsewhere.example")
        self.signed("untrusted", "unknown-ca", self.LOCAL)
        self.signed("client", "ca", "extendedKeyUsage=clientAuth")
        openssl("req", "-x509", *self.NEW_KEY, "-keyout", self.path("self-signed.key"), "-out",
                self.path("self-signed.pem"), "-subj", "/CN=localhost", "-addext", self.LOCAL)

    def path(self, name):
        return os.path.join(self.folder, name)

    def authority(self, name):
        openssl("req", "-x509", *self.NEW_KEY, "-keyout", self.path(name + ".key"), "-out",
                self.path(name + ".pem"), "-subj", "/CN=chaos " + name)

    def signed(self, name, authority, extension, days=2):
        request, extensions = self.path(name + ".csr"), self.path(name + ".ext")
        openssl("req", "-new", *self.NEW_KEY, "-keyout", self.path(name + ".key"), "-out", request,
                "-subj", "/CN=" + name)
        with open(extensions, "w", encoding="ascii") as file:
            file.write(extension + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.path(authority + ".pem"), "-CAkey",
                self.path(authority + ".key"), "-CAcreateserial", "-days", str(days), "-extfile",
                extensions, "-out", self.path(name + ".pem"))

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = "good" if name in ("tls1.1", "mutual") else name
        context.load_cert_chain(self.path(certificate + ".pem"), self.path(certificate + ".key"))
        if name == "mutual":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path("ca.pem"))
        if name == "tls1.1":
            context.set_ciphers("ALL:@SECLEVEL=0")
            warnings.simplefilter("ignore", DeprecationWarning)  # which is the point
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context


TLS_PORTS = ["good", "expired", "self-signed", "wrong-host", "untrusted", "tls1.1", "mutual"]


# --- requests -------------------------------------------------------------------------------------

class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        split = urllib.parse.urlsplit(target)
        self.path = split.path
        self.query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
        self.mode, self.parameters = "ok", {}
        self.key, self.alerts = self.identify()

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)

    def identify(self):
        key = self.header("webhook-id") or self.header("idempotency-key")
        alerts = []
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return key, alerts
        for item in document if isinstance(document, list) else [document]:
            if not isinstance(item, dict):
                continue
            if isinstance(item.get("data"), dict) and "specversion" in item:
                item = item["data"]  # a CloudEvent
            if isinstance(item.get("id"), str) and isinstance(item.get("rule"), dict):
                alerts.append(item["id"])
            notification = item.get("notification")
            if key is None and isinstance(notification, dict):
                key = notification.get("id")
        return key, alerts

    def as_json(self):
        try:
            body = {"body": self.body.decode()}
        except UnicodeDecodeError:
            body = {"body_hex": self.body.hex()}
        return {"method": self.method, "target": self.target, "mode": self.mode, "key": self.key,
                "headers": self.headers, **body}


async def read_request(reader):
    """The next request of a connection; None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = [[name.strip(), value.strip()] for name, _, value in
               (line.partition(":") for line in lines[1:] if line)]
    find = {name.lower(): value for name, value in headers}
    if find.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            if len(body) + size > REQUEST_BODY:
                return None
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
    else:
        size = int(find.get("content-length", "0"))
        if size > REQUEST_BODY:
            return None
        body = await reader.readexactly(size)
    return Request(method, target, headers, body)


# --- what came in ---------------------------------------------------------------------------------

class Record:
    """All requests: counted for ever, the last ones in full, each as a line of the log."""

    def __init__(self, log):
        self.log = log
        self.forget()

    def forget(self):
        self.count = self.ok = 0
        self.keys, self.alerts = {}, collections.Counter()
        self.connections = collections.Counter()
        self.requests = collections.deque(maxlen=KEPT_REQUESTS)

    def add(self, request, status, port):
        """`status`: what was answered in full, None when the answer was not one."""
        good = status is not None and 200 <= status < 300
        self.count += 1
        self.ok += good
        entry = self.keys.setdefault(request.key or "", {"count": 0, "ok": 0, "bodies": set()})
        entry["count"] += 1
        entry["ok"] += good
        entry["bodies"].add(hashlib.sha256(request.body).digest()[:8])
        self.alerts.update(request.alerts)
        line = {"time": time.time(), "port": port, "status": status, **request.as_json()}
        self.requests.append(line)
        if self.log:
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()

    def report(self, query):
        report = {"count": self.count, "ok": self.ok, "connections": dict(self.connections)}
        if query.get("keys") != "0":
            report["keys"] = {key: {**entry, "bodies": len(entry["bodies"])}
                              for key, entry in self.keys.items()}
            report["alerts"] = dict(self.alerts)
        if query.get("requests"):
            report["requests"] = list(self.requests)
        return report


# --- behaviour ------------------------------------------------------------------------------------

def head(status, headers):
    lines = [f"HTTP/1.1 {status} Chaos"] + [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def reset(writer):
    """Ends a connection with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Gone(Exception):
    """The connection is of no more use."""


class Answers:
    """One method for each mode; it returns the status that was answered, None for no answer."""

    def __init__(self):
        self.turn = itertools.count()

    async def whole(self, writer, status, body, headers):
        if isinstance(body, str):
            body = body.encode()
        writer.write(head(status, {"Content-Length": len(body), **headers}) + body)
        await writer.drain()
        return status

    async def ok(self, request, p, writer):
        if request.path.startswith("/api/"):
            body = json.dumps({"ok": True, "channel": "C0CHAOS", "ts": f"{time.time():.6f}"})
            return await self.whole(writer, 200, body, {"Content-Type": "application/json"})
        return await self.whole(writer, 200, "ok", {"Content-Type": "text/plain"})

    async def status(self, request, p, writer):
        status, headers = int(request.mode), {"Content-Type": "text/plain"}
        if "retry" in p:
            headers["Retry-After"] = p["retry"]
        if "retry-date" in p:
            headers["Retry-After"] = formatdate(time.time() + float(p["retry-date"]), usegmt=True)
        return await self.whole(writer, status, str(p.get("body", "chaos")), headers)

    async def answer(self, request, p, writer):
        headers = {name[7:]: value for name, value in p.items() if name.startswith("header.")}
        headers.setdefault("Content-Type", p.get("type", "text/plain"))
        return await self.whole(writer, int(p.get("status", 200)), str(p.get("body", "")), headers)

    async def redirect(self, request, p, writer):
        to = p.get("to", "http://169.254.169.254/latest/meta-data/")
        return await self.whole(writer, int(p.get("status", 301)), "", {"Location": to})

    async def late(self, request, p, writer):
        await asyncio.sleep(float(p.get("seconds", 20)))
        return await self.ok(request, p, writer)

    async def hang(self, request, p, writer):
        await asyncio.sleep(3600)

    async def drip(self, request, p, writer):
        writer.write(head(200, {"Content-Length": 100_000}))
        await self.forever(writer, b"o", float(p.get("seconds", 1)))

    async def drip_header(self, request, p, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        await self.forever(writer, b"o", float(p.get("seconds", 1)))

    async def forever(self, writer, part, pause=0.0):
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    async def reset_after_request(self, request, p, writer):
        reset(writer)
        raise Gone

    async def reset_after_header(self, request, p, writer):
        writer.write(head(200, {"Content-Length": 1000}) + b"o" * 500)
        await writer.drain()
        await asyncio.sleep(0.05)  # what is in flight must arrive before the reset
        reset(writer)
        raise Gone

    async def close(self, request, p, writer):
        raise Gone

    async def huge(self, request, p, writer):
        left, part = int(p.get("bytes", 2 << 30)), b"x" * 65536
        writer.write(head(200, {"Content-Length": left}))
        while left > 0:
            writer.write(part[:left])
            left -= len(part)
            await writer.drain()
        return 200

    async def gzip_bomb(self, request, p, writer):
        left, zeros = int(p.get("bytes", 1 << 30)), bytes(1 << 20)
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        writer.write(head(200, {"Content-Encoding": "gzip", "Connection": "close"}))
        while left > 0:
            writer.write(packer.compress(zeros[:left]))
            left -= len(zeros)
            await writer.drain()
        writer.write(packer.flush())
        await writer.drain()
        raise Gone

    async def header_flood(self, request, p, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await self.forever(writer, b"".join(b"X-%d: %s\r\n" % (i, b"y" * 50) for i in range(100)))

    async def header_huge(self, request, p, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX-Huge: " + b"y" * int(p.get("bytes", 1 << 20)))
        writer.write(b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return 200

    async def continue_flood(self, request, p, writer):
        await self.forever(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    async def raw(self, writer, text):
        writer.write(text)
        await writer.drain()
        raise Gone

    async def bad_status_line(self, request, p, writer):
        await self.raw(writer, b"HTTP/1.1 zwo hundred OK\r\nContent-Length: 2\r\n\r\nok")

    async def garbage(self, request, p, writer):
        await self.raw(writer, hashlib.shake_256(b"chaos").digest(4096))

    async def http09(self, request, p, writer):
        await self.raw(writer, b"ok\n")

    async def bad_chunks(self, request, p, writer):
        await self.raw(writer, head(200, {"Transfer-Encoding": "chunked"}) + b"zz\r\nok\r\n0\r\n\r\n")

    async def bad_length(self, request, p, writer):
        await self.raw(writer, head(200, {"Content-Length": "-5"}) + b"ok")

    async def echo(self, request, p, writer):
        body = json.dumps(request.as_json())
        return await self.whole(writer, int(p.get("status", 200)), body,
                                {"Content-Type": "application/json"})

    async def flaky(self, request, p, writer):
        if next(self.turn) % int(p.get("n", 2)) == 0:
            return await self.whole(writer, 500, "chaos", {})
        return await self.ok(request, p, writer)

    def find(self, mode):
        if len(mode) == 3 and mode.isdigit():
            return self.status
        # Only names with a docstring entry above: helpers take other arguments.
        return getattr(self, mode.replace("-", "_")) if mode in MODES else None


MODES = {"ok", "answer", "redirect", "late", "hang", "drip", "drip-header", "reset-after-request",
         "reset-after-header", "close", "huge", "gzip-bomb", "header-flood", "header-huge",
         "continue-flood", "bad-status-line", "garbage", "http09", "bad-chunks", "bad-length",
         "echo", "flaky"}


class Modes:
    """Which behaviour a request meets."""

    def __init__(self, answers):
        self.answers = answers
        self.forget()

    def forget(self):
        self.by_prefix = {}
        self.uses = collections.Counter()

    def known(self, mode):
        return mode in EARLY or self.answers.find(mode) is not None

    def set(self, mode, prefix, parameters):
        self.by_prefix[prefix] = (mode, parameters)
        self.uses.clear()

    def early(self):
        """What happens to connections, whatever is asked on them."""
        mode = self.by_prefix.get("", ("ok", {}))[0]
        return mode if mode in EARLY else None

    def choose(self, request):
        first = request.path.split("/")[1] if request.path.startswith("/") else ""
        if self.answers.find(first):
            mode, parameters, place = first, request.query, request.path
        else:
            place = max((prefix for prefix in self.by_prefix if request.path.startswith(prefix)),
                        key=len, default="")
            mode, parameters = self.by_prefix.get(place, ("ok", {}))
        if "times" in parameters:
            self.uses[place, request.key] += 1
            if self.uses[place, request.key] > int(parameters["times"]):
                mode = "ok"
        if mode in EARLY:
            mode = {"never-read": "hang"}.get(mode, "reset-after-request")
        request.mode, request.parameters = mode, parameters


# --- the server -----------------------------------------------------------------------------------

class Server:
    def __init__(self, options):
        self.answers = Answers()
        self.modes = Modes(self.answers)
        log = open(options.log, "a", encoding="utf-8") if options.log else None
        self.record = Record(log)
        self.listeners = {}  # name -> (port, TLS context, server or None)
        self.connections = set()

    async def start(self, certificates):
        await self.listen("control", 0, None)
        await self.listen("http", 0, None)
        if certificates:
            for name in TLS_PORTS:
                await self.listen(name, 0, certificates.context(name))

    async def listen(self, name, port, context):
        server = await asyncio.start_server(
            lambda reader, writer: self.connection(name, reader, writer), HOST, port, ssl=context,
            limit=1 << 20, backlog=1024)
        self.listeners[name] = (server.sockets[0].getsockname()[1], context, server)

    async def open_or_close(self):
        """Listeners are open unless the mode is `refuse`; the control port always is."""
        closed = self.modes.early() == "refuse"
        for name, (port, context, server) in list(self.listeners.items()):
            if name == "control":
                continue
            if closed and server:
                server.close()
                self.listeners[name] = (port, context, None)
            elif not closed and not server:
                await self.listen(name, port, context)
        if closed:
            for name, writer in list(self.connections):
                if name != "control":
                    reset(writer)

    async def connection(self, name, reader, writer):
        self.record.connections[name] += 1
        entry = (name, writer)
        self.connections.add(entry)
        try:
            await self.serve(name, reader, writer)
        except (Gone, ConnectionError, asyncio.IncompleteReadError, ValueError, ssl.SSLError):
            pass
        finally:
            self.connections.discard(entry)
            writer.close()

    async def serve(self, name, reader, writer):
        early = None if name == "control" else self.modes.early()
        if early == "never-read":
            writer.transport.pause_reading()
            await asyncio.sleep(3600)
        if early == "reset":
            reset(writer)
            raise Gone
        while request := await read_request(reader):
            if request.path.startswith("/_"):
                await self.control(request, writer)
                continue
            self.modes.choose(request)
            status = None
            try:
                answer = self.answers.find(request.mode)
                status = await answer(request, request.parameters, writer)
            finally:
                self.record.add(request, status, name)
            if (request.header("connection") or "").lower() == "close":
                return

    async def control(self, request, writer):
        status, answer = 200, {}
        if request.path == "/_received":
            answer = self.record.report(request.query)
        elif request.path == "/_reset" and request.method == "POST":
            self.record.forget()
            self.modes.forget()
            await self.open_or_close()
        elif request.path == "/_control" and request.method == "POST":
            parameters = json.loads(request.body)
            mode, prefix = str(parameters.pop("mode")), parameters.pop("path", "")
            if not self.modes.known(mode):
                status, answer = 400, {"error": f"there is no mode {mode}"}
            else:
                self.modes.set(mode, prefix, parameters)
                await self.open_or_close()
        else:
            status, answer = 404, {"error": "POST /_control, GET /_received, POST /_reset"}
        await self.answers.whole(writer, status, json.dumps(answer),
                                 {"Content-Type": "application/json"})

    def ports(self, certificates):
        ports = {"host": HOST, "http": self.listeners["http"][0],
                 "control": self.listeners["control"][0], "refused": unused_port()}
        if certificates:
            ports["https"] = {name: self.listeners[name][0] for name in TLS_PORTS}
            ports["ca_file"] = certificates.path("ca.pem")
            ports["client_certificate_file"] = certificates.path("client.pem")
            ports["client_key_file"] = certificates.path("client.key")
        return ports


def unused_port():
    """A port on which nobody listens: bound for as long as this runs, so that nobody will."""
    unused_port.socket = socket.socket()
    unused_port.socket.bind((HOST, 0))
    return unused_port.socket.getsockname()[1]


async def serve(options, folder):
    certificates = None if options.no_tls else Certificates(folder)
    server = Server(options)
    await server.start(certificates)
    print(json.dumps(server.ports(certificates)), flush=True)

    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(lambda *_: None)  # peers that leave are what this is about
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if not options.no_stdin:
        def wait_for_end():
            while sys.stdin.buffer.read(4096):
                pass
            try:
                loop.call_soon_threadsafe(ended.set)
            except RuntimeError:
                pass  # it has ended already
        threading.Thread(target=wait_for_end, daemon=True).start()
    try:
        await asyncio.wait_for(ended.wait(), options.lifetime)
    except asyncio.TimeoutError:
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # with whatever hangs


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", help="append every request to this file, as JSON lines")
    parser.add_argument("--lifetime", type=float, default=3600, help="seconds; default 3600")
    parser.add_argument("--no-tls", action="store_true", help="no certificates, no TLS ports")
    parser.add_argument("--no-stdin", action="store_true", help="do not end when stdin closes")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="chaos-")
    asyncio.run(serve(options, folder))


if __name__ == "__main__":
    main()
