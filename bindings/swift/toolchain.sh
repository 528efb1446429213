#!/bin/sh
# `toolchain.sh DIR`: makes a folder DIR with Debian 13 and its Swift 6 in it, from Debian's
# packages, unless it is there already. For machines without Swift; wants root and 3 GB.
# `toolchain.sh DIR run COMMAND`: runs the shell command in it. It sees the repository and the
# temporary files of this machine at their own places, and the variables that it is given.
set -eu
root=$1
repository=$(cd "$(dirname "$0")/../.." && pwd)

if [ "${2:-}" = run ]; then
    # The mounts are of this process alone, and end with it.
    exec unshare --mount sh -eu -c '
        root=$0 repository=$1 command=$2
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        for place in "$repository" "${TMPDIR:-/tmp}"; do
            mkdir -p "$root$place"
            mount --bind "$place" "$root$place"
        done
        exec chroot "$root" sh -eu -c "$command"
    ' "$root" "$repository" "$3"
fi

[ ! -e "$root/complete" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "NOT RUN: making a Swift toolchain needs root"; exit 77; }
unshare --mount true 2>/dev/null || { echo "NOT RUN: mounts of one's own are not allowed"; exit 77; }
if ! command -v mmdebstrap >/dev/null; then
    { apt-get update && apt-get install --yes mmdebstrap; } >/dev/null 2>&1 ||
        { echo "NOT RUN: there is no mmdebstrap"; exit 77; }
fi
rm -rf --one-file-system "$root"
# clang wants the headers of C and C++, which Debian's package only recommends.
mmdebstrap --variant=essential --include=swiftlang,libc6-dev,libstdc++-14-dev \
    trixie "$root" >"$root.log" 2>&1 ||
    { tail -n 3 "$root.log"; echo "NOT RUN: Debian's Swift cannot be had"; exit 77; }
rm "$root.log"
touch "$root/complete"
