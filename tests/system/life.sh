#!/usr/bin/env bash
# A service's life in minutes: days of events with pauses, restarts, kills and whatever else happens,
# judged by what holds after each step and by `tocsin scan` in the end (tests/system/life/README.md).
# Usage: tests/system/life.sh BINARY [long]. Environment: SEED; LIFE_SEEDS, LIFE_DAYS of `long`.
# It needs tocsin_sabotaged beside BINARY, whose clock can be moved.
set -uo pipefail
binary=$(realpath "$1")
mode=${2:-short}
moved=$(dirname "$binary")/tocsin_sabotaged
# The same lives each time: what fails in CI fails here. SEED=N lives others.
seed=${SEED:-7}
export PYTHONDONTWRITEBYTECODE=1
if [ ! -x "$moved" ]; then
  echo "SKIPPED: life: there is no $moved (built with TOCSIN_TESTS)"
  exit 0
fi

live() {
  python3 "$(dirname "${BASH_SOURCE[0]}")/life/life.py" "$moved" --scan "$binary" --seed "$seed" "$@"
}

if [ "$mode" = long ]; then
  live --seeds "${LIFE_SEEDS:-5}" --days "${LIFE_DAYS:-200}" --doors http,folder --parallel 2
  exit
fi

# Each in a process of its own, two at a time. Of the last ones some promise is broken on purpose,
# and it must be noticed: a promise, and the steps in which that shows.
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
cat >"$results/lives" <<'LIVES'
--days 4
--days 3 --doors folder
--days 3 --doors http,folder --grouped
--days 2 --sabotage wedge_heard_hits --kinds traffic:1,pause:1,backfill:1
--days 1 --sabotage flood_firings --kinds pause:1,flood:2
--days 1 --sabotage hide_after_null --kinds pause:1,odd:6
--days 2 --sabotage forget_state --kinds traffic:4,pause:1,restart:2,kill:2
LIVES
run() {
  # shellcheck disable=SC2086
  live $2 >"$results/$1.out" 2>&1
  echo $? >"$results/$1.status"
}
number=0
while read -r options; do
  run "$number" "$options" &
  number=$((number + 1))
  [ "$(jobs -pr | wc -l)" -lt 2 ] || wait -n
done <"$results/lives"
wait
failed=0
for status in "$results"/*.status; do
  cat "${status%.status}.out"
  [ "$(cat "$status")" = 0 ] || failed=$((failed + 1))
done
echo "life: seed $seed, $failed of $number failed"
[ "$failed" = 0 ]
