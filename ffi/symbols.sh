#!/usr/bin/env bash
# Compares the functions of the header with what a shared library exports, and looks for what the
# header must say of each: symbols.sh LIBRARY
set -eu
header=$(dirname "$0")/include/zerostack.h
library=$1
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

# A function begins at the margin with its type; its comment stands right before it. Each says the
# step, those that return a status their errors, and those that give texts their lifetime.
awk '
    /^\/\*\*/ { text = "" }
    /^ \*/ { text = text $0 "\n" }
    /^[a-z][A-Za-z0-9_ *]*zs_[a-z0-9_]*\(/ {
        name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
        type = $0; sub(/ *\**zs_[a-z0-9_]*\(.*/, "", type)
        print name > functions
        if (text !~ /ZS_STEP_|Any step|session is needed/) print name ": which step it fits" > gaps
        if (type == "zs_status" && text !~ /Errors:/) print name ": its errors" > gaps
        if (type ~ /zs_str|char/ && text !~ /Lifetime:/) print name ": how long its text lives" > gaps
        text = ""
    }
' functions="$found/header" gaps="$found/gaps" "$header"
sort -o "$found/header" "$found/header"
nm --dynamic --defined-only "$library" | sed -n 's/.* T \(.*\)$/\1/p' | sort >"$found/library"

if ! diff "$found/header" "$found/library" >"$found/diff"; then
    echo "the header (<) and the library (>) have different functions:" >&2
    cat "$found/diff" >&2
    exit 1
fi
if [ -s "$found/gaps" ]; then
    echo "the header does not say:" >&2
    cat "$found/gaps" >&2
    exit 1
fi
echo "$(wc -l <"$found/header") functions, exported and documented"
