#!/bin/sh
# The Swift package from end to end: the library under it (../uniffi/check.sh), then the package in
# Swift 6 itself. Where there is no Swift, Debian's is put into $ZEROSTACK_SWIFT_ROOT, else into
# /opt/zerostack-swift (once, a minute, 3 GB; see toolchain.sh).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

"$here/../uniffi/check.sh"
# The example is that of the README.
sed -n '/^```swift$/,/^```$/p' "$root/examples/swift/README.md" | sed '1d;$d' |
    diff - "$root/examples/swift/ask/Sources/ask/main.swift"
"$here/build.sh" --debug >/dev/null
cp "$("$root/tests/programs.sh")/zerostack-scripted" "$here/.library/"
mkdir -p "$here/.build"
if command -v swift >/dev/null && swift --version >/dev/null 2>&1; then
    exec "$here/inside.sh"
fi
swift=${ZEROSTACK_SWIFT_ROOT:-/opt/zerostack-swift}
status=0
"$here/toolchain.sh" "$swift" || status=$?
[ $status = 0 ] || exit $status
exec "$here/toolchain.sh" "$swift" run "HOME=/tmp '$here/inside.sh'"
