#!/usr/bin/env bash
# Reviews the uncommitted changes, for a forge that shows SARIF.
set -euo pipefail
git diff HEAD | zerostack review --sarif
