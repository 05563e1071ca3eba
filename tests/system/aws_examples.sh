#!/usr/bin/env bash
# The templates of examples/aws, and the commands of its README against moto. Usage: aws_examples.sh TOCSIN
exec python3 "$(dirname "${BASH_SOURCE[0]}")/../examples/aws.py" "$@"
