#!/usr/bin/env bash
# Finds faults, fixes them and applies the patch. Only the files that a finding names change.
set -euo pipefail
zerostack lint "$@" | zerostack fix | git apply --allow-empty
