#!/bin/sh
# What `check.sh` runs where Swift is: the tests, the example, the form of the sources, and the
# documentation, of which every warning is an error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export HOME="${HOME:-/tmp}"
cd "$here"

./test.sh --quiet 2>&1 | tee .build/test.log | grep -E "error:|vectors, each|Executed|failed" || true
grep -q "Executed [1-9][0-9]* tests, with 0 failures" .build/test.log || {
    tail -n 40 .build/test.log
    exit 1
}
if grep -E "warning:.*\.swift|\.swift:.*warning:" .build/test.log; then exit 1; fi
if grep -q "skipped" .build/test.log; then
    echo "tests were skipped" >&2
    exit 1
fi
"$root/examples/swift/ask/run.sh"

# The code of the README is Swift that this package takes.
mkdir -p .build/readme
{
    echo 'let model = "", key = ""'
    sed -n '/^```swift$/,/^```$/p' README.md | sed '1d;$d'
} >.build/readme/main.swift
swiftc -typecheck -swift-version 6 -I .build/debug/Modules \
    -Xcc -fmodule-map-file=Sources/ZerostackFFI/module.modulemap .build/readme/main.swift

# Debian keeps the tools beside the compiler.
PATH=$PATH:/usr/libexec/swift/bin
if command -v swift-format >/dev/null; then
    swift-format lint --strict --recursive Sources/Zerostack Tests Package.swift \
        "$root/examples/swift/ask/Sources" "$root/examples/swift/ask/Package.swift"
else
    echo "NOT RUN: swift-format"
fi
if command -v docc >/dev/null; then
    graphs=.build/graphs
    rm -rf $graphs && mkdir -p $graphs
    swift-symbolgraph-extract -module-name Zerostack -output-dir $graphs -minimum-access-level public \
        -target "$(swift -print-target-info | sed -n 's/.*"triple": "\(.*\)",/\1/p' | head -n 1)" \
        -I .build/debug/Modules -Xcc -fmodule-map-file=Sources/ZerostackFFI/module.modulemap
    docc convert Sources/Zerostack/Zerostack.docc --additional-symbol-graph-dir $graphs \
        --fallback-display-name Zerostack --fallback-bundle-identifier zerostack \
        --warnings-as-errors --output-path .build/documentation >.build/docc.log 2>&1 || {
        grep -A6 -E "warning|error" .build/docc.log | head -n 60
        exit 1
    }
    echo "documentation without a warning"
else
    echo "NOT RUN: docc"
fi
