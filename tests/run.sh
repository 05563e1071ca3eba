#!/usr/bin/env bash
# Every test, from a fresh Debian 12 machine: installs what is missing, builds, runs.
#   tests/run.sh          everything (what CI runs)
#   tests/run.sh quick    the release build and its tests only
# Environment: JOBS (default: all cores), FUZZ_SECONDS per target (default 5),
# TOCSIN_LARGE_MB of the constant-memory inputs (default 300).
set -euo pipefail
export TOCSIN_LARGE_MB=${TOCSIN_LARGE_MB:-300}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:-all}
jobs=${JOBS:-$(nproc)}
stage() { printf '\n=== %s (%s)\n' "$1" "$(date -u +%H:%M:%S)"; }

stage "packages"
engine/cmake/install_packages.sh test

stage "layers and format"
python3 tests/tools/check_layers.py
find engine notifiers tests \( -name '*.cc' -o -name '*.h' \) -print0 | xargs -0 clang-format --dry-run -Werror

stage "release build (g++)"
cmake --preset release -DTOCSIN_UNITY=ON -DTOCSIN_TESTS=ON -DTOCSIN_BENCH=ON >/dev/null
cmake --build --preset release --parallel "$jobs"

stage "tests"
ctest --test-dir build/release --output-on-failure --parallel "$jobs"

stage "rules"
build/release/tocsin check rules
build/release/tocsin test --quiet rules

stage "command line and memory, on the real binary"
for script in tests/system/*.sh; do
  echo "--- $script"
  bash "$script" build/release/tocsin
done

if [ "$mode" = all ]; then
  stage "clang: warnings, address and undefined-behaviour sanitizers, fuzz targets"
  cmake --preset asan-ubsan -DTOCSIN_UNITY=ON >/dev/null
  cmake --build --preset asan-ubsan --parallel "$jobs"
  TOCSIN_DIFF_SCALE=0.01 ctest --test-dir build/asan-ubsan --output-on-failure --parallel "$jobs"
  build/asan-ubsan/tocsin test --quiet rules
  JOBS=$jobs bash tests/fuzz/run.sh build/asan-ubsan "${FUZZ_SECONDS:-5}"

  stage "thread sanitizer: scan on four threads"
  cmake --preset tsan -DTOCSIN_UNITY=ON -DTOCSIN_TESTS=OFF >/dev/null
  cmake --build --preset tsan --parallel "$jobs" --target tocsin
  for _ in $(seq 100); do cat examples/events/cloudtrail_sample.jsonl; done |
    build/tsan/tocsin scan --rules rules --threads 4 --output jsonl - >/dev/null
fi

stage "done"
