#!/bin/sh
# Writes the Swift and Kotlin sources that go with the library; `generate.sh --check` only compares
# them with what is committed. `generate.sh --python DIR` writes the Python form, for the tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
target=${CARGO_TARGET_DIR:-$root/target}/debug

cd "$root"
cargo build --quiet --package zerostack-uniffi --features bindgen
case $(uname) in
Darwin) library=$target/libzerostack_uniffi.dylib ;;
*) library=$target/libzerostack_uniffi.so ;;
esac

# Writes language $1 into the folder $2.
generate() {
    "$target/zerostack-bindgen" generate "$library" --language "$1" --out-dir "$2" --no-format \
        --config "$here/uniffi.toml" >/dev/null
}

if [ "${1:-}" = --python ]; then
    generate python "$2"
    cp "$library" "$2"
    exit
fi

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
generate swift "$made/swift"
generate kotlin "$made/kotlin"

# Takes the file $1, whose place is $2, or says how they differ.
differs=0
place() {
    if [ "${mode:-write}" = check ]; then
        diff -u "$2" "$1" | head -n 40
        cmp -s "$2" "$1" || differs=1
    else
        mkdir -p "$(dirname "$2")"
        cp "$1" "$2"
    fi
}
[ "${1:-}" != --check ] || mode=check
swift=$here/../swift/Sources
place "$made/swift/ZerostackGenerated.swift" "$swift/ZerostackGenerated/ZerostackGenerated.swift"
place "$made/swift/ZerostackFFI.h" "$swift/ZerostackFFI/ZerostackFFI.h"
place "$made/swift/ZerostackFFI.modulemap" "$swift/ZerostackFFI/module.modulemap"
place "$made/kotlin/zerostack/zerostack_uniffi.kt" "$here/../kotlin/zerostack/zerostack_uniffi.kt"
if [ $differs = 1 ]; then
    echo "the generated sources are not those of this library: run bindings/uniffi/generate.sh" >&2
    exit 1
fi
