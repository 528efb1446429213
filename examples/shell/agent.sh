#!/bin/sh
# An agent in the shell: the session is a file of JSON lines, curl is the transport.
#   OPENAI_BASE_URL=http://127.0.0.1:8080/v1 MODEL=any sh agent.sh "What is in this folder?"
set -eu
: "${OPENAI_BASE_URL:=https://api.openai.com/v1}" "${MODEL:=gpt-5.2}" "${OPENAI_API_KEY:=}"

session=$(mktemp -d)
trap 'rm -rf "$session"' EXIT
zerostack step --begin --tools read,list,bash "$@" >"$session/lines"

while :; do
    zerostack step <"$session/lines" >"$session/step"
    read -r step <"$session/step"
    case $step in
    send)
        zerostack encode --api openai-chat --model "$MODEL" <"$session/lines" >"$session/body"
        curl --silent --show-error --no-buffer "$OPENAI_BASE_URL/chat/completions" \
            --header "content-type: application/json" \
            --header "authorization: Bearer $OPENAI_API_KEY" \
            --data-binary "@$session/body" |
            zerostack decode --api openai-chat --transcript >"$session/reply"
        cat "$session/reply" >>"$session/lines"
        ;;
    run_tools)
        sed 1d "$session/step" | while IFS= read -r call; do
            printf '%s\n' "$call" | zerostack tool --call
        done >"$session/results"
        cat "$session/results" >>"$session/lines"
        ;;
    *) break ;;
    esac
done
zerostack step --answer <"$session/lines"
