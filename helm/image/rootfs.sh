#!/bin/sh
# The root file system of the image: a tocsin package and the Debian packages that it needs, unpacked
# but not configured, so that there is no shell and nothing to run but tocsin.
# Usage: rootfs.sh TOCSIN_DEB FOLDER [CACHE_FOLDER]     Debian 12, after apt-get update; as root
# With the same package and the same archive, the same files (SOURCE_DATE_EPOCH is their time).
set -eu
deb=$(realpath "$1")
root=$(realpath -m "$2")
cache=$(realpath -m "${3:-$root.debs}")
user=10001
: "${SOURCE_DATE_EPOCH:=$(dpkg-deb --ctrl-tarfile "$deb" | tar --list --verbose --full-time ./control |
  awk '{print $4, $5}' | date -u -f - +%s)}"
export LC_ALL=C
umask 022

# Only maintainers' scripts need these, which do not run here.
left_out="debconf openssl"
rm -rf "$root" "$cache/partial"
mkdir -p "$root/var/lib/dpkg/status.d" "$cache/partial"
for name in $left_out; do
  printf 'Package: %s\nStatus: install ok installed\nArchitecture: all\nMaintainer: none\nVersion: 999\nDescription: left out\n\n' "$name"
done >"$cache/status"
apt-get -qq -y --no-install-recommends --download-only --allow-downgrades -o APT::Sandbox::User=root \
  -o Dir::State::status="$cache/status" -o Dir::Cache::archives="$cache" -o Debug::NoLocking=true \
  -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= install "$deb"
apt-get -qq -y --no-install-recommends --print-uris -o Dir::State::status="$cache/status" \
  -o Dir::Cache::archives="$cache/none" -o Debug::NoLocking=true -o Dir::Cache::pkgcache= \
  -o Dir::Cache::srcpkgcache= install "$deb" | awk '!/^.file:/ {print $2}' | sort >"$cache/list"

packages=
for file in $(cat "$cache/list"); do packages="$packages $cache/$file"; done
for package in $packages "$deb"; do
  dpkg-deb --extract "$package" "$root"
  # Scanners of images look here for what is installed.
  dpkg-deb --field "$package" >"$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$package" Package)"
done

cd "$root"
rm -rf usr/share/man usr/share/locale usr/share/lintian usr/share/bash-completion usr/share/zsh \
  usr/share/info usr/share/bug usr/share/gdb usr/share/ca-certificates/*/.keep lib/systemd \
  usr/lib/systemd etc/cron.* etc/apt etc/dpkg usr/sbin/update-ca-certificates etc/ca-certificates
find usr/share/doc -mindepth 2 ! -name copyright ! -type d -delete
find usr/share/doc -mindepth 2 -type d -empty -delete
find . -type f -perm /111 ! -name '*.so*' ! -path ./usr/bin/tocsin -delete
mkdir -p etc/ssl/certs tmp
find usr/share/ca-certificates -name '*.crt' | sort | xargs cat >etc/ssl/certs/ca-certificates.crt
rm -rf usr/share/ca-certificates
printf 'root:x:0:0::/:/sbin/nologin\ntocsin:x:%s:%s::/var/lib/tocsin:/sbin/nologin\n' $user $user >etc/passwd
printf 'root:x:0:\ntocsin:x:%s:\n' $user >etc/group
printf 'hosts: files dns\n' >etc/nsswitch.conf
# A container's network is its own: what is published is the operator's decision.
sed -i 's/^  listen: .*/  listen: 0.0.0.0:8484\n  allow_insecure: true/' etc/tocsin/tocsin.yml
rm -rf etc/tocsin/secrets
chmod 1777 tmp
mkdir -p var/lib/tocsin
chown $user:$user var/lib/tocsin
chmod 0700 var/lib/tocsin

# What is in it, as SPDX.
version=$(dpkg-deb --field "$deb" Version)
{
  printf '{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT",'
  printf '"name":"tocsin-%s","documentNamespace":"https://github.com/example/tocsin/sbom/%s-%s",' \
    "$version" "$version" "$(cat var/lib/dpkg/status.d/* | sha256sum | cut -c1-16)"
  printf '"creationInfo":{"created":"%s","creators":["Tool: helm/image/rootfs.sh"]},\n"packages":[\n' \
    "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)"
  for package in $packages "$deb"; do
    dpkg-deb --show --showformat='{"SPDXID":"SPDXRef-${Package}","name":"${Package}","versionInfo":"${Version}","supplier":"NOASSERTION","downloadLocation":"NOASSERTION","filesAnalyzed":false,"licenseConcluded":"NOASSERTION","licenseDeclared":"NOASSERTION","copyrightText":"NOASSERTION","sourceInfo":"built from ${source:Package} ${source:Version}","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:deb/debian/${Package}@${Version}?arch=${Architecture}&distro=bookworm"}]},\n' "$package"
  done | sed '$s/,$//'
  printf '],\n"relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-tocsin"}'
  for package in $packages; do
    printf ',\n{"spdxElementId":"SPDXRef-tocsin","relationshipType":"DEPENDS_ON","relatedSpdxElement":"SPDXRef-%s"}' \
      "$(dpkg-deb --field "$package" Package)"
  done
  printf ']}\n'
} >usr/share/doc/tocsin/sbom.spdx.json
find . -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
