"""Files beside what is said, as a user gives them, through the fixture that the wheel brings."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any, Callable

import pytest

import zerostack
from zerostack import Agent, AsyncAgent, Attachment, File, Session
from zerostack.testing import ScriptedProvider, call, say

Start = Callable[..., ScriptedProvider]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def agent_of(provider: ScriptedProvider, dialect: str = "openai-chat", **more: Any) -> Agent:
    url = provider.root_url if dialect == "anthropic" else provider.url
    return Agent("m", dialect=dialect, base_url=url, api_key="test-key", **more)


@pytest.mark.parametrize("form", ["path", "text", "bytes", "file", "File"])
def test_a_picture_is_given_in_any_form(
    scripted_provider: Start, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    provider = scripted_provider(say("A cat."), say("Still."))
    with path.open("rb") as opened, agent_of(provider) as agent:
        forms: dict[str, Any] = {
            "path": path,
            "text": str(path),
            "bytes": PNG,
            "file": opened,
            "File": File(PNG, name="cat.png"),
        }
        assert agent.run("What is this?", attachments=[forms[form]]).text == "A cat."
        # It goes with every request of the conversation.
        assert agent.run("And now?").text == "Still."
    first, second = provider.requests
    content = first.messages[0]["content"]
    assert content[0] == {"type": "text", "text": "What is this?"}
    assert content[1] == {"type": "image_url", "image_url": {"url": PNG_URL}}
    provider.assert_grows()
    assert PNG_URL in second


def test_an_address_is_sent_as_it_is(scripted_provider: Start) -> None:
    provider = scripted_provider("Seen.")
    with agent_of(provider, "anthropic") as agent:
        agent.run("Look", attachments=["https://example.com/a.png?x=1"])
    image = provider.requests[0].messages[0]["content"][0]
    assert image["source"] == {"type": "url", "url": "https://example.com/a.png?x=1"}


def test_a_tool_returns_a_picture(scripted_provider: Start) -> None:
    def screenshot() -> list[Any]:
        """Takes a picture of the screen."""
        return ["1 screen", File(PNG, name="screen.png")]

    for dialect in ("openai-chat", "anthropic", "openai-responses"):
        provider = scripted_provider(call("screenshot", {}), say("A desktop."))
        with agent_of(provider, dialect, tools=[screenshot]) as agent:
            assert agent.run("Look").text == "A desktop."
        assert base64.b64encode(PNG).decode() in provider.requests[1]
        assert "1 screen" in provider.requests[1]
        provider.assert_played()


def test_a_file_that_a_tool_may_not_return_is_told_to_the_model(scripted_provider: Start) -> None:
    def listen() -> File:
        """Records sound."""
        return File(b"OggS" + b"0" * 40, name="x.ogg")

    provider = scripted_provider(call("listen", {}), say("Pity."))
    with agent_of(provider, "anthropic", tools=[listen]) as agent:
        assert agent.run("Listen").text == "Pity."
    result = provider.requests[1].messages[2]["content"][0]
    assert result["is_error"] and "audio/ogg" in result["content"]


def test_a_refused_picture_of_a_tool_is_described_and_one_of_the_user_fails_the_turn(scripted_provider: Start) -> None:
    def screenshot() -> list[Any]:
        """Takes a picture of the screen."""
        return ["1 screen", File(PNG, name="screen.png")]

    message = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
    refusal = {"status": 500, "error": {"code": "server_error", "message": message}}
    letters = base64.b64encode(PNG).decode()
    provider = scripted_provider(call("screenshot", {}), refusal, say("Unseen."))
    with agent_of(provider, tools=[screenshot], limits=zerostack.Limits(max_attempts=1)) as agent:
        turn = agent.stream("Look")
        reasons = [event.reason for event in turn if isinstance(event, zerostack.Retry)]
        assert turn.answer.text == "Unseen."
        assert len(reasons) == 1 and message in reasons[0] and "attachments of its profile" in reasons[0]
        assert agent.session.profile["attachments"] == "none"
    assert [letters in request for request in provider.requests] == [False, True, False]
    assert f"[image screen.png, image/png, {len(PNG)} bytes: " in provider.requests[2]
    provider = scripted_provider(refusal, say("Without."))
    with agent_of(provider) as agent:
        with pytest.raises(zerostack.ProviderStatus, match="image input is not supported"):
            agent.run("Look", attachments=[File(PNG, name="cat.png")])
        with pytest.raises(zerostack.UnsupportedAttachment):
            agent.run("Look", attachments=[File(PNG, name="cat.png")])
        assert agent.run("Then without").text == "Without."
    provider.assert_requests(2)


def test_what_cannot_be_sent_is_an_error_before_anything_is(
    scripted_provider: Start, tmp_path: Path
) -> None:
    provider = scripted_provider("never")
    with agent_of(provider, "anthropic") as agent:
        with pytest.raises(zerostack.UnsupportedAttachment):
            agent.run("Listen", attachments=[b"OggS" + b"0" * 40])
        (tmp_path / "empty.png").touch()
        with pytest.raises(ValueError, match="empty.png is empty"):
            agent.run("Look", attachments=[tmp_path / "empty.png"])
        with pytest.raises(ValueError, match="media_type"):
            agent.run("Look", attachments=[b"who knows"])
        with pytest.raises(FileNotFoundError):
            agent.run("Look", attachments=["no-such.png"])
        with pytest.raises(TypeError, match="not int"):
            agent.run("Look", attachments=[1])  # type: ignore[list-item]
        # The conversation can go on.
        assert agent.run("Hello").text == "never"
    provider.assert_requests(1)


def test_a_file_that_changed_is_not_sent_in_part(scripted_provider: Start, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    provider = scripted_provider("One.", "Two.")
    with agent_of(provider) as agent:
        agent.run("Look", attachments=[path])
        for changed in (PNG[:-1], PNG + b"1"):
            path.write_bytes(changed)
            with pytest.raises(zerostack.MissingAttachment, match="cat.png"):
                agent.run("Again")
    provider.assert_requests(1)


def test_a_saved_conversation_says_that_its_files_are_missing(scripted_provider: Start) -> None:
    provider = scripted_provider("A cat.", "It was a cat.")
    with agent_of(provider) as agent:
        agent.run("What is this?", attachments=[File(PNG, name="cat.png")])
        saved = agent.session.snapshot()
    session = Session.resume(saved, "openai-chat", "m")
    parts = [entry.part for entry in session.transcript]
    assert Attachment("image/png", 0, len(PNG), "cat.png") in parts
    with Agent(session, base_url=provider.url, api_key="test-key") as agent:
        with pytest.raises(zerostack.MissingAttachment, match="leave_out_attachments"):
            agent.run("What was it?")
        assert session.leave_out_attachments() == 1
        assert agent.run("What was it?").text == "It was a cat."
    assert "[image cat.png, image/png" in provider.requests[1]


def test_the_session_alone_asks_for_the_bytes() -> None:
    session = Session("gemini", "gemini-3-pro")
    session.user("Look", [Attachment("image/png", 7, len(PNG))])
    with pytest.raises(zerostack.MissingAttachment):
        session.request()
    asked = []

    def read(number: int, offset: int, size: int) -> bytes:
        asked.append((number, offset, size))
        return PNG[offset : offset + size]

    body = session.request(read).body
    assert base64.b64encode(PNG) in body
    assert asked[0] == (7, 0, 49152) and sum(size for _, _, size in asked) == len(PNG)
    with pytest.raises(ValueError, match="3 bytes of attachment 7"):
        session.request(lambda number, offset, size: b"123")
    with pytest.raises(TypeError):
        session.user("x", [b"1"])  # type: ignore[list-item]


def test_async_agents_send_them(scripted_provider: Start) -> None:
    provider = scripted_provider("A cat.")

    async def ask() -> zerostack.Answer:
        async with AsyncAgent("m", base_url=provider.url, api_key="test-key") as agent:
            return await agent.run("What is this?", attachments=[io.BytesIO(PNG)])

    answer = asyncio.run(ask())
    assert answer.text == "A cat." and PNG_URL in provider.requests[0]


def test_the_kit_tells_what_is_wrong(scripted_provider: Start) -> None:
    provider = scripted_provider("One.", "Two.")
    with agent_of(provider) as agent:
        agent.run("Hello")
    with pytest.raises(AssertionError, match="1 replies of the script were not played"):
        provider.assert_played()
    with pytest.raises(AssertionError, match="1 requests were sent, not 2"):
        provider.assert_requests(2)
    request = provider.requests[0]
    assert request.path == "/v1/chat/completions" and request.headers["authorization"] == "(key)"
    assert request.json()["model"] == "m" and "Hello" in request
    with pytest.raises(ValueError):
        scripted_provider({"nonsense": 1})
