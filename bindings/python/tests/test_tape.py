"""Tapes: recorded here and played by the command, recorded by the command and played here."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Provider, call, program, say
from test_agent import Either, both, double

import zerostack
from zerostack import Agent, Restart, TextDelta, ToolAnswered, replay
from zerostack.tape import Player, RecordedRequest

REPLIES = [
    call("double", {"n": 4}),
    {"parts": [{"text": "half"}], "cut": 60},
    say("Grüße, ", "🦀"),
]


@both
def test_recorded_here_and_played_by_the_command(
    kind: Any, provider: Provider, tmp_path: Path
) -> None:
    tape = tmp_path / "run.tape"
    scripted = provider(*REPLIES)
    either = Either(kind, scripted, system="s", tools=[double], record=tape, api_key="sk-secret")
    events = []
    if isinstance(either.agent, Agent):
        with either.agent, either.agent.stream("go") as turn:
            events = list(turn)
    else:
        events = either.events("go")
    assert tape.exists()
    assert "sk-secret" not in tape.read_text()

    played = subprocess.run(
        [program("zerostack"), "replay", str(tape)], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in played.stdout.splitlines()]
    texts = [line["text"] for line in lines if line["type"] == "text"]
    assert texts == [event.text for event in events if isinstance(event, TextDelta)]
    assert [line["content"] for line in lines if line["type"] == "tool_result"] == ["8"]

    requests = subprocess.run(
        [program("zerostack"), "replay", "--requests", str(tape)], capture_output=True, check=True
    )
    sent = [request["body"].encode() for request in scripted.requests]
    assert requests.stdout.splitlines() == sent

    again = list(replay(tape))
    assert [event.body for event in again if isinstance(event, RecordedRequest)] == sent
    shown = [e for e in again if not isinstance(e, RecordedRequest)]
    assert shown == [e for e in events if not isinstance(e, zerostack.Retry)]


def test_recorded_by_the_command_and_played_here(provider: Provider, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("hello\n")
    tape = tmp_path / "run.tape"
    scripted = provider(
        call("read", {"path": "a.txt"}), {"parts": [{"text": "x"}], "cut": 30}, say("It says hi.")
    )
    seen: list[dict[str, Any]] = []
    result = zerostack.run(
        "what does a.txt say?",
        prompt="ask",
        folder=folder,
        model="scripted",
        base_url=f"{scripted.url}/v1",
        sandbox="off",
        record=tape,
        on_event=seen.append,
        program=program("zerostack"),
    )
    assert result.text == "It says hi."
    events = list(replay(tape))
    sent = [request["body"].encode() for request in scripted.requests]
    assert [event.body for event in events if isinstance(event, RecordedRequest)] == sent
    answered = [event for event in events if isinstance(event, ToolAnswered)]
    assert "hello" in answered[0].content
    assert Restart() in events
    text = [line["text"] for line in seen if line["type"] == "text"]
    assert [event.text for event in events if isinstance(event, TextDelta)] == text
    player = Player(tape)
    for _ in player:
        pass
    assert player.exit_code == 0
    assert player.session.usage == result.usage


@pytest.mark.parametrize(
    "limits",
    [
        zerostack.Limits(room="drop", high_water_tokens=500, low_water_tokens=100),
        zerostack.Limits(max_turn_tokens=10**6, max_repeats=9, max_calls=7, prices=zerostack.Prices(1, 2, 3, 4)),
    ],
)
def test_room_and_budgets_are_on_a_tape(
    provider: Provider, tmp_path: Path, limits: zerostack.Limits
) -> None:
    record(provider, tmp_path / "t", limits=limits)
    assert Player(tmp_path / "t").session.limits == limits
    subprocess.run([program("zerostack"), "replay", str(tmp_path / "t")], check=True)


def record(provider: Provider, tape: Path, **options: Any) -> None:
    scripted = provider(say("x"))
    with Agent("scripted", base_url=scripted.url, record=tape, **options) as agent:
        agent.run("go")


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200


def look(at: str) -> zerostack.ToolOutput:
    """Looks."""
    return zerostack.ToolOutput("seen", files=[zerostack.File(PNG[:99], name="seen.png")])


@pytest.mark.parametrize("with_bytes", [False, True])
@both
def test_files_are_on_a_tape_as_hashes_or_as_bytes(
    kind: Any, provider: Provider, tmp_path: Path, with_bytes: bool
) -> None:
    tape = tmp_path / "run.tape"
    scripted = provider(call("look", {"at": "x"}), say("A cat."))
    picture = tmp_path / "cat.png"
    picture.write_bytes(PNG)
    agent = kind(
        "m", base_url=scripted.url, api_key="sk-secret", tools=[look], record=tape,
        record_attachments=with_bytes,
    )
    given = [picture, "https://example.com/a.png"]
    if isinstance(agent, Agent):
        agent.run("What is it?", attachments=given)
        agent.close()
    else:

        async def run() -> None:
            await agent.run("What is it?", attachments=given)
            await agent.close()

        asyncio.run(run())
    sent = [request["body"].encode() for request in scripted.requests]
    assert base64.b64encode(PNG) in sent[0] and base64.b64encode(PNG[:99]) in sent[1]
    assert (PNG[8:200].hex() in tape.read_text()) is with_bytes

    replayed = [e.body for e in replay(tape) if isinstance(e, RecordedRequest)]
    told = subprocess.run(
        [program("zerostack"), "replay", "--requests", str(tape)], capture_output=True, check=True
    )
    assert told.stdout.splitlines() == replayed
    digest = hashlib.sha1(PNG).hexdigest().encode()
    hashed = [body.replace(base64.b64encode(PNG), b"sha1:" + digest) for body in sent]
    digest = hashlib.sha1(PNG[:99]).hexdigest().encode()
    hashed = [body.replace(base64.b64encode(PNG[:99]), b"sha1:" + digest) for body in hashed]
    assert replayed == (sent if with_bytes else hashed)

    # A changed file on it is found even by whoever makes the sum anew.
    if with_bytes:
        lines = tape.read_bytes().replace(PNG[8:40].hex().encode(), PNG[9:41].hex().encode())
        body, _, _ = lines.rstrip().rpartition(b"\n")
        over = {"type": "over", "exit_code": 0, "sha1": hashlib.sha1(body + b"\n").hexdigest()}
        tape.write_bytes(body + b"\n" + json.dumps(over).encode() + b"\n")
        with pytest.raises(zerostack.BadTape, match="attachment 0 do not match its hash"):
            list(replay(tape))


def test_a_tape_of_the_command_with_files_is_played(provider: Provider, tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(PNG)
    for keep in (False, True):
        scripted = provider(say("A cat."))
        tape = tmp_path / "run.tape"
        zerostack.run(
            "what is it?", prompt="ask", folder=tmp_path, model="scripted",
            base_url=f"{scripted.url}/v1", sandbox="off", attach=[picture], record=tape,
            record_attachments=keep, program=program("zerostack"),
        )
        replayed = [e.body for e in replay(tape) if isinstance(e, RecordedRequest)]
        sent = [request["body"].encode() for request in scripted.requests]
        assert (replayed == sent) is keep
        digest = hashlib.sha1(PNG).hexdigest().encode()
        assert (b"sha1:" + digest in replayed[0]) is not keep
        tape.unlink()


def test_a_tape_that_was_cut_or_changed_is_not_played(provider: Provider, tmp_path: Path) -> None:
    tape = tmp_path / "t"
    record(provider, tape)
    whole = tape.read_bytes()
    for damaged, words in [
        (b"", "it is not a tape"),
        (b"nonsense\n", "line 1: Expecting value"),
        (whole[: whole.rstrip().rindex(b"\n") + 1], "its end is missing"),
        (whole.replace(b'"go"', b'"no"'), "it was changed"),
    ]:
        tape.write_bytes(damaged)
        with pytest.raises(zerostack.BadTape, match=words):
            list(replay(tape))


def test_there_is_no_tape_with_the_key_on_it(provider: Provider, tmp_path: Path) -> None:
    tape = tmp_path / "t"
    scripted = provider(say("your key is sk-", "secret, is it?"))
    agent = Agent("scripted", base_url=scripted.url, record=tape, api_key="sk-secret")
    agent.run("go")
    # Told as two texts: only whoever puts them together sees the key.
    agent.close()
    assert "sk-secret" not in tape.read_text()
    scripted = provider({"parts": [{"text": "your key is sk-secret"}], "pieces": 50})
    agent = Agent("scripted", base_url=scripted.url, record=tmp_path / "u", api_key="sk-secret")
    agent.run("go")
    with pytest.raises(zerostack.BadTape, match="it would contain the key"):
        agent.close()
    assert sorted(os.listdir(tmp_path / ".")) == ["provider-0", "provider-1", "t"]


def test_a_tape_without_an_end_leaves_nothing(provider: Provider, tmp_path: Path) -> None:
    scripted = provider(say("x"))
    agent = Agent("scripted", base_url=scripted.url, record=tmp_path / "t")
    agent.run("go")
    del agent
    assert os.listdir(tmp_path) == ["provider-0"]


def test_what_a_tape_has_no_place_for(tmp_path: Path) -> None:
    for limits in (zerostack.Limits(failed_turn="keep"), zerostack.Limits(max_turn_ms=5)):
        with pytest.raises(ValueError, match="a tape has no place for"):
            Agent("m", base_url="http://127.0.0.1:1", record=tmp_path / "t", limits=limits)
    with pytest.raises(FileNotFoundError):
        Agent("m", base_url="http://127.0.0.1:1", record=tmp_path / "no" / "t")
