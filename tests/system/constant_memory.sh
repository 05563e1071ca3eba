#!/usr/bin/env bash
# Peak memory of `BINARY scan` must not grow with the input.
# Usage: tests/system/constant_memory.sh BINARY [RULES]
# TOCSIN_LARGE_MB (default 2048) is the size of the large inputs, uncompressed.
set -euo pipefail

binary=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rules=$(realpath "${2:-$here/../../rules}")
large_mb=${TOCSIN_LARGE_MB:-2048}
small_mb=20
allowed_growth_kb=65536

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# generate FORMAT MEGABYTES: `lines`, or `container`, which is one line of gzip.
generate() {
  python3 - "$1" "$2" <<'PYTHON'
import json, sys, zlib
shape, size = sys.argv[1], int(sys.argv[2]) << 20
record = json.dumps({
    "eventVersion": "1.08",
    "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:session",
                     "arn": "arn:aws:sts::111122223333:assumed-role/reader/session",
                     "accountId": "111122223333",
                     "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
    "eventTime": "2026-01-01T00:00:00Z", "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets", "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.1",
    "userAgent": "aws-cli/2.0", "requestParameters": {"filler": "x" * 500},
    "responseElements": None, "eventID": "%012d", "readOnly": True,
    "resources": [{"ARN": "arn:aws:s3:::bucket"}, {"ARN": "arn:aws:s3:::other"}],
}, separators=(",", ":")).replace("%", "%%").replace("%%012d", "%012d")
container = shape == "container"
separator = "," if container else "\n"
count = size // (len(record) + 8)
packer = zlib.compressobj(1, zlib.DEFLATED, 31) if container else None

def emit(text):
    data = text.encode()
    sys.stdout.buffer.write(packer.compress(data) if packer else data)

if container:
    emit('{"Records":[')
step = 10000
for start in range(0, count, step):
    rows = [record % i for i in range(start, min(start + step, count))]
    emit((separator if start else "") + separator.join(rows))
emit("]}" if container else "\n")
if packer:
    sys.stdout.buffer.write(packer.flush())
PYTHON
}

# peak_kb FILE: the peak resident set of a scan.
peak_kb() {
  python3 - "$binary" scan --rules "$rules" --output none "$1" <<'PYTHON'
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
code = os.waitstatus_to_exitcode(status)
if code not in (0, 1):
    sys.exit("scan ended with exit code %d" % code)
print(usage.ru_maxrss)
PYTHON
}

failed=0
for format in lines container; do
  generate "$format" "$small_mb" >"$folder/small"
  generate "$format" "$large_mb" >"$folder/large"
  small=$(peak_kb "$folder/small")
  large=$(peak_kb "$folder/large")
  rm "$folder/small" "$folder/large"
  echo "$format: $small_mb MB: $small kB, $large_mb MB: $large kB"
  if ((large - small > allowed_growth_kb)); then
    echo "memory grows with the input" >&2
    failed=1
  fi
done
exit $failed
