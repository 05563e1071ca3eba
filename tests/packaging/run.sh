#!/usr/bin/env bash
# Package, image, alerts and dashboards, and chart, all of one binary.
# Usage: run.sh TOCSIN [PART…]     parts: deb image monitoring chart queue (default: all)
# What cannot be had (a network, npm, root, what a container may not do) is skipped, and says so.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
binary=$(realpath "$1")
shift
work=$(realpath -m "$here/../../build/packaging")
mkdir -p "$work"

part() {
  printf '\n--- %s\n' "$1"
  case $1 in
    deb) "$here/deb.sh" "$binary" "$work/deb" ;;
    image) "$here/image.sh" "$work/deb/tocsin.deb" "$work/image" ;;
    monitoring) "$here/monitoring.py" "$binary" "$work/monitoring" ;;
    chart) "$here/chart.py" "$binary" "$work/chart" ;;
    queue) "$here/queue.py" "$binary" "$work/queue" ;;
    *) echo "no such part: $1" >&2; exit 2 ;;
  esac
}

if [ $# -gt 0 ]; then
  for each in "$@"; do part "$each"; done
  exit
fi
# Two at a time: the package waits for downloads most of the time.
{ part monitoring; part chart; part queue; } >"$work/second.log" 2>&1 &
second=$!
trap 'kill $second 2>/dev/null || true' EXIT
part deb
part image
trap - EXIT
wait $second || { cat "$work/second.log" >&2; exit 1; }
cat "$work/second.log"
