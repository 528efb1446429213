#!/usr/bin/env bash
# Builds the runtime as a static library: build.sh HEADERS OUT
# HEADERS is the folder of zerostack.h, OUT the file to make. CC and CFLAGS are honoured.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
headers=$1 out=$2
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
for source in "$here"/src/*.c; do
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c99 -D_POSIX_C_SOURCE=200809L -pedantic -Wall -Wextra -Werror -fPIC \
        ${CFLAGS--O2} $(pkg-config --cflags libcurl) -I"$here/include" -I"$headers" \
        -c "$source" -o "$objects/$(basename "$source" .c).o"
done
rm -f "$out"
ar rcs "$out" "$objects"/*.o
