#!/bin/sh
# Builds every firmware image, looks at what is in it, and runs it in QEMU.
set -eu
cd "$(dirname "$0")/../.."

not_run() {
    echo "NOT RUN: $*" >&2
    exit 77
}

if ! command -v qemu-system-arm >/dev/null || ! command -v qemu-system-riscv32 >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        qemu-system-arm qemu-system-misc; } >/dev/null 2>&1 ||
        not_run "QEMU for Arm and RISC-V (qemu-system-arm, qemu-system-misc) cannot be installed"
fi
for target in thumbv6m-none-eabi thumbv7em-none-eabihf thumbv8m.main-none-eabihf \
    riscv32imc-unknown-none-elf; do
    rustup target add "$target" >/dev/null 2>&1 || not_run "the target $target cannot be added"
done

(cd examples/firmware && cargo fmt --check)
cargo clippy --quiet --package zerostack-tests --features firmware --test firmware -- \
    --deny warnings
cargo nextest run --cargo-quiet --package zerostack-tests --features firmware --test firmware \
    --no-fail-fast
