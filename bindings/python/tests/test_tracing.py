"""Spans of the turns of agents, as an exporter gets them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Callable

import pytest

import zerostack
from zerostack import Agent, AsyncAgent
from zerostack.testing import ScriptedProvider, call, say

sdk = pytest.importorskip("opentelemetry.sdk.trace")
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)

from zerostack.tracing import SCHEMA_URL, traced  # noqa: E402

Start = Callable[..., ScriptedProvider]


def tracer() -> tuple[Any, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("test", schema_url=SCHEMA_URL), exporter


def weather(city: str) -> str:
    """The weather of a city."""
    if city == "Rome":
        raise zerostack.ToolError("no such station")
    return "rain"


def replies() -> list[Any]:
    both = call("weather", {"city": "Oslo"}, ("weather", {"city": "Rome"}))
    usage = {"input": 10, "output": 5}
    return [{**both, "usage": usage}, say("It rains.", usage={"input": 30, "output": 7})]


def check(spans: Any) -> None:
    names = [span.name for span in spans]
    assert names == ["chat m", "execute_tool weather", "execute_tool weather", "chat m", "invoke_agent"]
    first, oslo, rome, second, turn = spans
    assert all(span.parent.span_id == turn.context.span_id for span in spans[:-1])
    assert first.attributes["gen_ai.provider.name"] == "openai"
    assert first.attributes["gen_ai.usage.input_tokens"] == 10
    assert first.attributes["gen_ai.response.finish_reasons"] == ("tool_use",)
    assert second.attributes["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert turn.attributes["gen_ai.usage.output_tokens"] == 12
    assert oslo.attributes["gen_ai.tool.name"] == "weather" and oslo.status.is_unset
    assert rome.attributes["error.type"] == "tool_error"
    assert turn.instrumentation_scope.schema_url == SCHEMA_URL
    # No text of the conversation is in them.
    assert all("Oslo" not in str(dict(span.attributes)) for span in spans)


def test_attributes_are_those_of_the_conventions(scripted_provider: Start) -> None:
    conventions = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    provider = scripted_provider(say('{"city": "Oslo"}'))
    given, exporter = tracer()
    options: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["END"],
        "response_schema": {"type": "object"},
        "limits": zerostack.Limits(max_output_tokens=99),
    }
    with Agent("m", base_url=provider.url, api_key="test-key", **options) as agent:
        with traced(agent.stream("Where?"), given) as turn:
            for _ in turn:
                pass
    chat, _ = exporter.get_finished_spans()
    known = {value for value in vars(conventions).values() if isinstance(value, str)}
    known |= {"server.address", "server.port", "error.type"}
    assert set(chat.attributes) <= known
    assert chat.attributes["server.address"] == "127.0.0.1"
    assert f":{chat.attributes['server.port']}" in provider.url
    assert chat.attributes["gen_ai.request.temperature"] == 0.5
    assert chat.attributes["gen_ai.request.stop_sequences"] == ("END",)
    assert chat.attributes["gen_ai.request.max_tokens"] == 99
    assert chat.attributes["gen_ai.output.type"] == "json"
    from zerostack import tracing

    values = {value.value for value in conventions.GenAiProviderNameValues}
    assert set(tracing._SERVERS.values()) <= values
    operations = {value.value for value in conventions.GenAiOperationNameValues}
    assert {"chat", "invoke_agent", "execute_tool"} <= operations


def test_the_attributes_of_the_rust_agent_are_those_of_the_conventions() -> None:
    conventions = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = {value for value in vars(conventions).values() if isinstance(value, str)}
    source = Path(__file__).parents[3] / "std-runtime/agent/src/spans/enabled.rs"
    names = set(re.findall(r"gen_ai\.[a-z_.]*[a-z]", source.read_text()))
    assert len(names) > 10 and names <= known


def test_a_turn_its_requests_and_its_calls_are_spans(scripted_provider: Start) -> None:
    provider = scripted_provider(*replies())
    given, exporter = tracer()
    with Agent("m", base_url=provider.url, api_key="test-key", tools=[weather]) as agent:
        with traced(agent.stream("Oslo and Rome?"), given) as turn:
            for _ in turn:
                pass
            assert turn.answer.text == "It rains."
    check(exporter.get_finished_spans())


def test_async_turns_have_the_same_spans(scripted_provider: Start) -> None:
    provider = scripted_provider(*replies())
    given, exporter = tracer()

    async def ask() -> None:
        async with AsyncAgent("m", base_url=provider.url, api_key="test-key", tools=[weather]) as agent:
            async with traced(agent.stream("Oslo and Rome?"), given) as turn:
                async for _ in turn:
                    pass

    asyncio.run(ask())
    check(exporter.get_finished_spans())


def test_an_error_and_a_turn_that_is_left_end_their_spans(scripted_provider: Start) -> None:
    refused = {"status": 401, "error": {"code": "invalid_api_key", "message": "no"}}
    provider = scripted_provider(refused, say("Hello."))
    given, exporter = tracer()
    with Agent("m", base_url=provider.url, api_key="test-key") as agent:
        with pytest.raises(zerostack.ProviderStatus):
            list(traced(agent.stream("Hi"), given))
        chat, turn = exporter.get_finished_spans()
        assert chat.attributes["error.type"] == turn.attributes["error.type"] == "ProviderStatus"
        exporter.clear()
        with traced(agent.stream("Hi"), given) as left:
            next(iter(left))
        assert [span.name for span in exporter.get_finished_spans()] == ["chat m", "invoke_agent"]
