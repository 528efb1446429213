#!/usr/bin/env bash
# Documents each file that is named, four at a time, and applies the patches one by one.
set -euo pipefail
: "${1:?name the files}"
patches=$(mktemp -d)
trap 'rm -rf "$patches"' EXIT
printf '%s\n' "$@" | xargs -P 4 -I{} sh -c \
    'zerostack -q document "the file $1" -o "$2/$(printf %s "$1" | tr / _).patch"' sh {} "$patches"
for patch in "$patches"/*.patch; do
    git apply "$patch"
done
