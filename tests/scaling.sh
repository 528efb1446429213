#!/bin/sh
# Counts the instructions of each series of tests/src/scaling with valgrind, and fails when ten
# times the work takes more than twelve times as many. `scaling.sh WORD` takes those with the word
# in their names; `scaling.sh --ends` leaves out the sizes in the middle.
set -eu
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends valgrind; } \
        >/dev/null 2>&1 || true
fi
"$(tests/programs.sh)/zerostack-scaling" "$@"
