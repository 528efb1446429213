#!/usr/bin/env bash
# Runs every check of the project. Installs what it needs; works without a network key.
# A step that cannot run on this machine says NOT RUN, and does not count as passed.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }
not_run() { printf 'NOT RUN: %s\n' "$*" | tee -a target/not-run >&2; }

# Runs a check that lies with what it checks. It ends with 77 when a part of it could not run here,
# and says which in lines that begin with NOT RUN.
check() {
    step "$1"
    local code=0
    { "${@:2}" 2>&1 || code=$?; echo "$code" >target/check-code; } | tee target/check-output
    code=$(<target/check-code)
    grep '^NOT RUN: ' target/check-output | sed "s|^NOT RUN: |NOT RUN: $1: |" >>target/not-run || true
    case $code in
    0 | 77) ;;
    *) exit "$code" ;;
    esac
}

mkdir -p target
: >target/not-run

step "tools"
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
for target in thumbv7em-none-eabihf riscv32imc-unknown-none-elf; do
    rustup target add "$target" >/dev/null 2>&1 || not_run "no target $target: the firmware image is not checked there"
done
[ -d "${ZEROSTACK_SHARED:-../shared}" ] || not_run "the shared data ${ZEROSTACK_SHARED:-../shared} is missing: recorded streams and suites"

step "format"
cargo fmt --all --check

step "lint"
cargo clippy --workspace --all-targets --quiet -- --deny warnings

step "the oldest Rust that Cargo.toml promises"
msrv=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
case "$(rustc --version)" in
"rustc $msrv."*) echo "it is the one that runs here: $(rustc --version)" ;;
*)
    if rustup toolchain install "$msrv" --profile minimal >/dev/null 2>&1; then
        cargo "+$msrv" check --workspace --quiet
    else
        not_run "cargo +$msrv check: that toolchain cannot be installed"
    fi
    ;;
esac

step "licences, sources and duplicates of dependencies"
if cargo deny --version >/dev/null 2>&1; then
    cargo deny --offline check bans licenses sources
else
    not_run "cargo deny check: install it with cargo install --locked cargo-deny"
fi

step "core without its features, and with each alone"
for features in "" all-dialects openai-chat anthropic openai-responses gemini ollama window local-models options structured attachments alloc derive drive drive-async; do
    cargo clippy --quiet --package zerostack-core --no-default-features --features "$features" -- --deny warnings
done

step "tests"
cargo nextest run --workspace --cargo-quiet --no-fail-fast

step "documentation tests"
cargo test --quiet --doc --workspace
RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --no-deps --workspace

step "examples"
for example in hello tools tokio; do
    cargo run --quiet --package "example-$example"
done
check "shell examples" sh examples/shell/test.sh

check "C" ffi/check.sh
check "C runtime" bindings/c/check.sh
check "Python" bindings/python/check.sh
check "Swift" bindings/swift/check.sh
check "Kotlin" bindings/kotlin/check.sh
check "firmware" examples/firmware/check.sh
check "WebAssembly" examples/wasm/check.sh
check "miri" core/miri.sh
check "growth of costs" tests/scaling.sh

step "a real model, opt-in"
if [ "${ZEROSTACK_REAL_MODEL:-}" = 1 ]; then
    sh tests/real_model/run.sh
else
    not_run "a run against a real model: it installs 130 MB; ZEROSTACK_REAL_MODEL=1 runs it"
fi

if [ -s target/not-run ]; then
    printf '\nNOT RUN:\n'
    cat target/not-run
fi
printf '\nAll checks that ran here passed.\n'
