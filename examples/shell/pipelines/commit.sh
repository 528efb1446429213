#!/usr/bin/env bash
# Commits what is staged, with a message in the style of the repository.
set -euo pipefail
git diff --cached | zerostack commit | git commit --quiet --file -
