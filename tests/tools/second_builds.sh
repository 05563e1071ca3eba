#!/usr/bin/env bash
# What tests/run.sh builds beside the release: clang with address and undefined-behaviour sanitizers
# and the fuzz targets, g++ with the thread sanitizer.
# Usage: second_builds.sh JOBS
set -euo pipefail
jobs=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake --preset asan-ubsan -DTOCSIN_UNITY=ON >/dev/null
cmake --build --preset asan-ubsan --parallel "$jobs"
cmake --preset tsan -DTOCSIN_UNITY=ON -DTOCSIN_TESTS=OFF >/dev/null
cmake --build --preset tsan --parallel "$jobs" --target tocsin
