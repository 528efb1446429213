"""The ``zerostack`` command: a run is a transaction, and its result is a patch, text or an
error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import IO, Any, NamedTuple

from ._core import Usage
from .enums import Dialect, RoomPolicy, ToolMode
from .errors import RunFailed

__all__ = ["LeftOut", "RunResult", "run"]


# Each keyword of `run` that is an option of the command, in the order of its help.
OPTIONS = {
    "model": "--model",
    "provider": "--provider",
    "base_url": "--base-url",
    "api": "--api",
    "tool_mode": "--tool-mode",
    "temperature": "--temperature",
    "top_p": "--top-p",
    "top_k": "--top-k",
    "frequency_penalty": "--frequency-penalty",
    "presence_penalty": "--presence-penalty",
    "seed": "--seed",
    "stop": "--stop",
    "reasoning_effort": "--reasoning-effort",
    "tool_choice": "--tool-choice",
    "parallel_tool_calls": "--parallel-tool-calls",
    "service_tier": "--service-tier",
    "user": "--user",
    "cache_ttl": "--cache-ttl",
    "output_schema": "--output-schema",
    "extra": "--extra",
    "header": "--header",
    "prompt": "--prompt",
    "agent": "--agent",
    "worktree": "--worktree",
    "set": "--set",
    "output": "--output",
    "output_file": "--output-file",
    "folder": "--folder",
    "sandbox": "--sandbox",
    "also": "--also",
    "allow_read": "--allow-read",
    "allow_write": "--allow-write",
    "tool_env": "--env",
    "net": "--net",
    "mode": "--mode",
    "allow": "--allow",
    "ask": "--ask",
    "deny": "--deny",
    "attach": "--attach",
    "record": "--record",
    "session": "--session",
    "check": "--check",
    "check_limit_s": "--check-limit",
    "attempts": "--attempts",
    "best_of": "--best-of",
    "strategy": "--strategy",
    "max_rounds": "--max-rounds",
    "max_tokens": "--max-tokens",
    "max_total_tokens": "--max-total-tokens",
    "max_cost": "--max-cost",
    "max_repeats": "--max-repeats",
    "max_calls": "--max-calls",
    "context": "--context",
    "room": "--room",
    "max_attempts": "--max-attempts",
    "time_limit_s": "--time-limit",
    "idle_limit_s": "--idle-limit",
    "stdin_limit_s": "--stdin-limit",
}

# Each keyword that is an option without a value.
FLAGS = {
    "write": "--write",
    "go_on": "--continue",
    "fork": "--fork",
    "subagents": "--subagents",
    "json": "--json",
    "sarif": "--sarif",
    "prove_prefix": "--prove-prefix",
    "record_attachments": "--record-attachments",
    "yes": "--yes",
}

# The flags that `run` itself sets.
FIXED = ["--events", "json", "--quiet"]


class LeftOut(NamedTuple):
    """A changed file that is not in the patch."""

    path: str
    """Its path from the folder of the run."""
    reason: str
    """Why, in a few words: ``ignored``, for example."""


class RunResult(NamedTuple):
    """The result of a run."""

    output: str
    """The requested kind: ``patch``, ``text``, ``findings`` or ``json``."""
    text: str
    """The model's last answer."""
    patch: bytes | None
    """The changes, for ``git apply``; ``None`` unless the output is a patch."""
    files: list[str]
    """The paths in the patch."""
    left_out: list[LeftOut]
    """The changed files that are not in it."""
    notes: list[str]
    """What else there is to know of the result: how to apply the patch, what it does to
    uncommitted work, or that calls were not permitted."""
    usage: Usage
    """Tokens of all replies."""
    sandbox: list[str]
    """The layers that the tools ran in."""
    written: int | None = None
    """The number of the run for ``zerostack undo``, if ``write`` was asked for."""
    duration_ms: int | None = None
    """How long the run took."""
    cost_micros: int | None = None
    """Its cost, in millionths of the currency of the prices, if these are known."""


