#!/bin/sh
# Prompts of others, with numbers: the published cases of dotprompt, those that are kept otherwise one
# by one, and our reading of prompts and verdicts on skills beside PyYAML and the published
# validator of Agent Skills.
#
#   prompt_suites.sh [SPEC]      SPEC is the folder `spec` of github.com/google/dotprompt
#
# Wants Python with venv and the network, for PyYAML and skills-ref. Without the cases, or the shared
# collection of prompts, it ends with 77.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
shared=${ZEROSTACK_SHARED:-$root/../shared}
spec=${1:-$shared/suites/dotprompt}
work=${CARGO_TARGET_DIR:-$root/target}/prompt-suites
code=0

not_run() {
    echo "NOT RUN: $1" >&2
    code=77
}

mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$work/venv"
python=$work/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check pyyaml skills-ref==0.1.1

cd "$root"
if [ -d "$spec" ]; then
    rm -rf "$work/spec" && mkdir "$work/spec"
    "$python" - "$spec" "$work/spec" <<'PYTHON'
import json, pathlib, sys, yaml
spec, out = map(pathlib.Path, sys.argv[1:])
for path in sorted(spec.rglob("*.yaml")):
    name = "-".join(path.relative_to(spec).with_suffix(".json").parts)
    (out / name).write_text(json.dumps(yaml.safe_load(path.read_text())))
PYTHON
    echo "== the published cases of dotprompt"
    DOTPROMPT_SPEC=$work/spec cargo test --quiet --package zerostack-dotprompt --test suite \
        -- --ignored --nocapture
else
    not_run "the published cases of dotprompt: there is no folder $spec"
fi
if [ -d "$shared/suites/prompts" ]; then
    echo "== prompts and skills beside PyYAML and skills-ref"
    ZEROSTACK_PYTHON=$python cargo test --quiet --package zerostack-core --test prompts \
        -- --ignored --nocapture agrees
else
    not_run "the collection of prompts: there is no folder $shared/suites/prompts"
fi
exit $code
