"""What a server refuses or demands beyond its dialect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

import zerostack
from zerostack import Agent, Session
from zerostack._endpoint import known_profile
from zerostack.testing import ScriptedProvider, say

Start = Callable[..., ScriptedProvider]


def body(session: Session) -> dict[str, Any]:
    session.user("hi")
    parsed: dict[str, Any] = json.loads(bytes(session.request().body))
    return parsed


def test_a_profile_is_a_mapping_or_a_text() -> None:
    plain = body(Session("openai-chat", "m"))
    assert plain["stream_options"] == {"include_usage": True}
    for profile in ({"stream_options": False, "system_role": "developer"}, "stream_options=false,system_role=developer"):
        session = Session("openai-chat", "m", system="s", profile=profile)
        assert session.profile == {"stream_options": False, "system_role": "developer"}
        sent = body(session)
        assert "stream_options" not in sent and sent["messages"][0]["role"] == "developer"
    mistral = Session("openai-chat", "m", profile="mistral")
    assert mistral.profile == {"stream_options": False, "call_ids": "nine-letters"}


def test_the_key_of_the_limit_comes_with_a_known_server() -> None:
    limits = zerostack.Limits(max_output_tokens=9)
    key = zerostack.OutputLimitKey
    assert Session("openai-chat", "m", profile="openai", limits=limits).output_limit_key is key.MAX_COMPLETION_TOKENS
    own = Session("openai-chat", "m", profile="openai", output_limit_key="max_tokens")
    assert own.output_limit_key is key.MAX_TOKENS
    mapping = {"output_limit_key": "max_completion_tokens", "stream": False}
    sent = body(Session("openai-chat", "m", profile=mapping, limits=limits))
    assert sent["max_completion_tokens"] == 9 and sent["stream"] is False


def test_what_is_no_profile_is_refused() -> None:
    for profile, error, part in (
        ("nobody", ValueError, "nobody"),
        ({"streams": True}, TypeError, "stream_options"),
        ({"stream": "maybe"}, ValueError, "true, false"),
        ({"output_limit_key": "tokens"}, ValueError, "max_completion_tokens"),
        (7, TypeError, "profile"),
    ):
        with pytest.raises(error, match=part):
            Session("openai-chat", "m", profile=profile)  # type: ignore[arg-type]
    with pytest.raises(zerostack.UnsupportedOption, match="stream_options"):
        Session("gemini", "m", profile={"stream_options": False})


def test_an_agent_knows_the_server_of_its_base_url() -> None:
    assert known_profile("openai-chat", "https://api.mistral.ai/v1") == "mistral"
    assert known_profile("openai-chat", "http://localhost:8000") == "vllm"
    assert known_profile("openai-chat", "http://localhost:8001") is None
    assert known_profile("anthropic", None) == "anthropic"
    with Agent("m", base_url="https://api.mistral.ai/v1", api_key="k") as agent:
        assert agent.session.profile["stream_options"] is False
    with Agent("m", base_url="https://api.mistral.ai/v1", api_key="k", profile={"stream": True}) as agent:
        assert agent.session.profile == {"stream": True}


def test_a_refusal_that_names_a_field_is_sent_again_without_it(scripted_provider: Start, tmp_path: Path) -> None:
    refusal = {"status": 400, "error": {"code": "", "message": "Unknown parameter: 'stream_options'."}}
    provider = scripted_provider(refusal, say("Yes."))
    tape = tmp_path / "tape"
    with Agent("m", base_url=provider.url, api_key="test-key", record=tape, limits=zerostack.Limits(max_attempts=1)) as agent:
        turn = agent.stream("hi")
        reasons = [event.reason for event in turn if isinstance(event, zerostack.Retry)]
        assert turn.answer.text == "Yes."
        assert agent.session.profile == {"stream_options": False}
        assert agent.session.switched_off is None
    assert len(reasons) == 1 and "goes without it (stream_options" in reasons[0]
    bodies = [request.json() for request in provider.requests]
    assert ["stream_options" in sent for sent in bodies] == [True, False]
