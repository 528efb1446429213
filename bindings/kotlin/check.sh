#!/bin/sh
# Compiles the generated Kotlin with the current compiler (npm has it; Debian's is too old), and
# drives turns with it against the scripted provider; then requests that cannot be made, and the vectors.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/kotlin
compiler=$work/node_modules/kotlin-compiler
jna=/usr/share/java/jna.jar

for program in java npm; do
    command -v $program >/dev/null || { echo "NOT RUN: $program is missing"; exit 77; }
done
if [ ! -e $jna ]; then
    { apt-get update && apt-get install --yes libjna-java; } >/dev/null 2>&1 ||
        { echo "NOT RUN: $jna is missing"; exit 77; }
fi
mkdir -p "$work"
if [ ! -e "$compiler" ]; then
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" \
        kotlin-compiler@2.4.20 >/dev/null 2>&1 ||
        { echo "NOT RUN: the Kotlin compiler cannot be had"; exit 77; }
fi

# With the features of generate.sh, so that the library is built once.
cargo build --quiet --package zerostack-uniffi --features bindgen
programs=$(tests/programs.sh)
# The generated sources change seldom, and take half a minute.
generated=$here/zerostack/zerostack_uniffi.kt
if ! [ "$work/zerostack.jar" -nt "$generated" ]; then
    bash "$compiler/bin/kotlinc" -nowarn -classpath $jna "$generated" -d "$work/new.jar"
    mv "$work/new.jar" "$work/zerostack.jar"
fi
bash "$compiler/bin/kotlinc" -Werror -classpath "$jna:$work/zerostack.jar" \
    "$here"/test/*.kt -d "$work/tests.jar"
# A copy: another check may build it anew while this runs.
cp "$programs/zerostack-scripted" "$work/"
for tests in TurnsKt BadRequestsKt VectorsKt; do
    ZEROSTACK_SCRIPTED=$work/zerostack-scripted java -Djna.library.path="$target/debug" \
        -classpath "$jna:$work/zerostack.jar:$work/tests.jar:$compiler/lib/kotlin-stdlib.jar" $tests
done
