#!/usr/bin/env bash
# Durability of `tocsin run`, on the real binary: nothing that was acknowledged is lost.
#   tests/system/service/run.sh short|full BINARY
# short: a sample for every change (2 minutes on two idle cores). full: the figures of
# tests/RESULTS.md (hours). One line a test; a failing one says its seed, and SEED=N repeats it.
# With tocsin_sabotaged beside BINARY, promises are then broken on purpose, and each test must notice.
# Environment: SEED; PARALLEL, of the long ones (default 2).
set -uo pipefail
mode=$1
binary=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")"
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
export PYTHONDONTWRITEBYTECODE=1

failed=0
skipped=0
judge() {
  case $1 in
    0) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
}
check() { # SCRIPT ARGUMENT…
  local script=$1
  shift
  python3 "$script.py" "$binary" --seed "$seed" "$@"
  judge $?
}

case $mode in
  short)
    check kill_points --points 60 --parallel 2
    check random_kills --kills 8
    check random_kills --kills 6 --grouping
    check random_kills --kills 6 --over-time
    check t13_restarts --seeds 6 --parallel 2
    check failed_io --cases 16
    check disk_full
    check damaged_store
    check store_tools
    check hardened
    check reload --reloads 50
    check list_memory
    check retries --alerts 20
    check flood --seconds 2
    ;;
  full)
    check kill_points --points "${POINTS:-2500}" --parallel "${PARALLEL:-2}"
    check random_kills --kills "${KILLS:-250}"
    check random_kills --kills 100 --grouping
    check random_kills --kills 100 --over-time
    check kill_points --points "${POINTS_OVER_TIME:-750}" --parallel "${PARALLEL:-2}" --over-time
    check t13_restarts --seeds "${RESTART_SEEDS:-200}" --parallel "${PARALLEL:-2}"
    check failed_io
    check disk_full
    check damaged_store
    check store_tools
    check hardened
    check reload --reloads 3000
    check list_memory
    check retries --alerts 500
    check flood --seconds 30
    ;;
  *)
    echo "usage: $0 short|full BINARY" >&2
    exit 2
    ;;
esac

sabotaged=$(dirname "$binary")/tocsin_sabotaged
if [ -x "$sabotaged" ]; then
  binary=$sabotaged
  check kill_points --points 24 --parallel 2 --calls pwrite64,fdatasync,futex --sabotage ack_before_commit
  check failed_io --cases 2 --calls fdatasync --sabotage no_fsync
  check t13_restarts --seeds 3 --parallel 2 --sabotage forget_state
  check random_kills --kills 6 --over-time --sabotage forget_state
  check retries --alerts 20 --sabotage new_key_each_retry
  check flood --seconds 2 --sabotage drop_when_full
else
  echo "SKIPPED: negative controls: there is no $sabotaged (built with TOCSIN_TESTS)"
  skipped=$((skipped + 1))
fi

echo "durability, $mode: seed $seed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
