#!/usr/bin/env bash
# The image without a daemon, byte for byte the same each time: needs buildah, and root.
# Usage: build.sh TOCSIN_DEB IMAGE.oci.tar [WORK_FOLDER]
# Environment: SOURCE_DATE_EPOCH (default: the time of the commit).
set -euo pipefail
top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
deb=$(realpath "$1")
image=$(realpath -m "$2")
work=$(realpath -m "${3:-$image.work}")
revision=${REVISION:-$(git -C "$top" rev-parse HEAD 2>/dev/null || echo unknown)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || echo 0)}
mkdir -p "$work/context"

"$top/helm/image/rootfs.sh" "$deb" "$work/context/files" "$work/debs"
# The last stage, with the files of this folder in place of the first one's.
sed -n '/^FROM scratch/,$p' "$top/Dockerfile" | sed 's|^COPY --from=files /files /|COPY files /|' \
  >"$work/context/Containerfile"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
storage=(--root "$work/storage" --runroot "$work/run")
buildah "${storage[@]}" bud --quiet --format oci --timestamp "$SOURCE_DATE_EPOCH" --squash \
  --build-arg VERSION="$(dpkg-deb --field "$deb" Version)" --build-arg REVISION="$revision" \
  --build-arg CREATED="$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
  --tag tocsin "$work/context" >/dev/null
rm -rf "$work/oci"
buildah "${storage[@]}" push --quiet tocsin "oci:$work/oci:tocsin"
buildah "${storage[@]}" rmi --all --force >/dev/null
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
  -C "$work/oci" -cf "$image" blobs index.json oci-layout
