#!/bin/sh
# On a Mac with Xcode and Rust: builds the library for macOS, iOS and the simulator, and puts them
# together as ZerostackFFI.xcframework, which Package.swift then takes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ "$(uname)" = Darwin ] || { echo "NOT RUN: an XCFramework is made on a Mac"; exit 77; }
target=${CARGO_TARGET_DIR:-$root/target}
out=$here/ZerostackFFI.xcframework
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$here"
export MACOSX_DEPLOYMENT_TARGET=13.0 IPHONEOS_DEPLOYMENT_TARGET=16.0
for triple in aarch64-apple-darwin x86_64-apple-darwin aarch64-apple-ios aarch64-apple-ios-sim \
    x86_64-apple-ios; do
    rustup target add --toolchain "$(rustup show active-toolchain | cut -d' ' -f1)" $triple
    cargo build --quiet --release --lib --manifest-path ../uniffi/Cargo.toml --target $triple
done

# One library for both processors of a platform.
library() {
    name=$1
    shift
    mkdir -p "$work/$name"
    for triple in "$@"; do
        set -- "$@" "$target/$triple/release/libzerostack_uniffi.a"
        shift
    done
    lipo -create "$@" -output "$work/$name/libzerostack_uniffi.a"
}
library macos aarch64-apple-darwin x86_64-apple-darwin
library ios aarch64-apple-ios
library simulator aarch64-apple-ios-sim x86_64-apple-ios

mkdir -p "$work/headers/ZerostackFFI"
cp Sources/ZerostackFFI/ZerostackFFI.h Sources/ZerostackFFI/module.modulemap \
    "$work/headers/ZerostackFFI/"
rm -rf "$out"
xcodebuild -create-xcframework \
    -library "$work/macos/libzerostack_uniffi.a" -headers "$work/headers" \
    -library "$work/ios/libzerostack_uniffi.a" -headers "$work/headers" \
    -library "$work/simulator/libzerostack_uniffi.a" -headers "$work/headers" \
    -output "$out"
