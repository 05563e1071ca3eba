#!/usr/bin/env bash
# Every command of the documentation, as it is written there. Usage: tests/system/commands.sh BINARY
# In a network of its own where that may be had: the documents speak of port 8484.
set -euo pipefail
binary=$(realpath "$1")
script=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/commands.py
export PYTHONDONTWRITEBYTECODE=1
if unshare --map-root-user --net true 2>/dev/null; then
  exec unshare --map-root-user --net sh -c 'ip link set lo up && exec python3 "$@"' sh "$script" "$binary"
fi
exec python3 "$script" "$binary"
