#!/usr/bin/env bash
# Many senders, reloads and scrapes at once, then the end. Usage: service_threads.sh TOCSIN
set -euo pipefail
tocsin=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'kill "$watchdog" "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

cat >"$work/tocsin.yml" <<YAML
server: {listen: "127.0.0.1:0", threads: 2}
rules: {paths: ["$PWD/rules"]}
store: {path: "$work/store"}
alerts: {group_interval: 1s}
receivers:
  - {name: one, type: file, path: "$work/one.jsonl"}
  - {name: two, type: file, path: "$work/two.jsonl"}
limits: {workers: 4}
log: {format: json}
YAML
: >"$work/log"
"$tocsin" run --config "$work/tocsin.yml" 2>"$work/log" &
pid=$!
(sleep 180; kill -KILL "$pid") >/dev/null 2>&1 &
watchdog=$!
port=
for _ in $(seq 300); do
  port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$work/log" | head -1)
  [ -n "$port" ] && break
  kill -0 $pid 2>/dev/null || break
  sleep 0.1
done
[ -n "$port" ] || { cat "$work/log" >&2; exit 1; }
url=http://127.0.0.1:$port

send() {
  for _ in $(seq 10); do
    curl -fsS -o /dev/null --retry 5 --data-binary @examples/events/cloudtrail_sample.jsonl \
      "$url/v1/events"
  done
}
look() {
  for path in metrics api/v1/status api/v1/alerts api/v1/rules; do
    curl -fsS -o /dev/null --compressed "$url/$path"
  done
  curl -fsS -o /dev/null -X POST "$url/-/reload"
}
senders=()
for _ in 1 2 3 4; do send & senders+=($!); done
for _ in 1 2 3; do look; done
for sender in "${senders[@]}"; do wait "$sender"; done

kill -TERM "$pid"
wait $pid || { echo "the service did not end well"; cat "$work/log"; exit 1; }
if grep -q "ThreadSanitizer" "$work/log"; then cat "$work/log"; exit 1; fi
[ "$(wc -l <"$work/one.jsonl")" -gt 0 ] && cmp -s <(wc -l <"$work/one.jsonl") <(wc -l <"$work/two.jsonl")
echo "service under many threads: $(wc -l <"$work/one.jsonl") notifications to each of two receivers"
