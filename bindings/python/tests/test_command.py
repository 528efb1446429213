"""The command, started from Python; bodies that are decoded; skills."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Provider, call, program, say
from test_session import calls, chat

import zerostack
from zerostack import Skill, command, decode, run


def in_folder(tmp_path: Path, scripted: Any, **options: Any) -> Any:
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text("one\n")
    options = {
        "folder": folder,
        "model": "scripted",
        "base_url": f"{scripted.url}/v1",
        "sandbox": "off",
        "program": program("zerostack"),
        **options,
    }
    return lambda text: run(text, **options)


def test_a_run_gives_a_patch(provider: Provider, tmp_path: Path) -> None:
    scripted = provider(call("write", {"path": "a.txt", "content": "two\n"}), say("Done."))
    seen: list[str] = []
    result = in_folder(tmp_path, scripted, on_event=lambda line: seen.append(line["type"]))("go")
    assert (result.output, result.text, result.files) == ("patch", "Done.", ["a.txt"])
    assert result.patch is not None
    assert b"-one\n+two\n" in result.patch
    assert result.usage.output_tokens > 0
    assert (seen[0], seen[-1]) == ("start", "result")
    folder = tmp_path / "project"
    assert (folder / "a.txt").read_text() == "one\n"
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "apply"], input=result.patch, check=True)
    assert (folder / "a.txt").read_text() == "two\n"


def test_a_run_tells_all_that_the_command_says_of_its_result(
    provider: Provider, tmp_path: Path
) -> None:
    scripted = provider(
        call("write", {"path": "a.txt", "content": "one\n"}),
        call("write", {"path": "b.log", "content": "x\n"}),
        say("Done."),
    )
    lines: list[dict[str, Any]] = []
    go = in_folder(tmp_path, scripted, on_event=lines.append)
    folder = tmp_path / "project"
    (folder / ".gitignore").write_text("*.log\n")
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "m"]):
        subprocess.run(["git", "-C", folder, *words], check=True)
    (folder / "a.txt").write_text("not committed\n")
    result = go("go")
    assert result.left_out == [("b.log", "ignored")]
    assert isinstance(result.left_out[0], zerostack.LeftOut)
    assert any("uncommitted changes of a.txt" in note for note in result.notes)
    told = {"type", "ok", "exit_code", "error", "patch_hex", "left_out_files"}
    assert set(lines[-1]) - told <= set(result._fields)


def test_a_run_writes_its_changes(provider: Provider, tmp_path: Path) -> None:
    scripted = provider(call("write", {"path": "a.txt", "content": "two\n"}), say("Done."))
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    result = in_folder(tmp_path, scripted, write=True, env=env)("go")
    assert (result.files, result.written) == (["a.txt"], 1)
    folder = tmp_path / "project"
    assert (folder / "a.txt").read_text() == "two\n"
    subprocess.run([program("zerostack"), "undo", "1"], cwd=folder, env=env, check=True)
    assert (folder / "a.txt").read_text() == "one\n"


def test_a_run_gives_a_text_and_reads_stdin(provider: Provider, tmp_path: Path) -> None:
    scripted = provider(say("It is fine."))
    go = in_folder(tmp_path, scripted, prompt="ask", stdin="what I \x85 piped\n" * 10_000)
    result = go("--looks-like-an-option")
    assert (result.output, result.text, result.patch) == ("text", "It is fine.", None)
    body = scripted.requests[0]["body"]
    assert "--looks-like-an-option" in body
    assert "what I" in body


def test_a_run_that_fails_says_why(provider: Provider, tmp_path: Path) -> None:
    scripted = provider({"status": 401, "error": {"code": "bad", "message": "no such key"}})
    with pytest.raises(zerostack.RunFailed, match="no such key") as raised:
        in_folder(tmp_path, scripted)("go")
    assert (raised.value.kind, raised.value.detail) == ("authentication", 41)
    with pytest.raises(zerostack.RunFailed, match="sandbox") as raised:
        in_folder(tmp_path, scripted, sandbox="nonsense")("go")
    assert raised.value.detail == 2
    with pytest.raises(FileNotFoundError, match="put zerostack on PATH"):
        run("go", program="no-such-program")


def test_run_takes_every_option_of_the_command(provider: Provider, tmp_path: Path) -> None:
    printed = subprocess.run(
        [program("zerostack"), "run", "--help"], capture_output=True, text=True, check=True
    )
    section = printed.stdout.partition("\nModel:")[2].partition("\nHelp:")[0]
    options = re.findall(r"^ {2,6}(?:-\w, +)?(--[a-z-]+)", section, re.MULTILINE)
    # These print something other than the result of one run.
    for other in ("--version", "--dry-run", "--parallel", "--merge", "--color"):
        options.remove(other)
    fixed = [word for word in command.FIXED if word.startswith("--")]
    # A keyword of `run` for each, by one rule.
    known = [*command.OPTIONS.values(), *command.FLAGS.values(), *fixed]
    assert sorted(known) == sorted(options)
    seconds = set(re.findall(r"(--[a-z-]+) SECONDS", section))
    for keyword, option in {**command.OPTIONS, **command.FLAGS}.items():
        ends = "_s" if option in seconds else ""
        # `env` is the environment of the command itself, `continue` a word of the language.
        others = {"--env": "tool_env", "--continue": "go_on"}
        ruled = others.get(option, option[2:].replace("-", "_") + ends)
        assert keyword == ruled
        assert keyword in inspect.signature(run).parameters
        assert f"``{keyword}``" in (run.__doc__ or "")
    # And the command takes them all at once.
    scripted = provider(say("Done."))
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    options_of_all = {
        "prompt": "ask",
        "api": zerostack.Dialect.OPENAI_CHAT,
        "tool_mode": zerostack.ToolMode.LENIENT,
        "output": "text",
        "output_file": tmp_path / "answer.txt",
        "mode": "standard",
        "allow": "Bash(one:*)",
        "ask": ["Bash(two:*)", "Bash(three:*)"],
        "deny": ("Bash(four:*)", "Bash(five:*)"),
        "attach": [picture, str(picture)],
        "record": tmp_path / "run.tape",
        "record_attachments": True,
        "max_rounds": 3,
        "max_tokens": 100,
        "max_total_tokens": 10_000,
        "max_repeats": 3,
        "max_calls": 3,
        "context": 50_000,
        "room": zerostack.RoomPolicy.DROP_OLDEST,
        "max_attempts": 2,
        "time_limit_s": 60,
        "idle_limit_s": 60,
        "stdin_limit_s": 60,
    }
    result = in_folder(tmp_path, scripted, **options_of_all)("go")
    assert result.text == "Done."
    assert '"attached_bytes"' in (tmp_path / "run.tape").read_text()
    assert str(scripted.requests[-1]["body"]).count("iVBORw0KGgo=") == 2
    assert (tmp_path / "answer.txt").read_text().strip() == "Done."
    with pytest.raises(zerostack.RunFailed, match="answer"):
        in_folder(tmp_path, scripted, prompt="ask", output_file=tmp_path / "no" / "answer")("go")
    # It wants prices.
    with pytest.raises(zerostack.RunFailed, match="max-cost"):
        in_folder(tmp_path, scripted, max_cost=1e-7)("go")


def test_every_rule_of_a_list_is_kept(provider: Provider, tmp_path: Path) -> None:
    def ask_for(command: str, **options: Any) -> Any:
        scripted = provider(
            call("bash", {"command": command}),
            call("write", {"path": "a.txt", "content": "two\n"}),
            say("Done."),
        )
        return in_folder(tmp_path, scripted, **options)("go")

    rules = ["Bash(frob:*)", "Bash(nicate:*)"]
    for command_ in ("frob", "nicate"):
        (note,) = ask_for(command_, deny=rules).notes
        assert note.startswith(f"not permitted: bash {command_}")
        assert ask_for(command_, mode="standard", allow=rules).notes == []


def test_an_observer_that_raises_ends_the_run(provider: Provider, tmp_path: Path) -> None:
    scripted = provider({"parts": [{"text": "x"}], "stall": 1})

    def refuse(line: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_folder(tmp_path, scripted, on_event=refuse)("go")


def test_decode() -> None:
    whole = decode("openai-chat", chat({"content": "hello "}, {"content": "you"}))
    assert (whole.text, whole.stop, whole.error) == ("hello you", "stop", None)
    assert whole.usage is not None
    assert whole.usage.output_tokens == 2
    body = calls(("add", '{"a":1}'))
    pieces = decode("openai-chat", (body[at : at + 3] for at in range(0, len(body), 3)))
    assert [call.parse() for call in pieces.tool_calls] == [{"a": 1}]
    half = decode("openai-chat", memoryview(chat({"content": "half"}, stop=None)))
    assert half.text == "half"
    assert isinstance(half.error, zerostack.Cut)
    nonsense = decode("anthropic", b"<html></html>")
    assert nonsense.error is not None
    with pytest.raises(ValueError, match='dialect "openai" is unknown'):
        decode("openai", b"")


def test_the_command_decodes_the_same() -> None:
    body = chat({"content": "Grüße "}, {"tool_calls": [{"index": 0, "id": "c", "function": {
        "name": "f", "arguments": '{"x": 1}'}}]}, stop="tool_calls")
    said = subprocess.run(
        [program("zerostack"), "decode", "--api", "openai-chat"],
        input=body, capture_output=True, check=True,
    )
    import json

    theirs, ours = json.loads(said.stdout), decode("openai-chat", body)
    assert theirs["text"] == ours.text
    assert theirs["tool_calls"][0]["arguments"] == ours.tool_calls[0].arguments
    assert theirs["stop"] == ours.stop


def test_skills(tmp_path: Path) -> None:
    folder = tmp_path / "pdf-forms"
    folder.mkdir()
    (folder / "SKILL.md").write_text(
        "---\nname: pdf-forms\ndescription: Fills forms.\n---\n\n# How\n\nDo it.\n"
    )
    skill = Skill.load(folder)
    assert (skill.name, skill.description) == ("pdf-forms", "Fills forms.")
    assert skill.body == "# How\n\nDo it."
    assert skill.problems() == []
    wrong = Skill("other", "---\nname: PDF\n---\n")
    assert "the name has capital letters" in wrong.problems()
    assert "the description is missing" in wrong.problems()
    (folder / "SKILL.md").write_bytes(b"---\nname: \xff\n---\n")
    with pytest.raises(zerostack.BadPrompt, match="is not UTF-8 at byte 10"):
        Skill.load(folder)


def test_the_import_is_small() -> None:
    """What `import zerostack` must not bring in: it is loaded when it is first used."""
    heavy = {"httpx", "asyncio", "typing", "logging", "json", "inspect", "pydantic", "subprocess"}
    code = "import sys; import zerostack; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    if printed.returncode:
        path = str(Path(zerostack.__file__).parents[1])
        code = f"import sys; sys.path.append({path!r}); import zerostack; print(*sys.modules)"
        printed = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
        )
    assert heavy & set(printed.stdout.split()) == set()
