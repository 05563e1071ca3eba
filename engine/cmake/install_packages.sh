#!/usr/bin/env bash
# Installs the Debian packages that are missing. Usage: install_packages.sh build|bench|test
# "build" is what the engine needs; "bench" adds what its benchmarks need, "test" that and what its
# tests need.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config libfmt-dev libsimdjson-dev libyaml-cpp-dev zlib1g-dev
       libcli11-dev libexpected-dev libre2-dev
       libboost1.81-dev libboost-json1.81-dev libssl-dev libcurl4-openssl-dev libexpat1-dev libsqlite3-dev
       prometheus-cpp-dev libspdlog-dev libctemplate-dev curl ca-certificates)
case "$(dpkg --print-architecture)" in
  amd64) build+=(libisal-dev libhyperscan-dev) ;;  # optional: faster gzip, faster literals
  arm64) build+=(libisal-dev libvectorscan-dev) ;;
esac
bench=(libdeflate-dev python3)
test=(patch openssl python3-venv strace faketime wrk prometheus prometheus-alertmanager catch2 clang libclang-rt-14-dev clang-format clang-tidy time
      dpkg-dev debhelper lintian man-db systemd mmdebstrap buildah iproute2
      python3-yaml python3-jsonschema python3-seccomp)

case "${1:-}" in
  build) wanted=("${build[@]}") ;;
  bench) wanted=("${build[@]}" "${bench[@]}") ;;
  test) wanted=("${build[@]}" "${bench[@]}" "${test[@]}") ;;
  *) echo "usage: $0 build|bench|test" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install these packages first: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
