#!/bin/sh
# Builds every firmware image, looks at what is in it, and runs it in QEMU:
#   check.sh            fails when an image takes more than sizes.tsv and costs.tsv say
#   check.sh measure    writes these tables anew, and core.tsv, which tests/no_panic.rs checks
set -eu
cd "$(dirname "$0")/../.."

not_run() {
    echo "NOT RUN: $*" >&2
    exit 77
}

have() { command -v "$1" >/dev/null; }

if ! { have qemu-system-arm && have qemu-system-riscv32 && have arm-none-eabi-gcc; }; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        qemu-system-arm qemu-system-misc gcc-arm-none-eabi libnewlib-arm-none-eabi; } \
        >/dev/null 2>&1 || not_run "QEMU for Arm and RISC-V and the C compiler for Arm cannot be had"
fi
for target in thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf \
    thumbv8m.main-none-eabihf riscv32imc-unknown-none-elf wasm32-unknown-unknown \
    aarch64-unknown-linux-musl; do
    rustup target add "$target" >/dev/null 2>&1 || not_run "the target $target cannot be added"
done

# The core and its driver, where no image of ours runs.
for target in wasm32-unknown-unknown thumbv7m-none-eabi thumbv8m.main-none-eabihf \
    aarch64-unknown-linux-musl; do
    cargo build --quiet --package zerostack-core --target "$target" --features drive-async
done

(cd examples/firmware && cargo fmt --check)
for board in "thumbv7em-none-eabihf mps2-an386,network,everything,vectors,camera" \
    "riscv32imc-unknown-none-elf riscv-virt"; do
    (cd examples/firmware && cargo clippy --quiet --locked --release --target "${board% *}" \
        --features "${board#* }" --target-dir ../../target/firmware -- --deny warnings)
done
# With the features of the whole workspace, so that what the other tests use is not built again.
firmware="--workspace --features zerostack-tests/firmware --test firmware"
# shellcheck disable=SC2086
cargo clippy --quiet $firmware -- --deny warnings
run() {
    # shellcheck disable=SC2086
    cargo nextest run --cargo-quiet $firmware --no-fail-fast
}
tables="sizes.tsv costs.tsv core.tsv"
if [ "${1:-}" = measure ]; then
    ZEROSTACK_FIRMWARE_MEASURE=$(mktemp -d)
    export ZEROSTACK_FIRMWARE_MEASURE
    trap 'rm -rf "$ZEROSTACK_FIRMWARE_MEASURE"' EXIT
    for table in $tables; do : >"$ZEROSTACK_FIRMWARE_MEASURE/$table"; done
    run
    cargo nextest run --cargo-quiet --package zerostack-tests --test no_panic
    for table in $tables; do
        { head -n 1 "examples/firmware/$table"; sort "$ZEROSTACK_FIRMWARE_MEASURE/$table"; } \
            >"$ZEROSTACK_FIRMWARE_MEASURE/new"
        cp "$ZEROSTACK_FIRMWARE_MEASURE/new" "examples/firmware/$table"
    done
else
    run
fi
