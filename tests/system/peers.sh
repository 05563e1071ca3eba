#!/usr/bin/env bash
# The service among real peers: senders, Prometheus, Alertmanager, hostile receivers, overload.
# Usage: peers.sh TOCSIN [full] [TEST…]
exec python3 "$(dirname "${BASH_SOURCE[0]}")/peers/run.py" "$@"
