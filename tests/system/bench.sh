#!/usr/bin/env bash
# The benchmark scripts still work: every lane once, on inputs too small to mean anything.
# Usage: tests/system/bench.sh BINARY (its build folder has the yardsticks, see TOCSIN_BENCH)
set -euo pipefail
tocsin=$(realpath "$1")
build=$(dirname "$tocsin")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ ! -x "$build/bench_yardstick" ] || [ ! -x "$build/bench_inflate" ]; then
  echo "bench: skipped, built without TOCSIN_BENCH"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

small=(--examples --out "$work/inputs" --megabytes 1 --rules 50)
python3 "$root/tests/bench/run.py" "${small[@]}" --build "$build" --runs 1 --tries 1 \
  --json "$work/run.json" --markdown "$work/run.md" >"$work/table" 2>"$work/err" ||
  { cat "$work/err"; exit 1; }
python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
run = json.load(open(f"{work}/run.json"))
assert [row["name"] for row in run["rows"]] == [
    *"ABCDEFGHIJ", "C/A", "growth", "load", "rss", "start"], run["rows"]
lanes = run["rounds"][0]
records = lanes["A"]["records"]
assert records > 500 and all(lanes[name]["records"] == records for name in "BCDEFHI"), lanes
assert lanes["I"]["matches"] == records, lanes["I"]
assert lanes["C"]["rules"] == 50 and lanes["growth"]["rules"] == 500, lanes
assert all(lane["share"] > 0 and lane["max_rss_bytes"] > 0 for lane in lanes.values()), lanes
assert open(f"{work}/run.md").read().count("\n| ") == 16
PY
# Made once: the second call finds the same inputs, and both binaries run.
touch "$work/before"
python3 "$root/tests/bench/compare.py" "${small[@]}" --runs 1 --lanes A,J "$tocsin" "$tocsin" \
  >"$work/compared"
[ "$(wc -l <"$work/compared")" = 3 ]
[ -z "$(find "$work/inputs" -newer "$work/before")" ]
echo "bench: the scripts work"
