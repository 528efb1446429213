#!/bin/sh
# Everything for a machine with Swift 6 and Rust: builds the library, the scripted provider and the
# package, and runs `swift test`. Works without a network where `test.sh --vendor` was run before:
# it puts the sources of the Rust crates into `.vendor` here.
# Options after these go to `swift test`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

if [ "${1:-}" = --vendor ]; then
    cd "$here"
    rm -rf .cargo .vendor
    cargo vendor --locked --manifest-path "$root/Cargo.toml" .vendor 2>/dev/null >.vendored ||
        { rm -rf .vendor .vendored; echo "cargo vendor failed" >&2; exit 1; }
    mkdir .cargo
    mv .vendored .cargo/config.toml
    exit
fi

# cargo looks for its configuration from the folder that it is called in.
cd "$here"
if [ -d .vendor ]; then
    export CARGO_NET_OFFLINE=true
fi
if command -v cargo >/dev/null; then
    ./build.sh --debug >/dev/null
    cargo build --quiet --manifest-path "$root/tests/Cargo.toml" --bin zerostack-scripted
    cp "$target/debug/zerostack-scripted" .library/
fi
export PKG_CONFIG_PATH="$here/.library" ZEROSTACK_SCRIPTED="$here/.library/zerostack-scripted"
# SwiftPM relinks nothing when only the library has changed.
if [ "$here/.library/libzerostack_uniffi.a" -nt "$here/.build/linked" ]; then
    rm -rf "$here"/.build/debug/*.xctest
fi
swift test "$@"
touch "$here/.build/linked"
