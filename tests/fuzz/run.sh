#!/usr/bin/env bash
# Runs every fuzz target for a while on its seeds. Usage: tests/fuzz/run.sh BUILD_DIR SECONDS
# A finding is left as crash-*, timeout-* or oom-* in BUILD_DIR/fuzz and fails the run.
set -euo pipefail
build=$(cd "$1" && pwd)
seconds=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$build/fuzz"
cd "$build/fuzz"

for target in "$build"/tests/fuzz_*; do
  [ -x "$target" ] || continue
  name=$(basename "$target")
  name=${name#fuzz_}
  corpus=$build/fuzz/corpus_$name
  mkdir -p "$corpus"
  seeds=()
  [ -d "$here/seeds/$name" ] && seeds=("$here/seeds/$name")
  echo "--- $name, $seconds s"
  "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -verbosity=0 "$corpus" "${seeds[@]}" 2>&1 |
    grep -E 'stat::number_of_executed_units|stat::new_units|SUMMARY|ERROR|BINGO' || true
  if compgen -G "crash-*" >/dev/null || compgen -G "timeout-*" >/dev/null ||
    compgen -G "oom-*" >/dev/null; then
    echo "fuzzing found something: $(ls "$build"/fuzz/{crash,timeout,oom}-* 2>/dev/null)"
    exit 1
  fi
done
