#!/usr/bin/env bash
# The image of TOCSIN_DEB: two builds are equal byte for byte, it is small, there is nothing to run in it
# but tocsin, it says what it is made of, and it serves with the chart's command, user, read-only root and
# configuration. Usage: image.sh TOCSIN_DEB WORK_FOLDER      leaves WORK_FOLDER/image.oci.tar
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
deb=$(realpath "$1")
work=$(realpath -m "$2")
mkdir -p "$work"
limit=$((40 * 1000 * 1000))
# Both builds of one commit, whatever is committed meanwhile.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
REVISION=$(git -C "$root" rev-parse HEAD)
export SOURCE_DATE_EPOCH REVISION

if [ "$(id -u)" -ne 0 ] || ! command -v buildah >/dev/null || ! unshare --mount --net true; then
  echo "SKIPPED: an image needs root, buildah, and namespaces for mounts and networks"
  exit 0
fi
if ! "$root/helm/image/build.sh" "$deb" "$work/image.oci.tar" "$work/build" >"$work/build.log" 2>&1; then
  tail -n 20 "$work/build.log"
  if grep -qE 'Failed to fetch|Unable to (fetch|locate)|Operation not permitted' "$work/build.log"; then
    echo "SKIPPED: no image can be built here (network, or what this container may do)"
    exit 0
  fi
  exit 1
fi
"$root/helm/image/build.sh" "$deb" "$work/again.oci.tar" "$work/build" >>"$work/build.log" 2>&1
cmp "$work/image.oci.tar" "$work/again.oci.tar" || { echo "two builds differ" >&2; exit 1; }
size=$(stat -c %s "$work/image.oci.tar")
[ "$size" -le "$limit" ] || { echo "the image has $size bytes, more than $limit" >&2; exit 1; }
echo "two builds are equal: $size bytes, $(sha256sum <"$work/image.oci.tar" | cut -c1-16)"

# From here on only what was built: the archive.
rm -rf --one-file-system "$work/unpacked" "$work/oci"
mkdir -p "$work/unpacked" "$work/oci"
tar -C "$work/oci" -xf "$work/image.oci.tar"
/usr/bin/python3 - "$work/oci" >"$work/layers" <<'PY'
import json, pathlib, sys
blobs = pathlib.Path(sys.argv[1])
def read(digest):
    return json.loads((blobs / "blobs/sha256" / digest.split(":")[1]).read_text())
manifest = read(json.loads((blobs / "index.json").read_text())["manifests"][0]["digest"])
config = read(manifest["config"]["digest"])["config"]
assert config["User"] == "10001:10001", config
assert config["Entrypoint"] == ["/usr/bin/tocsin"], config
for label in ("source", "version", "revision", "licenses", "created"):
    assert config["Labels"][f"org.opencontainers.image.{label}"] not in ("", "unknown"), label
for layer in manifest["layers"]:
    print(layer["digest"].split(":")[1])
PY
while read -r layer; do tar -C "$work/unpacked" -xf "$work/oci/blobs/sha256/$layer"; done <"$work/layers"
programs=$(cd "$work/unpacked" && find . -type f -perm /111 ! -name '*.so' ! -name '*.so.*')
[ "$programs" = ./usr/bin/tocsin ] || { echo "programs in the image: $programs" >&2; exit 1; }
/usr/bin/python3 - "$work/unpacked" <<'PY'
import json, pathlib, sys
root = pathlib.Path(sys.argv[1])
packages = json.loads((root / "usr/share/doc/tocsin/sbom.spdx.json").read_text())["packages"]
names = {package["name"] for package in packages}
assert names == {file.name for file in (root / "var/lib/dpkg/status.d").iterdir()}, names
for name in names:  # licences have to go with what is under them
    assert (root / "usr/share/doc" / name / "copyright").exists(), name
print(f"{len(names)} packages in the SBOM, nothing to run but tocsin")
PY

# As the chart starts it.
export IMAGE_ROOT=$work/unpacked IMAGE_GOLDEN=$here/golden/minimal.yaml IMAGE_LOG=$work/service.log
export IMAGE_EVENT=$root/examples/events/batch_create_compute_environment.json
unshare --mount --net --propagation private bash -euo pipefail <<'SH'
ip link set lo up
mount --bind "$IMAGE_ROOT" "$IMAGE_ROOT"
mkdir -p "$IMAGE_ROOT/proc"
mount -t proc proc "$IMAGE_ROOT/proc"
mount -o remount,bind,ro "$IMAGE_ROOT"
mount -t tmpfs -o uid=10001,gid=10001,mode=0770 tmpfs "$IMAGE_ROOT/var/lib/tocsin"
mount -t tmpfs -o mode=1777 tmpfs "$IMAGE_ROOT/tmp"
mount -t tmpfs tmpfs "$IMAGE_ROOT/etc/tocsin"
mkdir "$IMAGE_ROOT/etc/tocsin/config"
mapfile -t arguments < <(/usr/bin/python3 - "$IMAGE_GOLDEN" "$IMAGE_ROOT/etc/tocsin/config" <<'PY'
import sys, yaml
for each in yaml.safe_load_all(open(sys.argv[1])):
    if each["kind"] == "ConfigMap":
        open(sys.argv[2] + "/tocsin.yml", "w").write(each["data"]["tocsin.yml"])
    if each["kind"] == "StatefulSet":
        print("\n".join(each["spec"]["template"]["spec"]["containers"][0]["args"]))
PY
)
env -i TOCSIN_STORE=/var/lib/tocsin/store setpriv --no-new-privs \
  /usr/sbin/chroot --userspec=10001:10001 --groups=10001 "$IMAGE_ROOT" /usr/bin/tocsin "${arguments[@]}" \
  >"$IMAGE_LOG" 2>&1 &
pid=$!
for _ in $(seq 300); do
  curl -fsS http://127.0.0.1:8484/readyz >/dev/null 2>&1 && break
  kill -0 $pid 2>/dev/null || { cat "$IMAGE_LOG" >&2; exit 1; }
  sleep 0.1
done
grep -qE '^CapEff:\s*0+$' /proc/$pid/status
curl -fsS http://127.0.0.1:8484/healthz >/dev/null
curl -fsS --data-binary "@$IMAGE_EVENT" http://127.0.0.1:8484/v1/events
for _ in $(seq 100); do grep -q 'Changed Without MFA' "$IMAGE_LOG" && break; sleep 0.1; done
grep -q 'Changed Without MFA' "$IMAGE_LOG" || { cat "$IMAGE_LOG" >&2; exit 1; }
kill $pid
wait $pid
echo
echo "served with the chart's arguments, user 10001, a read-only root and no capability"
SH
rm -rf --one-file-system "$work/unpacked" "$work/oci" "$work/again.oci.tar"
