#!/bin/sh
# Runs agent.sh against the scripted provider: two tool calls at once, then the answer.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
PATH=$("$root/tests/programs.sh"):$PATH
work=$(mktemp -d)
trap 'kill "$provider" 2>/dev/null || :; rm -rf "$work"' EXIT
cat >"$work/script.toml" <<'SCRIPT'
[[replies]]
parts = [
    { text = "I look." },
    { call = { name = "list", arguments = { path = "." } } },
    { call = { name = "bash", arguments = { command = "echo from-the-shell" } } },
]
[[replies]]
when = { contains = ["from-the-shell"] }
parts = [{ text = "One file: notes.txt" }]
SCRIPT
zerostack-scripted --script "$work/script.toml" >"$work/address" &
provider=$!
while [ ! -s "$work/address" ]; do
    kill -0 "$provider" || exit 1
    sleep 0.05
done
mkdir "$work/project"
echo hello >"$work/project/notes.txt"
answer=$(cd "$work/project" && OPENAI_BASE_URL="$(cat "$work/address")/v1" MODEL=scripted \
    OPENAI_API_KEY=none sh "$here/agent.sh" "What is in this folder?")
[ "$answer" = "One file: notes.txt" ] || { echo "agent.sh answered: $answer" >&2; exit 1; }
echo "examples/shell: agent.sh answered as scripted"

# The jobs for hosted CI fit the schemas of their services.
if command -v check-jsonschema >/dev/null; then
    check-jsonschema --quiet --builtin-schema vendor.github-workflows "$here/pipelines/github.yml" "$root"/.github/workflows/*.yml
    check-jsonschema --quiet --builtin-schema vendor.gitlab-ci "$here/pipelines/gitlab.yml"
    echo "examples/shell: the jobs fit the schemas of GitHub Actions and GitLab CI"
else
    echo "NOT RUN: the schemas of GitHub Actions and GitLab CI: pip install check-jsonschema"
fi
