#!/usr/bin/env bash
# Checks the C runtime against the scripted provider, under the sanitizers and valgrind, and runs
# the example as its README builds it. Exit 77: something could not run here.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
missing=0
step() { printf '%s\n' "-- $*"; }
apt() {
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null 2>&1 || true
}

if ! pkg-config --exists 'libcurl >= 7.85'; then
    apt libcurl4-openssl-dev pkg-config
fi
if ! pkg-config --exists 'libcurl >= 7.85'; then
    echo "NOT RUN: libcurl's headers are missing (apt-get install libcurl4-openssl-dev)" >&2
    exit 77
fi
command -v valgrind >/dev/null || apt valgrind libc6-dbg

step "build"
cargo build --quiet --package zerostack-ffi
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
# A copy: another check may build it anew while this runs.
cp "$(tests/programs.sh)/zerostack-scripted" "$work/"
export ZEROSTACK_SCRIPTED="$work/zerostack-scripted"

# build FLAGS OUT: OUT is the loop against the scripted provider, OUT-raw that against bare sockets.
build() {
    CFLAGS="-g $1" bindings/c/build.sh ffi/include "$work/libzerostack_curl.a"
    # shellcheck disable=SC2086
    program "$1" "$2" bindings/c/tests/run.c bindings/c/tests/provider.c
    program "$1" "$2-raw" bindings/c/tests/raw.c
}
program() {
    local flags=$1 out=$2
    shift 2
    # shellcheck disable=SC2046,SC2086
    gcc -std=c99 -D_POSIX_C_SOURCE=200809L -pedantic -Wall -Wextra -Werror -g $flags \
        -Ibindings/c/include -Iffi/include "$@" \
        "$work/libzerostack_curl.a" "$target/debug/libzerostack.a" $(pkg-config --libs libcurl) \
        -lpthread -ldl -lm -o "$out"
}

step "the loop under the address and undefined behaviour sanitizers"
build "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all" "$work/sanitized"
timeout 120 "$work/sanitized"
timeout 60 "$work/sanitized-raw"

step "the same under valgrind"
if command -v valgrind >/dev/null; then
    build "-O1" "$work/plain"
    timeout 300 valgrind --quiet --error-exitcode=9 --leak-check=full "$work/plain"
    timeout 120 valgrind --quiet --error-exitcode=9 --leak-check=full "$work/plain-raw"
else
    echo "NOT RUN: valgrind is missing" >&2
    missing=77
fi

step "the header from C++"
printf '#include <zerostack_curl.h>\nint main() { zs_run run = ZS_RUN_INIT; return run.size == 0; }\n' |
    g++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -Ibindings/c/include -Iffi/include -x c++ -

step "the loop of the README compiles"
{
    cat <<'END'
#include <zerostack.h>
void http_post(const zs_request *request, uint16_t *status);
void http_write(const unsigned char *bytes, size_t len);
size_t http_read(unsigned char *bytes, size_t len);
void show(const zs_event *event);
zs_str run_tool(zs_str name, zs_str arguments);
void sleep_ms(uint32_t millis);
void converse(zs_str model, zs_str question);
void converse(zs_str model, zs_str question) {
    unsigned char piece[64];
    zs_request request;
    zs_event event;
    uint16_t status;
    size_t len;
END
    sed -n '/^```c$/,/^```$/p' bindings/c/README.md | sed '1d;$d'
    echo "}"
} | gcc -std=c99 -pedantic -Wall -Wextra -Werror -Wno-maybe-uninitialized -fsyntax-only -Iffi/include -x c -

step "the example, as its README builds it"
sed -n '/^```c$/,/^```$/p' examples/c/README.md | sed '1d;$d' >"$work/readme.c"
if ! diff "$work/readme.c" examples/c/hello.c >&2; then
    echo "examples/c/README.md does not show hello.c" >&2
    exit 1
fi
ffi/install.sh "$work/prefix" >/dev/null
# shellcheck disable=SC2046
PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig" sh -c \
    "cc -std=c99 -Wall -Wextra -Werror examples/c/hello.c \$(pkg-config --cflags --libs zerostack-curl) -o '$work/hello'"
"$ZEROSTACK_SCRIPTED" --script examples/c/script.json >"$work/address" &
provider=$!
while ! grep -q . "$work/address"; do kill -0 $provider; done
said=$(LD_LIBRARY_PATH="$work/prefix/lib" OPENAI_BASE_URL="$(cat "$work/address")/v1" "$work/hello")
wait $provider
if [ "$said" != "It is 21 degrees in the kitchen." ]; then
    echo "the example said: $said" >&2
    exit 1
fi
if LD_LIBRARY_PATH="$work/prefix/lib" OPENAI_BASE_URL=ftp://127.0.0.1 "$work/hello" 2>"$work/error"; then
    echo "the example takes an address that is none" >&2
    exit 1
fi
grep -q '^hello: ' "$work/error"
exit $missing