def run(
    instruction: str,
    *,
    prompt: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    stdin: str | bytes | None = None,
    agent: str | None = None,
    worktree: str | None = None,
    set: str | Sequence[str] | None = None,
    model: str | None = None,
    provider: str | None = None,
    base_url: str | None = None,
    api: Dialect | str | None = None,
    tool_mode: ToolMode | str | None = None,
    temperature: float | Decimal | str | None = None,
    top_p: float | Decimal | str | None = None,
    top_k: int | None = None,
    frequency_penalty: float | Decimal | str | None = None,
    presence_penalty: float | Decimal | str | None = None,
    seed: int | None = None,
    stop: str | Sequence[str] | None = None,
    reasoning_effort: str | None = None,
    tool_choice: str | None = None,
    parallel_tool_calls: bool | None = None,
    service_tier: str | None = None,
    user: str | None = None,
    cache_ttl: str | None = None,
    output_schema: str | os.PathLike[str] | None = None,
    extra: str | None = None,
    header: str | Sequence[str] | None = None,
    output: str | None = None,
    output_file: str | os.PathLike[str] | None = None,
    sandbox: str | None = None,
    also: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    allow_read: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    allow_write: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    tool_env: str | Sequence[str] | None = None,
    net: str | None = None,
    mode: str | None = None,
    allow: str | Sequence[str] | None = None,
    ask: str | Sequence[str] | None = None,
    deny: str | Sequence[str] | None = None,
    attach: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    record: str | os.PathLike[str] | None = None,
    session: str | None = None,
    check: str | None = None,
    check_limit_s: int | None = None,
    attempts: int | None = None,
    best_of: int | None = None,
    strategy: str | Sequence[str] | None = None,
    max_rounds: int | None = None,
    max_tokens: int | None = None,
    max_total_tokens: int | None = None,
    max_cost: float | Decimal | str | None = None,
    max_repeats: int | None = None,
    max_calls: int | None = None,
    context: int | None = None,
    room: RoomPolicy | str | None = None,
    max_attempts: int | None = None,
    time_limit_s: int | None = None,
    idle_limit_s: int | None = None,
    stdin_limit_s: int | None = None,
    write: bool = False,
    go_on: bool = False,
    fork: bool = False,
    subagents: bool = False,
    json: bool = False,
    sarif: bool = False,
    prove_prefix: bool = False,
    record_attachments: bool = False,
    yes: bool = False,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    env: Mapping[str, str] | None = None,
    program: str | os.PathLike[str] = "zerostack",
) -> RunResult:
    """Runs the command on ``folder`` and returns its result. The folder does not change: applying
    the patch is up to you. With ``write`` the run writes all its changes to the folder at its end,
    or none, and ``written`` is the number for ``zerostack undo``.

    The keywords are the options of ``zerostack run --help``, with ``_`` for ``-``, and ``_s`` after
    those in seconds:

    - The model: ``model``, ``provider``, ``base_url``, ``api`` (the dialect), ``tool_mode``.
      ``subagents`` lets it give tasks to agents of its own.
    - Each request: ``temperature``, ``top_p``, ``top_k``, ``frequency_penalty``,
      ``presence_penalty``, ``seed``, ``stop``, ``reasoning_effort``, ``tool_choice``,
      ``parallel_tool_calls``, ``service_tier``, ``user``, ``cache_ttl``; ``output_schema``, the
      file of a JSON Schema that the answer must fit; ``extra``, more members of the body;
      ``header``, one ``"NAME: VALUE"`` or a list.
    - The task: ``prompt`` and ``agent`` are names; ``set`` is ``"name=value"`` for an argument of
      the prompt, one or a list; ``folder`` replaces the current folder; ``worktree`` names a
      worktree that the changes are written to; ``attach`` is a picture, document or other file to
      send beside the instruction, one or a list.
    - The result: ``output`` is ``"patch"``, ``"text"``, ``"findings"`` or ``"json"``; ``json`` and
      ``sarif`` write findings in these forms; ``output_file`` names a file that gets the result
      too, whole or not at all; ``record`` names a file for a tape, which holds the bytes of files
      with ``record_attachments``; with ``yes`` the commands of a plan run.
    - The session: with ``go_on`` the run continues the last session of the folder
      (``--continue``), ``session`` names one, and with ``fork`` it continues in a copy.
    - The sandbox: ``sandbox`` is ``"on"``, ``"landlock"`` or ``"off"``; ``also`` is a folder beside
      ``folder`` that is part of the view and of the patch, or several; ``allow_read`` and
      ``allow_write`` are paths outside of it, ``tool_env`` names of variables, one or a list;
      ``net`` is ``"off"``, ``"on"`` or hosts.
    - Permissions: ``mode`` is ``"readonly"``, ``"standard"`` or ``"full"``; ``allow``, ``ask`` and
      ``deny`` are rules, one or a list.
    - Checks: ``check`` is a command that the patch must pass within ``check_limit_s``;
      ``attempts`` is how often it may be tried, ``best_of`` how many run at the same time,
      ``strategy`` the prompts to try. ``prove_prefix`` stops a run whose requests do not only grow
      at their end.
    - Limits: ``max_rounds``, ``max_tokens`` (of one reply), ``max_total_tokens``, ``max_cost``,
      ``max_repeats``, ``max_calls`` (of one reply), ``max_attempts``, ``time_limit_s``,
      ``idle_limit_s``, ``stdin_limit_s``. ``context`` is how many tokens the model can read, and
      ``room`` how room is made when they are used up.

    ``stdin`` is piped in, ``on_event`` gets each line of ``--events json`` as it arrives, ``env``
    replaces the environment, and ``program`` is a name on PATH or a path.

    Raises :class:`RunFailed` with the command's message, ``kind`` and exit code; there is no
    partial result. On Ctrl-C, or if ``on_event`` raises, the run is interrupted and changes
    nothing.
    """
    given = locals()
    found = shutil.which(os.fspath(program))
    if found is None:
        raise FileNotFoundError(
            f"there is no program {os.fspath(program)!r}: put zerostack on PATH, or give program="
        )
    command = [found, "run", *FIXED]
    for keyword, option in OPTIONS.items():
        value = given[keyword]
        if value is None:
            continue
        # An option that may be given several times takes several values.
        several = isinstance(value, Sequence) and not isinstance(value, str)
        values = value if several else [value]
        for one in values:
            # In one argument: a value may begin with a dash.
            command.append(f"{option}={_word(one)}")
    command += [option for keyword, option in FLAGS.items() if given[keyword]]
    # The instruction is one word, whatever it begins with.
    command += ["--", instruction]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if env is None else dict(env),
    ) as process:
        try:
            return _follow(process, data, on_event)
        except BaseException:
            _interrupt(process)
            raise


