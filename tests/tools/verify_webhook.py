#!/usr/bin/env python3
"""Verifies the signature of a webhook as Standard Webhooks says, with nothing of Tocsin in it.

    verify_webhook.py --secret whsec_… [--tolerance SECONDS] [--now UNIX] REQUEST.json

REQUEST.json: {"headers": {"webhook-id": "…", …}, "body": "…"}; "-" reads standard input.
Exit status: 0 the request is authentic, 1 it is not (the reason is printed), 2 bad usage.
"""
import argparse
import base64
import hashlib
import hmac
import json
import sys
import time


def problem(secret, headers, body, now, tolerance):
    """Why the request is not authentic, or None."""
    headers = {name.lower(): value for name, value in headers.items()}
    identifier = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not identifier or "." in identifier:
        return "webhook-id is missing or has a dot in it"
    if not timestamp.isdigit():
        return "webhook-timestamp is missing or no number"
    if abs(now - int(timestamp)) > tolerance:
        return f"webhook-timestamp is {abs(now - int(timestamp))} s away from now"
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = b".".join([identifier.encode(), timestamp.encode(), body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    for signature in signatures.split(" "):
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(value, expected):
            return None
    return "no signature of webhook-signature is by this secret"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--secret", required=True)
    parser.add_argument("--tolerance", type=int, default=300)
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("request")
    arguments = parser.parse_args()
    if arguments.request == "-":
        request = json.load(sys.stdin)
    else:
        with open(arguments.request, encoding="utf-8") as file:
            request = json.load(file)
    found = problem(arguments.secret, request["headers"], request["body"].encode(),
                    arguments.now, arguments.tolerance)
    print(found or "authentic")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
