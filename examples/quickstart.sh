#!/usr/bin/env bash
# From a fresh Debian 12 machine to alerts: installs what is missing, builds the release binary into
# build/release, and matches the example events against the shipped rules.
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
echo "A day of an account: ordinary traffic with an attack in it, counted by rule:"
run "$tocsin" scan --rules rules --output none examples/events/cloudtrail_sample.jsonl

echo
echo "The first of those alerts as a machine reads it, one JSON object a line:"
"$tocsin" scan --rules rules --output jsonl examples/events/cloudtrail_sample.jsonl 2>/dev/null |
  sed -n 1p

echo
echo "Why did that rule fire?"
run "$tocsin" explain --rules rules "AWS Batch Compute Environment Changed Without MFA" \
  examples/events/batch_create_compute_environment.json
