"""What senders and operators get on the service's port: every answer, permission and protocol."""
import gzip
import json
import os
import socket
import ssl
import subprocess
import sys

from running import TOOLS, Running, event, must, until, work_folder

TOKENS = {"TOKEN_INGEST": "ingest-0123456789abcdef", "TOKEN_READ": "read-0123456789abcdef",
          "TOKEN_ADMIN": "admin-0123456789abcdef"}
OPEN = """
server:
  listen: 127.0.0.1:0
  limits: {body: 64KiB}
rules: {paths: ["{rules}"]}
store: {path: "{folder}/store"}
log: {format: json}
receivers: [{name: file, type: file, path: "{folder}/alerts.jsonl"}]
"""
GUARDED = OPEN.replace("  limits: {body: 64KiB}", """  auth:
    tokens:
      - {name: sender, token: "${TOKEN_INGEST}", roles: [ingest]}
      - {name: prometheus, token: "${TOKEN_READ}", roles: [read]}
      - {name: operator, token: "${TOKEN_ADMIN}", roles: [admin]}""")


def answers(binary):
    """Every way to say it, and every way to be refused."""
    record = event(1)
    records = [json.loads(event(i)) for i in (2, 3)]
    with Running(binary, OPEN) as service:
        accepted = [
            ("one object", record, {}, 1),
            ("JSON lines", event(4) + event(5), {}, 2),
            ("an array", json.dumps(records), {}, 2),
            ("a log file", json.dumps({"Records": records}), {}, 2),
            ("gzip", gzip.compress(event(6).encode()), {"Content-Encoding": "gzip"}, 1),
            ("gzip that nobody announced", gzip.compress(event(7).encode()), {}, 1),
        ]
        for what, body, headers, count in accepted:
            status, _, answer = service.post(body, headers)
            must(status == 202 and json.loads(answer)["accepted"] == count,
                 f"{what}: {status} {answer!r}")
        status, _, answer = service.post(event(8) + "{broken\n" + event(9))
        found = json.loads(answer)
        must(status == 202 and found["accepted"] == 2 and found["rejected"] >= 1, str(found))
        must(found["errors"][0]["line"] == 2 and found["errors"][0]["reason"], str(found))
        must(service.post("nothing of it is JSON")[0] == 400, "an unreadable body")

        refused = [("GET", "/v1/events", None, {}, 405), ("GET", "/nowhere", None, {}, 404),
                   ("POST", "/metrics", "", {}, 405),
                   ("POST", "/v1/events", "x" * (65 << 10), {}, 413),
                   ("POST", "/v1/events", record, {"Content-Encoding": "br"}, 415),
                   ("GET", "/api/v1/alerts?colour=red", None, {}, 400)]
        for method, path, body, headers, expected in refused:
            status = service.ask(method, path, body, headers)[0]
            must(status == expected, f"{method} {path}: {status}, not {expected}")
        told = until(lambda: service.metric("tocsin_notifications_total"), 10, "a notification")
        for path in ("/healthz", "/readyz", "/api/v1/status", "/api/v1/rules"):
            must(service.ask("GET", path)[0] == 200, path)
        alerts = json.loads(service.ask("GET", "/api/v1/alerts?level=high&limit=2")[2])
        must(len(alerts["alerts"]) == 2, str(alerts)[:300])
        return f"{len(accepted) + len(refused) + 2} requests, {told:.0f} notifications"


def bearer(name):
    return {"Authorization": f"Bearer {TOKENS[name]}"}


def roles(binary):
    table = [("POST", "/v1/events", "TOKEN_INGEST"), ("GET", "/metrics", "TOKEN_READ"),
             ("GET", "/api/v1/alerts", "TOKEN_READ"), ("GET", "/api/v1/rules", "TOKEN_READ"),
             ("GET", "/api/v1/status", "TOKEN_READ"), ("POST", "/-/reload", "TOKEN_ADMIN")]
    with Running(binary, GUARDED, TOKENS) as service:
        for method, path, allowed in table:
            must(service.ask(method, path)[0] == 401, f"{path} without a token")
            must(service.ask(method, path, headers={"Authorization": "Bearer wrong"})[0] == 401,
                 f"{path} with a wrong token")
            for name in TOKENS:
                status = service.ask(method, path, headers=bearer(name),
                                     body=event(1) if path == "/v1/events" else None)[0]
                may = name == allowed or (name == "TOKEN_ADMIN" and allowed == "TOKEN_READ")
                must((status < 300) == may, f"{method} {path} as {name}: {status}")
        must(service.ask("GET", "/healthz")[0] == 200, "/healthz needs no token")
    for listen, why in (("0.0.0.0:0", "no token"), ("[::]:0", "no token, IPv6")):
        service = Running(binary, OPEN.replace("127.0.0.1:0", f'"{listen}"'))
        must(not service.start(wait=10) and service.wait() == 2, f"{listen} was served: {why}")
        service.remove()
    return f"{len(table)} routes × {len(TOKENS)} tokens"


