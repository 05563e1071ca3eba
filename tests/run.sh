#!/usr/bin/env bash
# Every test, from a fresh Debian 12 machine: installs what is missing, builds, runs.
#   tests/run.sh          everything (what CI runs)
#   tests/run.sh quick    the release build and its tests only
# Environment: JOBS (default: all cores), FUZZ_SECONDS per target (default 5),
# TOCSIN_LARGE_MB of the constant-memory inputs (default 300), MUTATIONS (default 12): how many of the
# faults of tests/mutation are tried. ccache is used where it is installed.
set -euo pipefail
export TOCSIN_LARGE_MB=${TOCSIN_LARGE_MB:-300}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:-all}
jobs=${JOBS:-$(nproc)}
stage_name=
stage_began=0
stage_times=()
stage() {
  [ -z "$stage_name" ] || stage_times+=("$(printf '%5d s  %s' $((SECONDS - stage_began)) "$stage_name")")
  stage_name=$1
  stage_began=$SECONDS
  printf '\n=== %s (%s)\n' "$1" "$(date -u +%H:%M:%S)"
}

stage "packages"
engine/cmake/install_packages.sh test
if ! python3 -c 'import boto3, moto.server' 2>/dev/null; then  # for tests/aws
  python3 -m venv build/venv && build/venv/bin/pip install -q 'moto[server]==5.2.1' ||
    echo "moto cannot be installed: the tests of the AWS clients are skipped" >&2
  export PATH=$PWD/build/venv/bin:$PATH
fi
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros
fi

stage "layers and format"
python3 tests/tools/check_layers.py
find engine notifiers tests \( -name '*.cc' -o -name '*.h' \) -print0 | xargs -0 clang-format --dry-run -Werror

stage "release build (g++)"
cmake --preset release -DTOCSIN_UNITY=ON -DTOCSIN_TESTS=ON -DTOCSIN_BENCH=ON >/dev/null
cmake --build --preset release --parallel "$jobs"

# The other builds use what the tests leave of the machine: many of those wait for clocks.
second_builds=
if [ "$mode" = all ]; then
  mkdir -p build
  setsid nice -n 19 bash tests/tools/second_builds.sh "$jobs" >build/second_builds.log 2>&1 &
  second_builds=$!
  trap 'kill -- -"$second_builds" 2>/dev/null || true' EXIT
fi

stage "tests"
ctest --test-dir build/release --output-on-failure --parallel "$jobs"

stage "rules"
build/release/tocsin check rules
build/release/tocsin test --quiet rules

stage "command line, service and memory, on the real binary"
for script in tests/system/*.sh; do
  echo "--- $script"
  bash "$script" build/release/tocsin
done

stage "packages, image and chart"
bash tests/packaging/run.sh build/release/tocsin

stage "mutation: faults put in on purpose are caught"
tests/mutation/run.py --build build/release --jobs "$jobs" --sample "${MUTATIONS:-12}"

if [ "$mode" = all ]; then
  stage "builds with sanitizers (clang; g++ for threads)"
  wait "$second_builds" || { cat build/second_builds.log; exit 1; }
  trap - EXIT
  tail -n 3 build/second_builds.log

  stage "address and undefined-behaviour sanitizers"
  TOCSIN_DIFF_SCALE=0.01 ctest --test-dir build/asan-ubsan --output-on-failure --parallel "$jobs"
  build/asan-ubsan/tocsin test --quiet rules

  stage "fuzz targets"
  JOBS=$jobs bash tests/fuzz/run.sh build/asan-ubsan "${FUZZ_SECONDS:-5}"

  stage "thread sanitizer: scan on four threads, and the service"
  for _ in $(seq 100); do cat examples/events/cloudtrail_sample.jsonl; done |
    build/tsan/tocsin scan --rules rules --threads 4 --output jsonl - >/dev/null
  bash tests/system/service_threads.sh build/tsan/tocsin
fi

stage "done"
printf '%s\n' "${stage_times[@]}"
