#!/bin/sh
# Some of the core's own tests under miri, which sees undefined behaviour of any kind: the core has
# no unsafe code, so what could be wrong is what it stands on. Whole turns, requests, calls in text.
# Miri is hundreds of times slower than the machine: tests that go through megabytes are left out,
# and the loops of the others are short there (`cfg!(miri)`).
# Other tests by name: `sh core/miri.sh prompt::`. MIRI_SECONDS bounds the time.
set -eu
cd "$(dirname "$0")/.."
not_run() { echo "NOT RUN: miri over the core: $*" >&2; exit 77; }
command -v rustup >/dev/null || not_run "rustup is missing"
rustup toolchain list | grep -q '^nightly' || not_run "no nightly: rustup toolchain install nightly"
rustup component add --toolchain nightly miri rust-src >/dev/null 2>&1 \
    || not_run "the nightly here has no miri"
cargo +nightly miri setup >/dev/null 2>&1 || not_run "miri cannot build its standard library"
[ $# -gt 0 ] || set -- \
    provider::gemini::tests::the_request provider::ollama::tests::lines_are \
    provider::openai_responses::tests::the_request provider::request session::retry
code=0
seconds=${MIRI_SECONDS:-150}
timeout "$seconds" cargo +nightly miri test --quiet --target-dir target/miri --package zerostack-core --lib -- "$@" ||
    code=$?
[ "$code" != 124 ] || not_run "it did not end within $seconds seconds; the tests that ended passed"
exit "$code"