def _word(value: Any) -> str:
    """An option's value on the command line."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (float, Decimal)):
        # Never with an exponent.
        return f"{Decimal(str(value)):f}"
    return str(value) if isinstance(value, int) else os.fspath(value)


def _follow(
    process: subprocess.Popen[bytes],
    stdin: bytes | None,
    on_event: Callable[[dict[str, Any]], None] | None,
) -> RunResult:
    assert process.stdout is not None and process.stderr is not None
    errors: list[bytes] = []
    helpers = [threading.Thread(target=_read_all, args=(process.stderr, errors), daemon=True)]
    if process.stdin is not None:
        helpers.append(
            threading.Thread(target=_write_all, args=(process.stdin, stdin or b""), daemon=True)
        )
    for helper in helpers:
        helper.start()
    result: dict[str, Any] | None = None
    for data in process.stdout:
        line: dict[str, Any] = json.loads(data)
        if line.get("type") == "result":
            result = line
        if on_event is not None:
            on_event(line)
    code = process.wait()
    for helper in helpers:
        helper.join()
    if result is None:
        said = b"".join(errors).decode("utf-8", "replace").strip()
        raise _failed(said or f"zerostack ended with {code} and said nothing", code, "")
    if not result["ok"]:
        error = result.get("error") or {}
        raise _failed(error.get("message", ""), result["exit_code"], error.get("kind", ""))
    if code:
        # The result is complete, but could not be written to its file.
        raise _failed(b"".join(errors).decode("utf-8", "replace").strip(), code, "")
    known = {name: result["usage"].get(name, 0) for name in Usage.__match_args__}
    patch = result.get("patch")
    return RunResult(
        output=result["output"],
        text=result["text"],
        patch=bytes.fromhex(result["patch_hex"])
        if "patch_hex" in result
        else None
        if patch is None
        else patch.encode(),
        files=result.get("files", []),
        left_out=[LeftOut(it["path"], it["reason"]) for it in result.get("left_out_files", [])],
        notes=result.get("notes", []),
        usage=Usage(**known),
        sandbox=result.get("sandbox", []),
        written=result.get("written"),
        duration_ms=result.get("duration_ms"),
        cost_micros=result.get("cost_micros"),
    )


def _failed(message: str, code: int, kind: str) -> RunFailed:
    error = RunFailed(message, detail=code)
    error.kind = kind
    return error


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ends the run as Ctrl-C does, which cleans up; if it does not, it is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _read_all(file: IO[bytes], into: list[bytes]) -> None:
    into.extend(file)


def _write_all(file: IO[bytes], data: bytes) -> None:
    try:
        with file:
            file.write(data)
    except BrokenPipeError:
        pass  # The command did not read all of it, and reports why if that matters.
