#!/bin/sh
# A container without an engine: run under `unshare --mount --pid --fork`, as root on the machine the tests run on.
# The root file system is this machine's /usr and /etc with the image's /app on top, all of it read-only; /tmp is a tmpfs
# with the options engines give it, and /data is writable. The command then runs as the image's user with no privilege.
#   container-sandbox.sh STAGE ROOT DATA UID GID COMMAND...
set -eu
stage=$1 root=$2 data=$3 uid=$4 gid=$5
shift 5

mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
mkdir "$root/usr" "$root/etc" "$root/app" "$root/data" "$root/proc" "$root/dev"
mkdir -m 1777 "$root/tmp"
for name in bin sbin lib lib64; do
  ln -s "usr/$name" "$root/$name"
done
read_only() {
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro "$2"
}
read_only /usr "$root/usr"
read_only /etc "$root/etc"
read_only "$stage/app" "$root/app"
mount --rbind /dev "$root/dev"
mount --bind "$data" "$root/data"
mount -t tmpfs -o mode=1777,noexec,nosuid,nodev none "$root/tmp"
mount -t proc proc "$root/proc"
mount -o remount,ro "$root"

exec chroot "$root" setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs \
  --inh-caps=-all --bounding-set=-all "$@"
