#!/usr/bin/env bash
# The Debian package, built from BINARY, is clean for lintian; and in a Debian tree of its own it is
# installed, raises an alert of an event, runs under its unit's restrictions, and is purged.
# Usage: deb.sh BINARY WORK_FOLDER      leaves WORK_FOLDER/tocsin.deb
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
binary=$(realpath "$1")
work=$(realpath -m "$2")
rm -rf "$work/source" "$work"/*.deb
mkdir -p "$work/source"

# What the engine is built with stands twice: for people and CI, and for Debian.
wanted=$(sed -n '/^build=(/,/)/p; s/^ *a[mr][md]64) build+=(\([^)]*\)).*/\1/p' \
  "$root/engine/cmake/install_packages.sh" | tr -s '()= ' '\n' | grep -vxE 'build|curl|ca-certificates|' | sort -u)
declared=$(sed -n '/^Build-Depends:/,/^$/p' "$root/debian/control" | sed -n 's/^ \([^ ,]*\).*/\1/p' |
  grep -vxE 'debhelper-compat|python3' | sort -u)
diff <(echo "$wanted") <(echo "$declared") ||
  { echo "debian/control (>) and engine/cmake/install_packages.sh (<) name other packages" >&2; exit 1; }

echo "--- build"
git -C "$root" ls-files -z --cached --others --exclude-standard -- \
  debian rules examples README.md SECURITY.md |
  tar -C "$root" --null --files-from=- --ignore-failed-read -c | tar -C "$work/source" -x
(cd "$work/source" && TOCSIN_BINARY=$binary dpkg-buildpackage -b -us -uc -d) >"$work/build.log" 2>&1 ||
  { tail -n 40 "$work/build.log" >&2; exit 1; }
mv "$work"/tocsin_*.deb "$work/tocsin.deb"
dpkg-deb --field "$work/tocsin.deb" Package Version Depends Installed-Size
lintian --allow-root --fail-on error,warning "$work/tocsin.deb"
shows() {  # PAGE TEXT
  MANWIDTH=100 man --warnings=mac "$work/source/debian/tmp/docs/$1" 2>&1 | grep -- "$2" >/dev/null ||
    { echo "the manual page $1 does not show $2" >&2; exit 1; }
}
shows tocsin.1 '^ *--fail-on LEVEL:{informational,low,medium,high,critical}$'
shows tocsin.1 '^ *tocsin outbox list \[OPTIONS\]$'
shows tocsin.yml.5 'max_groups_per_rule: 100000'
bash -n "$work/source/debian/tmp/docs/tocsin"

echo "--- unit"
score=$(systemd-analyze security --no-pager --offline=true --threshold=15 \
  "$work/source/debian/tocsin.service" | tail -n 1)
echo "$score"

echo "--- install, alert, purge in a tree of its own"
if [ "$(id -u)" -ne 0 ] || ! unshare --mount --net true; then
  echo "SKIPPED: a tree needs root, and namespaces for mounts and networks"
  exit 0
fi
tree=$work/tree
rm -rf --one-file-system "$tree"
if ! mmdebstrap --quiet --mode=root --variant=apt --skip=cleanup/apt/lists --include=curl \
    bookworm "$tree" >"$work/tree.log" 2>&1; then
  tail -n 5 "$work/tree.log"
  echo "SKIPPED: no tree can be made here (network, or mounts)"
  exit 0
fi
in_tree() { DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$tree" "$@"; }
cp "$work/tocsin.deb" "$tree/root/"
in_tree apt-get install -y -qq --no-install-recommends /root/tocsin.deb >"$work/install.log" 2>&1 ||
  { tail -n 20 "$work/install.log" >&2; exit 1; }
"$here/under_unit.py" "$tree" "$root/examples/events/batch_create_compute_environment.json"
# The documents speak of port 8484: a network of its own has it.
unshare --net --mount sh -ec 'ip link set lo up; mount -t proc proc "$1/proc"; exec chroot "$1" sh' \
  sh "$tree" <"$root/debian/tests/quickstart"
in_tree apt-get purge -y -qq --auto-remove tocsin >"$work/purge.log" 2>&1
left=$(find "$tree" -xdev \( -iname '*tocsin*' ! -name tocsin.deb \) ! -path "$tree/proc/*" -print)
[ -z "$left" ] || { echo "a purge leaves: $left" >&2; exit 1; }
echo "nothing is left of it after a purge"
rm -rf --one-file-system "$tree"
