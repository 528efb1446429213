#!/bin/sh
# Runs the example against the scripted provider and compares what it prints. Wants Swift 6, and
# that `bindings/swift/test.sh` has run.
set -eu
cd "$(dirname "$0")"
root=$PWD/../../..
export PKG_CONFIG_PATH="$root/bindings/swift/.library"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# SwiftPM does not see that the library has changed.
rm -f .build/debug/ask
swift build >"$folder/build" 2>&1 || { cat "$folder/build"; exit 1; }
mkfifo "$folder/address"
"$PKG_CONFIG_PATH/zerostack-scripted" --script script.json >"$folder/address" &
provider=$!
trap 'kill $provider 2>/dev/null || true; rm -rf "$folder"' EXIT
read -r address <"$folder/address"

OPENAI_BASE_URL="$address/v1" .build/debug/ask >"$folder/out"
echo "It is 21 degrees in the kitchen." | diff - "$folder/out"
if OPENAI_BASE_URL=nonsense .build/debug/ask >"$folder/out" 2>&1; then exit 1; fi
grep -q 'a base URL looks like' "$folder/out"
echo "the example printed what it should"
