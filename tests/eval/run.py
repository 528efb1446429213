#!/usr/bin/env python3
"""Twenty small tasks with checks, for any model: a table with tokens and cost.

    python3 tests/eval/run.py [OPTIONS] MODEL

MODEL and the provider are named as for a run of the command; the key comes from the environment.
Each task has a folder of its own. A run ends with a result; if it is a patch, git applies it; then
the check of the task decides. `ANSWER` in a check is the file of a text that the run printed.
"""
import argparse, json, os, pathlib, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--zerostack", default=ROOT / "target/release/zerostack", type=pathlib.Path)
    parser.add_argument("--only", metavar="TEXT", default="", help="tasks with this in their names")
    parser.add_argument("--cost", nargs=2, type=float, metavar=("IN", "OUT"), help="dollars for a million tokens")
    parser.add_argument("--minimum", type=int, default=0, help="end with 1 if fewer tasks pass")
    parser.add_argument("--json", action="store_true", help="a JSON object a task instead of the table")
    parser.add_argument("options", nargs="*", help="further options of each run, after --")
    return parser.parse_args()


def play(task, args, place):
    project, answer = place / "project", place / "answer"
    for name, text in task["files"].items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    git = ["git", "-c", "user.name=eval", "-c", "user.email=eval@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.run(git + command, cwd=project, check=True)
    command = [args.zerostack, task.get("prompt", "code"), "--model", args.model, "--events", "json", "--quiet",
               *args.options, "--", task["instruction"]]
    started = time.monotonic()
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, input=task.get("stdin", ""))
    seconds = time.monotonic() - started
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    result = events[-1] if events else {}
    row = {"task": task["name"], "passed": False, "exit_code": ran.returncode, "seconds": round(seconds, 1),
           "rounds": sum(event["type"] == "reply_end" for event in events), "usage": result.get("usage") or counted(events),
           "cost": result.get("cost"), "note": ""}
    if ran.returncode != 0:
        error = result.get("error") or {}
        row["note"] = error.get("message") or ran.stderr.strip().splitlines()[-1:] or "no result"
        row["note"] = str(row["note"])
        return row
    answer.write_text(result.get("text") or "")
    if result.get("patch"):
        applied = subprocess.run(["git", "apply"], cwd=project, input=result["patch"], text=True, capture_output=True)
        if applied.returncode != 0:
            row["note"] = "the patch does not apply: " + applied.stderr.strip()
            return row
    environment = {**os.environ, "ANSWER": str(answer)}
    try:
        checked = subprocess.run(["bash", "-c", task["check"]], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
        row["passed"] = checked.returncode == 0
    except subprocess.TimeoutExpired:
        row["note"] = "the check did not end within 60 s"
    if not row["passed"] and not row["note"]:
        row["note"] = "the check failed"
    return row


def counted(events):
    """The usage of all replies, for a run that has no result: the last count of each."""
    total, last = {}, {}
    for event in events:
        if event["type"] == "usage":
            last = event["usage"]
        elif event["type"] in ("reply_end", "restart", "result"):
            for name, count in last.items():
                total[name] = total.get(name, 0) + (count or 0)
            last = {}
    return total


def main():
    args = arguments()
    if not args.zerostack.exists():
        sys.exit(f"there is no {args.zerostack}; cargo build --release --package zerostack-cli")
    args.zerostack = args.zerostack.resolve()
    tasks = [task for task in json.loads((HERE / "tasks.json").read_text()) if args.only in task["name"]]
    rows = []
    if not args.json:
        print(f"{'task':24} {'':6} {'rounds':>6} {'input':>8} {'cached':>8} {'output':>7} {'dollars':>8} {'seconds':>8}")
    for task in tasks:
        with tempfile.TemporaryDirectory(prefix="zerostack-eval-") as place:
            (pathlib.Path(place) / "project").mkdir()
            row = play(task, args, pathlib.Path(place))
        usage = row["usage"]
        fresh = usage.get("input_tokens", 0)
        if row["cost"] is None and args.cost:
            row["cost"] = (fresh * args.cost[0] + usage.get("output_tokens", 0) * args.cost[1]) / 1e6
        rows.append(row)
        if args.json:
            print(json.dumps(row), flush=True)
            continue
        cost = "-" if row["cost"] is None else f"{row['cost']:.4f}"
        verdict = "passes" if row["passed"] else "FAILS"
        print(f"{row['task']:24} {verdict:6} {row['rounds']:6} {fresh:8} {usage.get('cache_read_tokens', 0):8} "
              f"{usage.get('output_tokens', 0):7} {cost:>8} {row['seconds']:8} {row['note'][:80]}", flush=True)
    passed = sum(row["passed"] for row in rows)
    if not args.json:
        total = lambda name: sum(row["usage"].get(name, 0) for row in rows)
        costs = [row["cost"] for row in rows if row["cost"] is not None]
        cost = f"{sum(costs):.4f}" if costs else "-"
        print(f"{f'{passed} of {len(rows)} pass':31} {sum(row['rounds'] for row in rows):6} {total('input_tokens'):8} "
              f"{total('cache_read_tokens'):8} {total('output_tokens'):7} {cost:>8} {sum(row['seconds'] for row in rows):8.1f}")
    sys.exit(1 if passed < args.minimum else 0)


main()
