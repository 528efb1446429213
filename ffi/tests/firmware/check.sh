#!/usr/bin/env bash
# Links main.c with the library for a Cortex-M4 and looks at the symbols: check.sh FOLDER
# Exit 77: it could not run here.
set -euo pipefail
cd "$(dirname "$0")/../../.."
work=$1
triple=thumbv7em-none-eabihf

if ! rustup target list --installed | grep -qx $triple && ! rustup target add $triple >/dev/null 2>&1; then
    echo "NOT RUN: the target $triple is missing (rustup target add $triple)" >&2
    exit 77
fi
if ! command -v arm-none-eabi-gcc >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc-arm-none-eabi \
        libnewlib-arm-none-eabi; } >/dev/null 2>&1 || true
fi
if ! command -v arm-none-eabi-gcc >/dev/null; then
    echo "NOT RUN: arm-none-eabi-gcc is missing (apt-get install gcc-arm-none-eabi)" >&2
    exit 77
fi

cpu="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
all=openai-chat,anthropic,openai-responses,gemini,ollama
for features in openai-chat anthropic "$all" "$all,window,local-models,counting,options,profiles,attachments"; do
    cargo rustc --quiet --package zerostack-ffi --lib --release --target $triple \
        --target-dir "$target/firmware" --no-default-features \
        --features "panic-handler,$features" --crate-type staticlib \
        --config 'profile.release.opt-level="z"' \
        --config 'profile.release.package.zerostack-core.opt-level="z"'
    library="$target/firmware/$triple/release/libzerostack.a"
    # shellcheck disable=SC2086
    arm-none-eabi-gcc $cpu -Os -std=c99 -pedantic -Wall -Wextra -Werror -ffunction-sections \
        -fdata-sections -Iffi/include ffi/tests/firmware/main.c "$library" --specs=nano.specs \
        --specs=nosys.specs -Wl,--gc-sections,--no-warnings -o "$work/image.elf" 2>"$work/linker" ||
        { cat "$work/linker" >&2; exit 1; }
    # Every function of the header is called but those that need an allocator; the linker would
    # leave out what is not, and with it its ways to a panic.
    arm-none-eabi-nm "$work/image.elf" >"$work/symbols"
    sed -n 's/.* T \(zs_.*\)$/\1/p' "$work/symbols" | sort >"$work/linked"
    sed -n 's/^[a-z][A-Za-z0-9_ *]*[ *]\(zs_[a-z0-9_]*\)(.*/\1/p' ffi/include/zerostack.h |
        grep -vx -e zs_session_new -e zs_session_free | sort >"$work/declared"
    if ! diff "$work/declared" "$work/linked" >&2; then
        echo "main.c does not call all functions of the header (<)" >&2
        exit 1
    fi
    if grep -i -e panicking -e rust_begin_unwind \
        -e slice_index_fail -e slice_start_index -e slice_end_index -e unwrap_failed \
        -e expect_failed -e __rust_alloc -e __rg_ -e __rdl_ -e ' malloc$' -e _malloc_r "$work/symbols" >&2; then
        echo "$features: the image has a way to a panic, or an allocator" >&2
        exit 1
    fi
    if ! grep -q zerostack_core "$work/symbols"; then
        echo "the image has lost its names, so that nothing is proved" >&2
        exit 1
    fi
    arm-none-eabi-size "$work/image.elf" | awk -v features="$features" 'NR == 2 { printf "%s: %d bytes of code and constants, all calls, with newlib\n", features, $1 + $2 }'
done
