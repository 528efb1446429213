#!/usr/bin/env bash
# Writes the errors of the core's table into src/status.rs, between the lines that name this file;
# with --check it only reports whether that would change it. cbindgen does not expand macros, so the
# enum of the header has to stand there as text.
set -eu
cd "$(dirname "$0")"
table=../core/src/error/table.rs
rows() {
    awk -v form="$1" '
        function c_name(name) {
            gsub(/[A-Z]/, "_&", name)
            return "ZS" toupper(name)
        }
        /^            \/\/\// && form == "enum" {
            sub(/^            /, "    ")
            sub(/`detail`: /, "Detail: ")
            gsub(/`/, "")
            print
        }
        /^            [A-Z][A-Za-z]* = [0-9]+, / {
            number = $3
            sub(/,$/, "", number)
            if (form == "enum") printf "    %s = %d,\n", c_name($1), number
            else printf "            ErrorKind::%s => %s,\n", $1, c_name($1)
        }' "$table"
}
made=$(mktemp)
trap 'rm -f "$made"' EXIT
awk -v variants="$(rows enum)" -v arms="$(rows arms)" '
    !inside { print }
    /From errors.sh: the variants/ { print variants; inside = 1 }
    /From errors.sh: the arms/ { print arms; inside = 1 }
    inside && /End of errors.sh/ { print; inside = 0 }' src/status.rs >"$made"
case "${1-}" in
--check)
    diff -u src/status.rs "$made" || {
        echo "src/status.rs has not the errors of $table: run ffi/header.sh" >&2
        exit 1
    }
    ;;
"") cmp -s "$made" src/status.rs || cp "$made" src/status.rs ;;
*)
    echo "usage: errors.sh [--check]" >&2
    exit 2
    ;;
esac
