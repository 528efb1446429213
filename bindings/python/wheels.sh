#!/bin/sh
# Builds the release wheels for Linux: x86-64 and aarch64, glibc 2.17 and later and musl, each with
# the linker of zig (PyPI `ziglang`). They are left in target/python-wheels.
#
#   wheels.sh                 all of them
#   wheels.sh free-threaded   compiles for a free-threaded Python 3.14, without one to run it
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/python-wheels
mkdir -p "$work"

if [ "${1:-}" = free-threaded ]; then
    cat >"$work/free-threaded.txt" <<'CONFIG'
implementation=CPython
version=3.14
shared=true
target_abi=CPython-free_threaded-3.14
pointer_width=64
build_flags=Py_GIL_DISABLED
suppress_build_script_link_lines=false
CONFIG
    cd "$root"
    PYO3_CONFIG_FILE=$work/free-threaded.txt cargo check --quiet -p zerostack-python \
        --no-default-features --target-dir "$work/free-threaded"
    echo "it compiles for a free-threaded Python 3.14"
    exit
fi

[ -x "$work/venv/bin/maturin" ] || "${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.16,<2' ziglang
PATH=$work/venv/bin:$PATH
# In place of the flags that the workspace has for its static programs: zig does not know all of them.
export RUSTFLAGS="-C target-feature=-crt-static"
build() {
    rustup target add "$1" >/dev/null 2>&1 || { echo "NOT BUILT: no target $1" >&2; return; }
    maturin build --quiet --release --zig --target "$1" --compatibility "$2" \
        --manifest-path "$here/Cargo.toml" --interpreter python3.9 --out "$work"
}
rm -f "$work"/*.whl
build x86_64-unknown-linux-gnu manylinux2014
build x86_64-unknown-linux-musl musllinux_1_2
build aarch64-unknown-linux-gnu manylinux2014
build aarch64-unknown-linux-musl musllinux_1_2
ls -l "$work"/*.whl
large=$(find "$work" -name '*.whl' -size +3072k)
[ -z "$large" ] || { echo "larger than 3 MiB: $large" >&2; exit 1; }
