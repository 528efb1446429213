#!/bin/sh
# Prints the folder of the programs that checks start: `zerostack`, `zerostack-scripted`,
# `zerostack-command`, `zerostack-scaling`. The test command names one in ZEROSTACK_PROGRAMS; without
# it they are built here. Another choice of packages is another choice of features, for which cargo
# builds the core and the runtime again.
set -eu
cd "$(dirname "$0")/.."
if [ -n "${ZEROSTACK_PROGRAMS:-}" ]; then
    echo "$ZEROSTACK_PROGRAMS"
    exit
fi
cargo build --quiet --package zerostack-cli --package zerostack-tests --bins
cd "${CARGO_TARGET_DIR:-target}/debug"
pwd
