#!/usr/bin/env bash
# Builds the C library and installs it: install.sh PREFIX
# Header, static and shared library, pkg-config file, CMake package, vocabularies; and the runtime
# of bindings/c where libcurl's headers are.
# DESTDIR is put before PREFIX where the files are written, as packagers want it.
set -eu

usage() {
    echo "usage: install.sh PREFIX    (an absolute path; DESTDIR is honoured)" >&2
    exit 2
}
[ $# -eq 1 ] || usage
case "$1" in /*) prefix=${1%/} ;; *) usage ;; esac

ffi=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$ffi")
to="${DESTDIR-}$prefix"
cd "$root"

metadata=$(cargo metadata --format-version 1 --no-deps)
target=$(printf %s "$metadata" | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
major=${version%%.*}
rest=${version#*.}
minor=${rest%%.*}
# What breaks the ABI: see zerostack-config-version.cmake.
if [ "$major" = 0 ]; then abi="0.$minor"; else abi=$major; fi

case "$(uname -s)" in
Darwin)
    shared="libzerostack.$version.dylib" soname="libzerostack.$abi.dylib"
    link="libzerostack.dylib" made="libzerostack.dylib"
    argument="-Wl,-install_name,$prefix/lib/$soname"
    ;;
*)
    shared="libzerostack.so.$version" soname="libzerostack.so.$abi"
    link="libzerostack.so" made="libzerostack.so"
    argument="-Wl,-soname,$soname"
    ;;
esac

# Both at once, so that the library is compiled and optimised once. The compiler says which libraries
# of the system a static library wants.
messages=$(cargo rustc --quiet --release --package zerostack-ffi --lib -- \
    -C "link-arg=$argument" --print native-static-libs 2>&1) || {
    printf '%s\n' "$messages" >&2
    exit 1
}
libs=$(printf '%s\n' "$messages" | sed -n 's/.*native-static-libs: //p' | tail -n 1)
: "${libs:=-lpthread -ldl -lm}"
install -d "$to/include" "$to/lib/pkgconfig" "$to/lib/cmake/zerostack" "$to/share/zerostack"
install -m 755 "$target/release/$made" "$to/lib/$shared"
ln -sf "$shared" "$to/lib/$soname"
ln -sf "$soname" "$to/lib/$link"
install -m 644 "$target/release/libzerostack.a" "$to/lib/libzerostack.a"
install -m 644 "$ffi/include/zerostack.h" "$to/include/zerostack.h"
install -m 644 core/vocab/cl100k/cl100k_base.zsv core/vocab/o200k/o200k_base.zsv \
    "$to/share/zerostack/"

fill() {
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@VERSION@|$version|g" -e "s|@MAJOR@|$major|g" \
        -e "s|@MINOR@|$minor|g" -e "s|@SHARED@|$shared|g" -e "s|@SONAME@|$soname|g" \
        -e "s|@PRIVATE_LIBS@|$libs|g" "$1.in" >"$2"
}
cd "$ffi/packaging"
fill zerostack.pc "$to/lib/pkgconfig/zerostack.pc"
fill zerostack-config.cmake "$to/lib/cmake/zerostack/zerostack-config.cmake"
fill zerostack-config-version.cmake "$to/lib/cmake/zerostack/zerostack-config-version.cmake"

runtime="$root/bindings/c"
if pkg-config --exists 'libcurl >= 7.85' 2>/dev/null; then
    "$runtime/build.sh" "$ffi/include" "$to/lib/libzerostack_curl.a"
    install -m 644 "$runtime/include/zerostack_curl.h" "$to/include/zerostack_curl.h"
    fill "$runtime/zerostack-curl.pc" "$to/lib/pkgconfig/zerostack-curl.pc"
else
    echo "without the runtime over libcurl: its headers (7.85 or newer) are missing" >&2
fi
echo "installed zerostack $version in $to"
