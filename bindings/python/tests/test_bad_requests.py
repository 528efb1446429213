"""Requests that cannot be made: each is an error with the name of what is wrong, and nothing of it is
sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

import zerostack
from zerostack import Agent, File, Session
from zerostack.testing import ScriptedProvider

Start = Callable[..., ScriptedProvider]

PNG = b"\x89PNG\r\n\x1a\n"


def agent_of(provider: ScriptedProvider, **more: Any) -> Agent:
    return Agent("m", base_url=provider.url, api_key="k", **more)


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize("schema", [nested(60), {"description": "x" * 64 * 1024}])
def test_a_schema_too_deep_or_too_large(schema: dict[str, Any]) -> None:
    with pytest.raises(zerostack.BadOption, match="malformed or taken: response_schema"):
        Session("openai-chat", "m", response_schema=schema)


def test_an_option_out_of_range_and_an_empty_stop_sequence() -> None:
    with pytest.raises(zerostack.BadOption, match="malformed or taken: temperature"):
        Session("openai-chat", "m", temperature=2.001)
    with pytest.raises(zerostack.BadOption, match="malformed or taken: stop"):
        Session("openai-chat", "m", stop=["END", ""])
    with pytest.raises(zerostack.UnsupportedOption, match="top_k; leave it out"):
        Session("openai-chat", "m", top_k=40)


@pytest.mark.parametrize("change", [PNG[:-1], PNG + b"more"])
def test_a_file_that_ends_early_or_is_longer_than_it_was(
    scripted_provider: Start, tmp_path: Path, change: bytes
) -> None:
    provider = scripted_provider("never")
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    file = File(path)
    path.write_bytes(change)
    with agent_of(provider) as agent, pytest.raises(zerostack.MissingAttachment, match="cat.png"):
        agent.run("Look", attachments=[file])
    provider.assert_requests(0)


def test_a_media_type_that_the_dialect_refuses(scripted_provider: Start) -> None:
    provider = scripted_provider("Hello.")
    with agent_of(provider) as agent:
        with pytest.raises(zerostack.UnsupportedAttachment):
            agent.run("Look", attachments=[File(b"BM..", name="old.bmp", media_type="image/bmp")])
        assert agent.run("Hello?").text == "Hello."
    provider.assert_requests(1)


def test_an_answer_that_violates_the_schema_again_and_again(scripted_provider: Start) -> None:
    provider = scripted_provider("no", "{}", "[]", "plain")
    wanted = {"schema": {"type": "object", "required": ["a"]}, "max_repairs": 2}
    with agent_of(provider, response_schema=wanted) as agent:
        with pytest.raises(zerostack.BadAnswer):
            agent.run("City?")
        assert json.loads(agent.session.answer) == []
    # The bound, and no request more.
    provider.assert_requests(3)


def test_a_conversation_that_is_resumed_without_its_files(scripted_provider: Start) -> None:
    provider = scripted_provider("A cat.", "Gone.")
    with agent_of(provider) as agent:
        agent.run("Look", attachments=[File(PNG, name="cat.png")])
        saved = agent.session.snapshot()
    session = Session.resume(saved, "openai-chat", "m")
    with Agent(session, base_url=provider.url, api_key="k") as agent:
        with pytest.raises(zerostack.MissingAttachment, match="leave_out_attachments"):
            agent.run("Sure?")
        provider.assert_requests(1)
        assert session.leave_out_attachments() == 1
        assert agent.run("Sure?").text == "Gone."
