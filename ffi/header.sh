#!/usr/bin/env bash
# Makes include/zerostack.h from src/; with --check it only reports whether that would change it.
set -eu
cd "$(dirname "$0")"
./errors.sh "$@"

version=0.29.4
if [ "$(cbindgen --version 2>/dev/null)" != "cbindgen $version" ]; then
    cargo install --locked --quiet "cbindgen@$version"
fi
made=$(mktemp)
trap 'rm -f "$made"' EXIT
cbindgen --quiet --config cbindgen.toml --output "$made" .
case "${1-}" in
--check)
    diff -u include/zerostack.h "$made" || {
        echo "include/zerostack.h is not what src/ says: run ffi/header.sh" >&2
        exit 1
    }
    ;;
"") cp "$made" include/zerostack.h ;;
*)
    echo "usage: header.sh [--check]" >&2
    exit 2
    ;;
esac
