#!/usr/bin/env bash
# Checks the C library: header, symbols, tests in C under the sanitizers and valgrind, what is
# installed, and an image for a microcontroller. Exit 77: something could not run here.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing=0
not_run() {
    printf 'NOT RUN: %s\n' "$*" >&2
    missing=77
}
step() { printf '%s\n' "-- $*"; }

need() {
    command -v "$1" >/dev/null && return
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${@:2}"; } >/dev/null 2>&1 || true
    command -v "$1" >/dev/null
}

step "the header is what the source says"
ffi/header.sh --check

target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
step "build"
cargo build --quiet --package zerostack-ffi
ffi/symbols.sh "$target/debug/libzerostack.so"

warnings="-std=c99 -pedantic -Wall -Wextra -Werror"
tests="attachments bad_requests events turn refusals arenas failures window options texts vectors"
# The files that a test reads.
files() {
    case $1 in
        texts|window) echo core/vocab/cl100k/cl100k_base.zsv ;;
        events) echo tests/fixtures/events.jsonl ;;
        vectors) echo tests/vectors/*.vector ;;
    esac
}
step "tests in C under the address and undefined behaviour sanitizers"
for test in $tests; do
    # shellcheck disable=SC2046,SC2086
    gcc $warnings -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Iffi/include \
        "ffi/tests/c/$test.c" "$target/debug/libzerostack.a" -o "$work/$test"
    "$work/$test" $(files "$test")
done

step "the same under valgrind"
if need valgrind valgrind libc6-dbg; then
    for test in $tests; do
        # shellcheck disable=SC2046,SC2086
        gcc $warnings -g -O1 -Iffi/include "ffi/tests/c/$test.c" "$target/debug/libzerostack.a" \
            -lpthread -ldl -lm -o "$work/$test"
        valgrind --quiet --error-exitcode=9 --leak-check=full "$work/$test" $(files "$test") >/dev/null
    done
else
    not_run "valgrind is missing"
fi

step "the pointers followed by miri"
if cargo +nightly miri --version >/dev/null 2>&1; then
    MIRIFLAGS="-Zmiri-permissive-provenance" cargo +nightly miri test --quiet --package zerostack-ffi \
        --target-dir "$target/miri" >"$work/miri" 2>&1 || { cat "$work/miri" >&2; exit 1; }
else
    not_run "miri is missing (rustup +nightly component add miri rust-src)"
fi

step "install, and programs that find it by pkg-config and by CMake"
prefix="$work/prefix"
ffi/install.sh "$prefix" >/dev/null
ffi/symbols.sh "$prefix/lib/libzerostack.so"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
# shellcheck disable=SC2046
gcc ffi/tests/consumer/consumer.c $(pkg-config --cflags --libs zerostack) -o "$work/shared"
LD_LIBRARY_PATH="$prefix/lib" "$work/shared"
# shellcheck disable=SC2046
gcc ffi/tests/consumer/consumer.c $(pkg-config --cflags zerostack) "$prefix/lib/libzerostack.a" \
    $(pkg-config --static --libs-only-l zerostack | sed 's/-lzerostack//') -o "$work/static"
"$work/static" >/dev/null
# shellcheck disable=SC2046
g++ -std=c++11 -pedantic -Wall -Wextra -Werror ffi/tests/consumer/consumer.cpp \
    $(pkg-config --cflags --libs zerostack) -o "$work/cpp"
LD_LIBRARY_PATH="$prefix/lib" "$work/cpp"
if need cmake cmake make; then
    cmake -S ffi/tests/consumer -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build "$work/cmake" >/dev/null
    for program in shared static cpp; do "$work/cmake/$program" >/dev/null; done
else
    not_run "cmake is missing"
fi

step "an image for a Cortex-M4: no way to a panic, no allocator"
status=0
ffi/tests/firmware/check.sh "$work" || status=$?
[ $status = 0 ] || [ $status = 77 ] || exit $status
[ $status = 0 ] || missing=77

exit $missing
