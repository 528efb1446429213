#!/usr/bin/env bash
# Runs a command and explains its failure: test-debug.sh cargo test
set -uo pipefail
if output=$("$@" 2>&1); then
    echo "passed"
else
    printf '%s\n' "$output" | zerostack debug
fi
