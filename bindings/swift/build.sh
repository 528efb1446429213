#!/bin/sh
# Builds the static library and the pkg-config file that names it, into `.library` beside this
# script. Then, for `swift build`: export PKG_CONFIG_PATH=".../bindings/swift/.library"
# `build.sh --debug` builds faster and bigger.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
case ${1:-} in
# With the features of ../uniffi/generate.sh, so that the library is built once.
--debug) profile=dev folder=debug features=--features=bindgen ;;
*) profile=release folder=release features= ;;
esac
# cargo looks for its configuration from here: `test.sh --vendor` may have left one.
cd "$here"
cargo build --quiet --manifest-path ../uniffi/Cargo.toml --lib --profile $profile $features
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)

mkdir -p "$here/.library"
cp "$target/$folder/libzerostack_uniffi.a" "$here/.library/"
cat >"$here/.library/zerostack-uniffi.pc" <<END
Name: zerostack-uniffi
Description: The core of zerostack, for its Swift package
Version: $version
Libs: -L\${pcfiledir} -lzerostack_uniffi
END
echo "$here/.library"
