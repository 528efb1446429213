#!/bin/sh
# The library that Swift and Kotlin load: its own tests, the generated sources against those that
# are committed, and turns against the scripted provider through its Python form.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
command -v python3 >/dev/null || { echo "NOT RUN: python3 is missing"; exit 77; }

# With the features of generate.sh, so that the library is built once.
cargo test --quiet --package zerostack-uniffi --features bindgen
"$here/generate.sh" --check
programs=$(tests/programs.sh)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$here/generate.sh" --python "$made"
export PYTHONPATH="$made" PYTHONDONTWRITEBYTECODE=1
# A copy: another check may build it anew while this runs.
cp "$programs/zerostack-scripted" "$made/"
export ZEROSTACK_SCRIPTED="$made/zerostack-scripted"
python3 -W error -m unittest discover --quiet --start-directory "$here/tests" --pattern '*.py'
