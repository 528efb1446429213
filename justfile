# What CI runs.
check:
    ./test.sh

# One run over the sample project.
try:
    cargo run --release --package zerostack -- try

# The table of the README.
bench:
    cargo build --release --package zerostack --package zerostack-tests
    target/release/zerostack-bench

# Licences and advisories.
deny:
    cargo deny check
