#!/usr/bin/env bash
# Resolves the TODOs of the files that have some.
set -euo pipefail
git grep -l TODO | zerostack refactor "resolve the TODOs in these files" | git apply
