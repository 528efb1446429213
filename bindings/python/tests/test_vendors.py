"""Requests of every dialect, option and profile, held against the types of the vendors' own packages."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from zerostack import Attachment, Limits, Session, ToolSpec

pytest.importorskip("openai")
pytest.importorskip("anthropic")
pytest.importorskip("google.genai")
pytest.importorskip("ollama")
from strict_types import StrictTypes  # noqa: E402

Check = Callable[[dict[str, Any]], None]
DIALECTS = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"]
MODELS = {
    "openai-chat": ["gpt-5.2", "gpt-4o", "deepseek-chat"],
    "openai-responses": ["gpt-5.2", "gpt-4o"],
    "anthropic": ["claude-sonnet-4-6", "claude-opus-5", "claude-opus-4-1", "us.anthropic.claude-sonnet-4-5-v1:0"],
    "gemini": ["gemini-3-pro-preview", "gemini-2.5-flash"],
    "ollama": ["qwen3"],
}

NESTED = {
    "type": "object",
    "properties": {
        "place": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "at": {"$ref": "#/$defs/point"}},
            "required": ["city"],
        },
        "days": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        "unit": {"enum": ["C", "F"], "description": "A \"unit\""},
    },
    "required": ["place"],
    "$defs": {"point": {"type": "array", "items": {"type": "number"}, "minItems": 2}},
    "additionalProperties": False,
}
TOOLS = [
    ToolSpec("weather", "The weather.\nOf a place.", json.dumps(NESTED)),
    ToolSpec("nothing", "", "{}"),
]
STRICT = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OPTIONS: dict[str, list[Any]] = {
    "temperature": [0.5],
    "top_p": [0.9],
    "top_k": [40],
    "frequency_penalty": [-1.5],
    "presence_penalty": [1.5],
    "seed": [7],
    "stop": [["END", "\""]],
    "reasoning_effort": ["none", "minimal", "low", "medium", "high", "xhigh", "max"],
    "tool_choice": ["auto", "none", "required", "weather"],
    "parallel_tool_calls": [True, False],
    "service_tier": ["auto"],
    "user": ["u1"],
    "cache_ttl": ["5m", "1h", "24h"],
    "response_schema": [{"schema": STRICT, "strict": True}, {"schema": NESTED}],
}
PROFILES: list[Any] = [
    {field: value}
    for field, values in {
        "stream": [False],
        "stream_options": [False],
        "cache_control": ["automatic", "blocks", "none"],
        "include": [True, False],
        "system_role": ["system", "developer"],
        "instruction_role": ["user", "system", "developer"],
        "output_limit_key": ["max_completion_tokens"],
        "reasoning": ["none", "thinking"],
        "call_ids": ["any", "words", "nine-letters"],
        "schemas": ["strict"],
        "stream_arguments": [True],
        "attachments": ["all", "images", "none"],
    }.items()
    for value in values
]


def chat(body: dict[str, Any]) -> None:
    from openai.types.chat import completion_create_params as params

    stream = body.get("stream")
    kind = params.CompletionCreateParamsStreaming if stream else params.CompletionCreateParamsNonStreaming
    # OpenAI's own models show no reasoning here, so its types have no member for it.
    body = {**body, "messages": [dict(message) for message in body["messages"]]}
    for message in body["messages"]:
        if message["role"] == "assistant":
            for member in ("reasoning_content", "reasoning", "reasoning_details"):
                message.pop(member, None)
    CHECKS.adapter(kind).validate_python(body)


def responses(body: dict[str, Any]) -> None:
    from openai.types.responses import response_create_params as params

    stream = body.get("stream")
    kind = params.ResponseCreateParamsStreaming if stream else params.ResponseCreateParamsNonStreaming
    CHECKS.adapter(kind).validate_python(body)


def anthropic(body: dict[str, Any]) -> None:
    from anthropic.types import message_create_params as params

    stream = body.get("stream")
    kind = params.MessageCreateParamsStreaming if stream else params.MessageCreateParamsNonStreaming
    # The version of the API that a session speaks, 2023-06-01, has these for models up to 4.6; the
    # package speaks a later one.
    body = {name: value for name, value in body.items() if name not in ("temperature", "top_p", "top_k")}
    CHECKS.adapter(kind).validate_python(body)


def gemini(body: dict[str, Any]) -> None:
    """The package has a type for each member of the body, and none for the whole."""
    from google.genai import types

    members: dict[str, Any] = {
        "contents": list[types.Content],
        "systemInstruction": types.Content,
        "tools": list[types.Tool],
        "toolConfig": types.ToolConfig,
        "generationConfig": types.GenerationConfig,
        "serviceTier": str,
    }
    from pydantic import TypeAdapter

    assert set(body) <= set(members), set(body) - set(members)
    for name, value in body.items():
        adapter = TypeAdapter(members[name])
        adapter.validate_json(json.dumps(value))


def ollama(body: dict[str, Any]) -> None:
    from ollama._types import ChatRequest

    request = ChatRequest.model_validate(body)
    # Its types ignore what they do not know, so what they read must be all there is.
    known = json.loads(request.model_dump_json(exclude_none=True))
    missing = list(_missing(body, known, ""))
    # The id of a call is newer than the package.
    assert [path for path in missing if not path.endswith(("tool_call_id", "/id"))] == []


def _missing(sent: Any, known: Any, path: str) -> Iterator[str]:
    if isinstance(sent, dict) and isinstance(known, dict):
        for name, value in sent.items():
            if name in ("parameters", "format", "arguments"):
                continue
            if name not in known:
                yield f"{path}/{name}"
            else:
                yield from _missing(value, known[name], f"{path}/{name}")
    elif isinstance(sent, list) and isinstance(known, list):
        for index, (one, other) in enumerate(zip(sent, known)):
            yield from _missing(one, other, f"{path}/{index}")


CHECKS = StrictTypes()
CHECK: dict[str, Check] = {
    "openai-chat": chat,
    "openai-responses": responses,
    "anthropic": anthropic,
    "gemini": gemini,
    "ollama": ollama,
}


def reply(dialect: str, *, calls: bool, reasoning: bool = True) -> bytes:
    """A whole reply of each dialect, with reasoning, a text and two calls."""
    arguments = {"place": {"city": "Oslo"}}
    text = json.dumps(arguments)
    if dialect == "openai-chat":
        message: dict[str, Any] = {"role": "assistant", "content": "Let me see."}
        if reasoning:
            message["reasoning_content"] = "Hm."
        if calls:
            message["tool_calls"] = [
                {"id": f"call_{at}", "type": "function", "function": {"name": "weather", "arguments": text}}
                for at in "ab"
            ]
        reason = "tool_calls" if calls else "stop"
        return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": reason}]}).encode()
    if dialect == "openai-responses":
        output: list[dict[str, Any]] = []
        if reasoning:
            summary = [{"type": "summary_text", "text": "Hm."}]
            output.append({"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "abc="})
        content = [{"type": "output_text", "text": "Let me see.", "annotations": []}]
        output.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content})
        if calls:
            output += [
                {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", "name": "weather", "arguments": text}
                for at in "ab"
            ]
        return json.dumps({"object": "response", "status": "completed", "output": output}).encode()
    if dialect == "anthropic":
        blocks: list[dict[str, Any]] = []
        if reasoning:
            blocks.append({"type": "thinking", "thinking": "Hm.", "signature": "abc="})
            blocks.append({"type": "redacted_thinking", "data": "abc="})
        blocks.append({"type": "text", "text": "Let me see."})
        if calls:
            blocks += [{"type": "tool_use", "id": f"toolu_{at}", "name": "weather", "input": arguments} for at in "ab"]
        reason = "tool_use" if calls else "end_turn"
        return json.dumps({"type": "message", "role": "assistant", "content": blocks, "stop_reason": reason}).encode()
    if dialect == "gemini":
        parts: list[dict[str, Any]] = []
        if reasoning:
            parts.append({"text": "Hm.", "thought": True})
        parts.append({"text": "Let me see."})
        if calls:
            parts.append({"functionCall": {"name": "weather", "args": arguments}, "thoughtSignature": "YWJj"})
            parts.append({"functionCall": {"name": "weather", "args": arguments}})
        whole = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
        return b"data: " + json.dumps(whole).encode() + b"\n\n"
    said: dict[str, Any] = {"role": "assistant", "content": "Let me see."}
    if reasoning:
        said["thinking"] = "Hm."
    if calls:
        said["tool_calls"] = [{"function": {"name": "weather", "arguments": arguments}} for _ in "ab"]
    return json.dumps({"message": said, "done": True, "done_reason": "stop"}).encode() + b"\n"


def sent(session: Session, files: dict[int, bytes] | None = None) -> dict[str, Any]:
    read = (lambda number, offset, count: (files or {})[number][offset : offset + count]) if files else None
    request = session.request(read) if read else session.request()
    body: dict[str, Any] = json.loads(bytes(request.body))
    return body


def turns(dialect: str, **options: Any) -> Iterator[dict[str, Any]]:
    """The requests of three turns: a text, calls with a good and a failed result, and an instruction."""
    model = options.pop("model", MODELS[dialect][0])
    options.setdefault("system", "Help.")
    options.setdefault("tools", TOOLS)
    session = Session(dialect, model, **options)
    session.user("How is Oslo?\n\"Now\"")
    yield sent(session)
    answer(session, reply(dialect, calls=True))
    results = iter([("12 C", False), ("no such station", True)])
    for call in session.pending_calls():
        content, failed = next(results)
        session.tool_result(call.id, content, failed)
    yield sent(session)
    answer(session, reply(dialect, calls=False))
    session.instruct("Be brief.")
    session.user("And Rome?")
    yield sent(session)


def answer(session: Session, body: bytes) -> None:
    session.begin_response(200)
    session.feed(body)
    session.end_response()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_conversations_are_what_the_vendor_takes(dialect: str) -> None:
    count = 0
    for model in MODELS[dialect]:
        for more in ({}, {"system": ""}, {"tools": []}, {"limits": Limits(max_output_tokens=4096)}):
            for body in turns(dialect, model=model, **more):
                CHECK[dialect](body)
                count += 1
    assert count == 12 * len(MODELS[dialect])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("option", OPTIONS)
def test_options_are_what_the_vendor_takes(dialect: str, option: str) -> None:
    for model, value in itertools.product(MODELS[dialect], OPTIONS[option]):
        # A budget of tokens to think has to leave room for an answer.
        limits = Limits(max_output_tokens=32000)
        try:
            bodies = list(turns(dialect, model=model, limits=limits, **{option: value}))
        except (Exception,) as error:
            assert type(error).__name__ in ("UnsupportedOption", "BadOption"), error
            continue
        for body in bodies:
            CHECK[dialect](body)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("profile", PROFILES, ids=json.dumps)
def test_profiles_are_what_the_vendor_takes(dialect: str, profile: Any) -> None:
    tools = [*TOOLS, ToolSpec("strict", "", json.dumps(STRICT))]
    limits = Limits(max_output_tokens=4096)
    try:
        bodies = list(turns(dialect, profile=profile, tools=tools, limits=limits))
    except (Exception,) as error:
        assert type(error).__name__ == "UnsupportedOption", error
        return
    for body in bodies:
        CHECK[dialect](body)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("media_type", ["image/png", "audio/wav", "application/pdf", "text/plain"])
@pytest.mark.parametrize("where", ["bytes", "address", "id"])
def test_attachments_are_what_the_vendor_takes(dialect: str, media_type: str, where: str) -> None:
    files = {7: b"not really a picture"}
    length = len(files[7])
    given = {
        "bytes": lambda: Attachment(media_type, 7, length, "a.bin"),
        "address": lambda: Attachment(media_type, "https://example.com/a", name="a.bin"),
        "id": lambda: Attachment(media_type, "file-1", name="a.bin"),
    }
    attachment = given[where]()
    session = Session(dialect, MODELS[dialect][0], tools=TOOLS)
    try:
        session.user("Look.", [attachment])
    except (Exception,) as error:
        assert type(error).__name__ == "UnsupportedAttachment", error
        return
    CHECK[dialect](sent(session, files))
    answer(session, reply(dialect, calls=True, reasoning=False))
    for index, call in enumerate(session.pending_calls()):
        try:
            session.tool_result(call.id, "a picture", False, [attachment] if index == 0 else [])
        except (Exception,) as error:
            assert type(error).__name__ == "UnsupportedAttachment", error
            session.tool_result(call.id, "none")
    CHECK[dialect](sent(session, files))


def test_the_types_are_strict() -> None:
    """A member that nobody knows is refused, in each of them."""
    for dialect in DIALECTS:
        body = next(iter(turns(dialect)))
        CHECK[dialect](body)
        with pytest.raises(Exception):
            CHECK[dialect]({**body, "odd": 1})
    body = next(iter(turns("openai-chat")))
    body["messages"][0]["odd"] = 1
    with pytest.raises(Exception):
        chat(body)
    assert base64.b64decode("YWJj") == b"abc"
