"""What requests say beside the conversation: keyword arguments of sessions, agents and tapes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

import zerostack
from zerostack import Session

SCHEMA = {"type": "object", "properties": {"line": {"type": "integer"}}}


def body(dialect: str = "openai-chat", **options: Any) -> dict[str, Any]:
    session = Session(dialect, "m", **options)
    session.user("hi")
    sent: dict[str, Any] = json.loads(session.request().body)
    return sent


def test_keyword_arguments_are_the_fields_of_the_request() -> None:
    sent = body(
        temperature=0.2,
        top_p=Decimal("0.95"),
        frequency_penalty=-1,
        seed=7,
        stop=["END", "--"],
        reasoning_effort="low",
        service_tier="flex",
        user="u",
        cache_ttl="24h",
        response_schema=SCHEMA,
        extra={"top_k": 40},
    )
    del sent["messages"], sent["stream"], sent["stream_options"], sent["model"]
    assert sent == {
        "temperature": 0.2,
        "top_p": 0.95,
        "frequency_penalty": -1,
        "seed": 7,
        "stop": ["END", "--"],
        "reasoning_effort": "low",
        "service_tier": "flex",
        "user": "u",
        "prompt_cache_retention": "24h",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": False, "schema": SCHEMA},
        },
        "top_k": 40,
    }
    assert body(stop="END")["stop"] == ["END"]
    # 0.1 + 0.2 is not 0.3, and means it.
    assert body(temperature=0.1 + 0.2)["temperature"] == 0.3
    closed = {**SCHEMA, "required": list(SCHEMA["properties"]), "additionalProperties": False}
    strict = {"name": "line", "schema": closed, "strict": True}
    held = body(response_schema=strict)["response_format"]["json_schema"]
    assert held == {"name": "line", "strict": True, "schema": closed}


def test_a_schema_that_a_server_would_ignore_or_refuse_in_part_is_an_error() -> None:
    schema = {"type": "object", "properties": {"a": {"const": 1}}}
    with pytest.raises(zerostack.BadSchema, match="at byte 0"):
        Session("openai-chat", "m", response_schema={"schema": schema, "strict": True})
    native = {"schema": schema, "mode": "native"}
    with pytest.raises(zerostack.BadSchema) as raised:
        Session("gemini", "m", response_schema=native)
    assert json.dumps(schema)[raised.value.detail :].startswith("const")
    assert Session("gemini", "m", response_schema={"schema": schema}).step is zerostack.Step.IDLE


def test_what_a_dialect_cannot_say_is_an_error_with_the_name() -> None:
    with pytest.raises(zerostack.UnsupportedOption, match="top_k") as raised:
        Session("openai-chat", "m", top_k=40)
    assert raised.value.detail == 3
    with pytest.raises(zerostack.BadOption, match="temperature"):
        Session("anthropic", "m", temperature=1.5)
    with pytest.raises(zerostack.BadOption, match="tool_choice"):
        Session("openai-chat", "m", tool_choice="required")
    with pytest.raises(zerostack.BadOption, match="extra"):
        Session("openai-chat", "m", extra={"messages": []})
    for wrong in (0.1234, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="temperature"):
            Session("openai-chat", "m", temperature=wrong)
    for name in ("temperature", "stop", "parallel_tool_calls", "response_schema", "extra"):
        with pytest.raises(TypeError):
            Session("openai-chat", "m", **{name: object()})
    with pytest.raises(ValueError, match="reasoning_effort"):
        Session("openai-chat", "m", reasoning_effort="huge")
    with pytest.raises(TypeError, match="temprature"):
        Session("openai-chat", "m", temprature=1)


def test_options_are_seen_and_go_on_in_a_fork() -> None:
    session = Session("openai-chat", "m", temperature=0.25, stop="END", parallel_tool_calls=False)
    assert session.options == {"temperature": 0.25, "stop": ["END"], "parallel_tool_calls": False}
    fork = session.fork(temperature=1)
    assert fork.options["temperature"] == 1
    assert fork.options["stop"] == ["END"]
    assert Session("openai-chat", "m").options == {}
