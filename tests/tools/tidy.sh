#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over engine/ and notifiers/, with a compilation database that clang made.
# Sources are checked eight at a time, as they are built. Usage: tidy.sh [JOBS]
set -euo pipefail
jobs=${1:-$(nproc)}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake --preset clang -DTOCSIN_UNITY=ON -DTOCSIN_TESTS=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
# Units of a unity build include sources: that is their purpose.
python3 -c 'import json; [print(e["file"]) for e in json.load(open("build/clang/compile_commands.json"))]' |
  xargs -P "$jobs" -n 1 clang-tidy -p build/clang --quiet --checks=-bugprone-suspicious-include \
    >build/clang/tidy.txt 2>build/clang/tidy.err ||
  { grep -E ': (error|warning): ' build/clang/tidy.txt | sort -u; exit 1; }
echo "clang-tidy: clean"
