#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over the engine and the notifiers, with the commands of a build by clang.
# Usage: tidy.sh BUILD JOBS      BUILD: a folder with compile_commands.json, unity or not
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# A unity source includes .cc files: that is its purpose.
python3 - "$build" <<'FILES' | xargs -0 -n 1 -P "$2" clang-tidy --quiet -p "$build" --checks=-bugprone-suspicious-include
import json, os, sys
build = sys.argv[1]
for entry in json.load(open(os.path.join(build, "compile_commands.json"))):
    file = entry["file"]
    inside = os.path.relpath(file, build if file.startswith(build + os.sep) else os.getcwd())
    if inside.split(os.sep)[0] in ("engine", "notifiers"):
        print(file, end="\0")
FILES
