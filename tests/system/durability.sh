#!/usr/bin/env bash
# Durability of `tocsin run`, the short version. Usage: tests/system/durability.sh BINARY
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/service/run.sh" short "$(realpath "$1")"
