#!/usr/bin/env bash
# The source s3_sqs against a queue and buckets that misbehave, and against moto.
# Usage: s3_sqs.sh TOCSIN [full] [TEST…]
exec python3 "$(dirname "${BASH_SOURCE[0]}")/s3_sqs/run.py" "$@"
