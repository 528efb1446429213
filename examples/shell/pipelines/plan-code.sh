#!/usr/bin/env bash
# Plans a change, makes it and applies the patch: plan-code.sh "add a flag"
set -euo pipefail
zerostack plan "${1:?say what to change}" | zerostack code | git apply --allow-empty
