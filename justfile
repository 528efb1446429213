# What CI runs.
check:
    ./test.sh

# Within a minute once it is built: format, lint, and the unit tests of the crates that changed most.
quick:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --quiet -- --deny warnings
    cargo nextest run --package zerostack-core --lib --cargo-quiet
    cargo nextest run --package zerostack-policy --cargo-quiet

# One run over the sample project.
try:
    cargo run --release --package zerostack-cli -- try

# The table of the README.
bench:
    cargo build --release --package zerostack-cli --package zerostack-tests
    target/release/zerostack-bench
    cargo bench --package zerostack-tests --bench wire

# The start of a run in a folder of 100,000 files, and a call in the sandbox over the bare command.
bench-sandbox runs="21":
    cargo build --release --package zerostack-cli --package zerostack-tests
    target/release/zerostack-bench sandbox {{runs}}

# Writes std-runtime/code_order.txt, the order of the command's functions, anew. Wants x86-64 Linux.
code-order:
    cargo build --release --package zerostack-cli --package zerostack-tests
    python3 tests/code_order.py target/release/zerostack target/release/zerostack-scripted >target/code_order.txt
    mv target/code_order.txt std-runtime/code_order.txt

# The command and `zerostack` 1.8.5 of crates.io, another project's agent, in turns; its binary is
# built into FOLDER unless it is there.
bench-rival folder="target/rival":
    cargo build --release --package zerostack-cli --package zerostack-tests
    tests/rival.sh {{folder}}

# How the costs of each kind of work grow with its size, in instructions; or those with WORD in
# their names. Wants valgrind.
scaling word="":
    tests/scaling.sh {{word}}

# Twenty small tasks with a real model: a table with tokens and cost. Wants a key or a local server.
eval model *options="":
    cargo build --release --package zerostack-cli
    python3 tests/eval/run.py {{model}} {{options}}

# The published cases of dotprompt, and verdicts on skills beside the published validator, with
# numbers. Wants Python and the network; see tests/prompt_suites.sh.
prompt-suites spec="":
    tests/prompt_suites.sh {{spec}}

# The shell parser beside bash and tree-sitter-bash, on random scripts. Wants Python; pip install
# tree_sitter tree_sitter_bash for the second.
permissions-differential count="10000" seed="1":
    python3 std-runtime/policy/differential.py {{count}} {{seed}}

# Licences and advisories.
deny:
    cargo deny check

# Packs the vocabularies again; the files must not change.
vocab:
    cargo run --release --package zerostack-vocab-pack --bin zerostack-vocab-pack

# Every code point in fourteen contexts beside tiktoken; minutes.
tokenizer-exhaustive:
    cargo test --release --package zerostack-vocab-pack --test differential -- --ignored

# The tokenizer beside others, in one run on one core.
bench-tokenizer:
    cd core/vocab/bench && cargo build --release && taskset -c 1 target/release/zerostack-tokenizer-bench

# Random worlds of sessions for so many seconds; prints the seed of a failure.
soak seconds="3600":
    cargo build --release --package zerostack-tests --bin zerostack-soak
    target/release/zerostack-soak {{seconds}}

# Some of the core's own tests under miri. Wants a nightly.
miri:
    MIRI_SECONDS=3600 core/miri.sh

# The tokenizer on DeepSeek's and Qwen's real vocabularies, beside their own tokenizers.
tokenizer-real:
    core/vocab/pack/real_tokenizers.sh

# Fuzzes one target: calls, http1, journal, json, json_lines, operations, patch, response, shell, sse,
# tokens or vocabulary. Wants a nightly and cargo-fuzz.
fuzz target:
    cargo +nightly fuzz run {{target}}

# Header, libraries, pkg-config and CMake files of the C library, to PREFIX.
install-c prefix:
    ffi/install.sh {{prefix}}

# What is generated and committed: the C header, the Swift and Kotlin sources.
generate:
    ffi/header.sh
    bindings/uniffi/generate.sh

# The firmware images' tables of sizes and costs, anew.
firmware-sizes:
    examples/firmware/check.sh measure

# The Python package beside the vendors' own parsers.
bench-python:
    bindings/python/check.sh release
    target/python-check/venv/bin/python bindings/python/bench.py

# A thousand streaming agents in one Python process, beside pydantic-ai; after `bench-python`, whose wheel it takes.
bench-python-agents count="1000":
    python3 -m venv target/python-check/rival
    target/python-check/rival/bin/pip install --quiet 'pydantic-ai-slim[openai]' httpx
    target/python-check/rival/bin/pip install --quiet --force-reinstall --no-deps target/python-check/wheels/*.whl
    target/python-check/rival/bin/python bindings/python/bench_agents.py {{count}}

# The chat service of examples/fastapi beside the same one on pydantic-ai; after `bench-python-agents`.
bench-fastapi conversations="50":
    target/python-check/rival/bin/pip install --quiet -r examples/fastapi/beside/requirements.txt
    target/python-check/rival/bin/python examples/fastapi/compare.py {{conversations}}

# The tables of character classes of the tokenizer, from the UCD: runs, pages or signs.
unicode-classes table:
    cargo run --release --package zerostack-vocab-pack --bin unicode-classes -- {{table}}
