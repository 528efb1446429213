#!/usr/bin/env bash
# Runs a command and explains its failure: test-debug.sh cargo test
set -uo pipefail
: "${1:?name the command to run}"
if output=$("$@" 2>&1); then
    echo "passed"
else
    printf '%s\n' "$output" | zerostack debug
fi