def amazon(binary):
    """The independent senders of tests/tools/aws_senders.py."""
    script = os.path.join(TOOLS, "aws_senders.py")
    work = work_folder("sns")
    topic = "arn:aws:sns:eu-west-1:111122223333:trail"
    prepared = json.loads(subprocess.run(
        [sys.executable, script, "sns", "--prepare", "--work", work, "--topic", topic], check=True,
        capture_output=True, text=True).stdout)
    sns = f"""
  sns:
    topics: ["{topic}"]
    ca_file: "{prepared['ca_file']}"
    certificate_host: "{prepared['certificate_host']}"
    allow_networks: [127.0.0.0/8, "::1/128"]"""
    with Running(binary, GUARDED.replace("  listen: 127.0.0.1:0", "  listen: 127.0.0.1:0" + sns),
                 TOKENS) as service:
        url = f"http://127.0.0.1:{service.port}/v1/events"
        events = os.path.join(service.folder, "events.jsonl")
        good, wrong = (os.path.join(service.folder, name) for name in ("key", "wrong"))
        with open(good, "w", encoding="utf-8") as file:
            file.write(TOKENS["TOKEN_INGEST"])
        with open(wrong, "w", encoding="utf-8") as file:
            file.write("not-this-one-at-all")
        count = 0
        for name, *options in (
                ("firehose", "--key-file", good), ("firehose", "--gzip", "--key-file", good),
                ("firehose", "--key-file", wrong, "--expect", "401"),
                ("cwl-in-firehose", "--key-file", good), ("eventbridge", "--key-file", good),
                ("cloudevents", "--key-file", good),
                ("sns", "--work", work, "--topic", topic, "--authenticated")):
            count += 1
            with open(events, "w", encoding="utf-8") as file:
                file.writelines(event(f"{name}-{count}-{i}") for i in range(5))
            done = subprocess.run([sys.executable, script, name, "--url", url, *options, events],
                                  capture_output=True, text=True, timeout=60)
            must(done.returncode == 0, f"{name} {options}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return f"{count} senders, each answer exact"


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=cwd)


def certificate(folder, name, ca=None, common_name="localhost"):
    subject = ["-subj", f"/CN={common_name}", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"]
    if ca is None:
        openssl("req", "-x509", *subject, "-out", f"{name}.crt", "-days", "2", cwd=folder)
        return
    openssl("req", *subject, "-out", f"{name}.csr", cwd=folder)
    with open(os.path.join(folder, "san"), "w", encoding="utf-8") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key",
            "-CAcreateserial", "-out", f"{name}.crt", "-days", "2", "-extfile", "san", cwd=folder)


def tls(binary):
    """HTTPS, client certificates, and a certificate that is replaced while it runs."""
    text = OPEN.replace("  limits: {body: 64KiB}", """  tls:
    certificate_file: "{folder}/server.crt"
    key_file: "{folder}/server.key"
    client_ca_file: "{folder}/ca.crt"
  auth:
    certificates: [{common_name: sender.example.com, roles: [ingest, admin]}]""")
    service = Running(binary, text)
    folder = service.folder
    certificate(folder, "ca", common_name="test authority")
    certificate(folder, "server", "ca")
    certificate(folder, "client", "ca", "sender.example.com")
    certificate(folder, "stranger", common_name="sender.example.com")

    def ask(request, name="client", version=None):
        context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
        if name is not None:
            context.load_cert_chain(os.path.join(folder, f"{name}.crt"),
                                    os.path.join(folder, f"{name}.key"))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(request)
                return secure.recv(65536), secure.getpeercert()["serialNumber"]

    body = event(1).encode()
    post = (b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body)
    reload = b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    with service:
        answer, first = ask(post)
        must(b"202" in answer[:20], f"with a certificate: {answer[:80]!r}")
        for name, version in (("stranger", None), (None, None), ("client", ssl.TLSVersion.TLSv1_1)):
            try:
                answer, _ = ask(post, name, version)
                must(b"202" not in answer[:20], f"{name} {version} was served")
            except OSError:
                pass
        certificate(folder, "server", "ca")
        must(b"200" in ask(reload)[0][:20], "reload")
        must(ask(post)[1] != first, "the new certificate is not shown")
    return "mutual TLS, strangers and old versions refused, certificate replaced"


TESTS = (answers, roles, amazon, tls)
