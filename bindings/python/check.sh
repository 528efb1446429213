#!/bin/sh
# Builds the wheel, installs it as a user would, and tests that: pytest, mypy --strict, pyright, the
# stubs against what is there, and the code of the pages. Runs from anywhere.
#
#   check.sh [PROFILE]     the wheel's cargo profile; `dev` builds in a fraction of the time
set -eu

profile=${1:-dev}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/python-check

not_run() {
    echo "NOT RUN: $1" >&2
    exit 77
}

command -v cargo >/dev/null || not_run "there is no cargo"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
    not_run "the tests need Python 3.10 or later (the package 3.9)"
mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || "$python" -m venv "$work/venv" || not_run "there is no venv module"
bin=$work/venv/bin
"$bin/pip" install --quiet --disable-pip-version-check -r "$here/tests/requirements.txt" \
    -r "$root/examples/fastapi/requirements.txt" ||
    not_run "the packages of tests/requirements.txt cannot be installed"

# The vendors' own types, for tests/test_vendors.py, which is skipped without them.
"$bin/pip" install --quiet --disable-pip-version-check -r "$here/tests/vendors.txt" ||
    echo "NOT RUN: test_vendors.py; the packages of tests/vendors.txt cannot be installed" >&2

echo "== the programs that the tests talk to"
cd "$root"
programs=$(tests/programs.sh)
# Copies: another check may build the programs anew while these run.
cp "$programs/zerostack-scripted" "$programs/zerostack-command" "$work/"
export ZEROSTACK_SCRIPTED="$work/zerostack-scripted"
export ZEROSTACK="$work/zerostack-command"

echo "== the wheel ($profile)"
rm -rf "$work/wheels"
"$bin/maturin" build --quiet --manifest-path "$here/Cargo.toml" --profile "$profile" \
    --interpreter "$bin/python" --out "$work/wheels"
wheel=$(ls "$work"/wheels/*.whl)
"$bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheel"
bytes=$(wc -c <"$wheel")
echo "$wheel: $bytes bytes"
if [ "$profile" = release ] && [ "$bytes" -gt 3145728 ]; then
    echo "the wheel is larger than 3 MiB" >&2
    exit 1
fi

echo "== mypy, pyright, the stubs"
cd "$here"
"$bin/mypy" --no-error-summary --strict --cache-dir "$work/mypy" python/zerostack
"$bin/mypy" --no-error-summary --strict --cache-dir "$work/mypy" "$root/examples/python/example.py"
"$bin/pyright" --pythonpath "$bin/python" >"$work/pyright.log" || { cat "$work/pyright.log"; exit 1; }
# Away from here, so that what is installed is looked at.
(cd "$work" && "$bin/python" -m mypy.stubtest zerostack --concise \
    --allowlist "$here/tests/stubtest-allow.txt")

echo "== pytest"
"$bin/python" -X dev -m pytest -c pyproject.toml --rootdir . --timeout 60

echo "== the streams for browsers, read by the packages of npm"
streams=$work/streams
mkdir -p "$streams"
(cd tests && "$bin/python" - "$streams") <<'END'
import sys

from test_streams import LINES
from zerostack import streams

for name, protocol in {"ui": streams.UiMessageStream("m"), "ag-ui": streams.AgUi("thread", "run")}.items():
    with open(f"{sys.argv[1]}/{name}", "w", encoding="utf-8") as file:
        file.writelines(protocol.stream(LINES))
END
cp "$root/examples/sdk/streams.mjs" "$streams"
if command -v npm >/dev/null && (cd "$streams" && echo '{"private":true}' >package.json &&
    timeout 300 npm install --silent ai @ag-ui/client) >"$streams/npm" 2>&1; then
    (cd "$streams" && timeout 60 node streams.mjs ui ag-ui)
else
    echo "NOT RUN: examples/sdk/streams.mjs; ai and @ag-ui/client of npm cannot be installed" >&2
fi

echo "== the service of examples/fastapi"
cd "$root/examples/fastapi"
"$bin/mypy" --no-error-summary --strict --cache-dir "$work/mypy" app.py compare.py test_app.py
"$bin/python" -m pytest --rootdir . -p no:cacheprovider --timeout 120
