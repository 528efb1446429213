#!/bin/sh
# Measures target/release/zerostack in turns with `zerostack` 1.8.5 of crates.io, the leanest of the
# other agents: rival.sh [FOLDER [RUNS]]. Its binary is built into FOLDER unless it is there.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-target/rival}
rival=$folder/bin/zerostack
[ -x "$rival" ] || cargo install zerostack --version 1.8.5 --root "$folder" --quiet
home=$(mktemp -d)
trap 'rm -r "$home"' EXIT
mkdir -p "$home/.local/share/zerostack"
cat >"$home/.local/share/zerostack/config.json" <<'END'
{
  "provider": "scripted",
  "model": "scripted",
  "custom_providers": {
    "scripted": { "provider_type": "openai", "base_url": "{url}", "api_key_env": "OPENAI_API_KEY", "model": "scripted" }
  }
}
END
target/release/zerostack-bench rival "${2:-21}" "$home" "$rival" -p --no-session "Do what the script says."
