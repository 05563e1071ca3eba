#!/usr/bin/env bash
# Runs every fuzz target for a while on its seeds, as many at a time as there are cores (JOBS).
# Usage: tests/fuzz/run.sh BUILD_DIR SECONDS
# A finding is left as crash-*, timeout-* or oom-* in BUILD_DIR/fuzz and fails the run.
set -euo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$build/fuzz"
cd "$build/fuzz"

# run_target NAME SECONDS: what it found is told by the files that it leaves.
run_target() {
  local seeds=()
  mkdir -p "corpus_$1"
  [ -d "$here/seeds/$1" ] && seeds=("$here/seeds/$1")
  "$build/tests/fuzz_$1" -max_total_time="$2" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -verbosity=0 "corpus_$1" "${seeds[@]}" >"log_$1" 2>&1 || true
  printf -- '--- %s, %s s\n%s\n' "$1" "$2" \
    "$(grep -E 'stat::number_of_executed_units|stat::new_units|SUMMARY|ERROR|BINGO' "log_$1")"
}
export -f run_target
export build here

for target in "$build"/tests/fuzz_*; do
  [ -x "$target" ] && basename "$target" | sed 's/^fuzz_//'
done | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'run_target "$@"' _ {} "$2"

for target in "$build"/tests/fuzz_*; do
  name=$(basename "$target")
  grep -q 'stat::number_of_executed_units' "log_${name#fuzz_}" && continue
  echo "$name did not run to its end; $build/fuzz/log_${name#fuzz_} says why" >&2
  exit 1
done
if compgen -G "crash-*" || compgen -G "timeout-*" || compgen -G "oom-*" || compgen -G "leak-*"; then
  echo "fuzzing found something: the files above, in $build/fuzz" >&2
  exit 1
fi
