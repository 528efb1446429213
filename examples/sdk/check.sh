#!/bin/sh
# The official SDKs of Claude and Codex, from their registries, drive zerostack against the scripted
# provider.
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/examples/sdk

missing=
not_run() {
    echo "NOT RUN: $*"
    missing=1
}

place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT

programs=$(tests/programs.sh)
mkfifo "$place/address"
"$programs/zerostack-scripted" --script "$here/script.toml" >"$place/address" &
server=$!
read -r address <"$place/address"

# A new folder for each client, and nothing of the user's.
unset OPENAI_API_KEY OPENAI_BASE_URL ZEROSTACK_API_KEY ZEROSTACK_BASE_URL ZEROSTACK_MODEL || true
export ZEROSTACK="$programs/zerostack" XDG_STATE_HOME="$place/state" XDG_CONFIG_HOME="$place/config"
export ANTHROPIC_BASE_URL="$address" ANTHROPIC_API_KEY=none
mkdir "$place/python" "$place/claude" "$place/codex"

# The source package is a thousandth of the wheel, which holds another agent.
if python3 -m venv "$place/venv" >/dev/null 2>&1 &&
    timeout 300 "$place/venv/bin/pip" install --quiet --no-binary claude-agent-sdk claude-agent-sdk >"$place/pip" 2>&1; then
    timeout 120 "$place/venv/bin/python" "$here/claude_sdk.py" "$here/claude" "$place/python"
else
    not_run "claude-agent-sdk of PyPI cannot be installed: $(tail -n 1 "$place/pip" 2>/dev/null)"
fi

# Without the optional packages, which hold the other agents.
if command -v npm >/dev/null && (cd "$place" && echo '{"private":true}' >package.json &&
    timeout 300 npm install --silent --omit=optional @anthropic-ai/claude-agent-sdk @openai/codex-sdk) \
    >"$place/npm" 2>&1; then
    cp "$here"/*.mjs "$place"
    timeout 120 node "$place/claude_sdk.mjs" "$here/claude" "$place/claude"
    timeout 120 node "$place/codex_sdk.mjs" "$here/codex" "$place/codex" "$address"
else
    not_run "the SDKs of npm cannot be installed"
fi

[ -z "$missing" ] || exit 77
