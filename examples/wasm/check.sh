#!/bin/sh
# Runs a turn of the core in Node's WebAssembly against the scripted provider.
set -eu
cd "$(dirname "$0")/../.."

not_run() {
    echo "NOT RUN: $*" >&2
    exit 77
}

command -v node >/dev/null ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs; } \
        >/dev/null 2>&1 || not_run "Node cannot be installed"
rustup target add wasm32-unknown-unknown >/dev/null 2>&1 ||
    not_run "the target wasm32-unknown-unknown cannot be added"

(cd examples/wasm && cargo fmt --check)
cargo clippy --quiet --locked --manifest-path examples/wasm/Cargo.toml --release \
    --target wasm32-unknown-unknown --target-dir target/wasm -- --deny warnings
cargo build --quiet --locked --manifest-path examples/wasm/Cargo.toml --release \
    --target wasm32-unknown-unknown --target-dir target/wasm
programs=$(tests/programs.sh)

place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT
mkfifo "$place/address"
"$programs/zerostack-scripted" --script examples/wasm/script.toml >"$place/address" &
server=$!
read -r address <"$place/address"

module=target/wasm/wasm32-unknown-unknown/release/zerostack_wasm.wasm
timeout 60 node examples/wasm/turn.mjs "$module" "$address/v1" "What time is it?" >"$place/said"
cat >"$place/expected" <<'END'
[clock {}]
Cut off[again]
It is twelve o’clock, as the core in WebAssembly says.
END
diff "$place/expected" "$place/said"
echo "The core in WebAssembly takes $(wc -c <"$module") bytes."
