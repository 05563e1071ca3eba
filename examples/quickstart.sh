#!/usr/bin/env bash
# From a fresh Debian 12 machine to a running service: installs what is missing, builds the release
# binary into build/release, matches the example events against the shipped rules, starts the
# service, posts an event to it and shows what became of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

engine/cmake/install_packages.sh build
cmake --preset release -DTOCSIN_TESTS=OFF >/dev/null
cmake --build --preset release --target tocsin

tocsin=build/release/tocsin
run() { printf '\n$ %s\n' "$*"; "$@"; }

echo
echo "The record that AWS documents for batch:CreateComputeEnvironment, made with no MFA:"
run "$tocsin" scan --rules rules --output table examples/events/batch_create_compute_environment.json

echo
echo "A day of an account: ordinary traffic with an attack in it, counted by rule. One of the critical"
echo "alerts is of many events over time: logging is stopped, then the same identity acts:"
run "$tocsin" scan --rules rules --output none examples/events/cloudtrail_sample.jsonl

echo
echo "The first of those alerts as a machine reads it, one JSON object a line:"
"$tocsin" scan --rules rules --output jsonl examples/events/cloudtrail_sample.jsonl 2>/dev/null |
  sed -n 1p

echo
echo "One event is rarely the story: no MFA, an unknown network and a new client, in a quarter of an hour,"
echo "are one critical alert, the last of these:"
run "$tocsin" scan --rules rules/aws/batch --output table examples/events/role_taken_over.jsonl

echo
echo "Why did the rule about MFA fire on the record that AWS documents?"
run "$tocsin" explain --rules rules "AWS Batch Compute Environment Changed Without MFA" \
  examples/events/batch_create_compute_environment.json

echo
echo "The same as a service: it takes events over HTTP, answers once their alerts are on disk, and"
echo "tells receivers. Here the receiver is a file; examples/tocsin.yml has Slack and others."
export TOCSIN_QUICKSTART TOCSIN_PORT
TOCSIN_QUICKSTART=$(mktemp -d)
TOCSIN_PORT=${TOCSIN_PORT:-8484}
service=http://127.0.0.1:$TOCSIN_PORT
# It ends by itself after a quarter of an hour.
nohup timeout 15m "$tocsin" run --config examples/quickstart.yml \
  >"$TOCSIN_QUICKSTART/log" 2>&1 </dev/null &
pid=$!
for _ in $(seq 100); do
  curl -fsS "$service/readyz" >/dev/null 2>&1 && break
  kill -0 $pid 2>/dev/null || { cat "$TOCSIN_QUICKSTART/log" >&2; exit 1; }
  sleep 0.1
done
run curl -sS --data-binary @examples/events/batch_create_compute_environment.json \
  "$service/v1/events"
for _ in $(seq 100); do
  [ -s "$TOCSIN_QUICKSTART/alerts.jsonl" ] && break
  sleep 0.1
done

echo
echo
echo "The alert as Slack would show it:"
"$tocsin" notify preview --type slack --output card "$TOCSIN_QUICKSTART/alerts.jsonl"

echo
echo "The metrics that counted it (informational: what only detections over time look at):"
run curl -sS "$service/metrics" | grep '^tocsin_rule_matches_total.* [1-9]'
cat <<TEXT

The service is running at $service until it is 15 minutes old. Try
  curl --data-binary @examples/events/cloudtrail_sample.jsonl $service/v1/events     more events
  curl $service/api/v1/alerts     the alerts that it raised
  curl $service/api/v1/status     what it says about itself
  kill $pid                                 ends it; its log is $TOCSIN_QUICKSTART/log
TEXT
