#!/bin/sh
# Builds the static library and the pkg-config file that names it, into `.library` beside this
# script. Then, for `swift build`: export PKG_CONFIG_PATH=".../bindings/swift/.library"
# `build.sh --debug` builds faster and bigger.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
case ${1:-} in
--debug) profile=dev folder=debug ;;
*) profile=release folder=release ;;
esac
cargo build --quiet --package zerostack-uniffi --lib --profile $profile
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

mkdir -p "$here/.library"
cp "$target/$folder/libzerostack_uniffi.a" "$here/.library/"
cat >"$here/.library/zerostack-uniffi.pc" <<END
Name: zerostack-uniffi
Description: The core of zerostack, for its Swift package
Version: $version
Libs: -L\${pcfiledir} -lzerostack_uniffi
END
echo "$here/.library"
