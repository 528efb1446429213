"""Events as streams for browsers: server-sent events, and the shapes of two published protocols.

>>> from zerostack import streams
>>> def answer(question):  # a view of Flask, Django or FastAPI
...     events = agent.stream(question)
...     return Response(streams.UiMessageStream().stream(events), headers=streams.UiMessageStream.headers)

Each translator takes the events of an agent, of ``zerostack.run(on_event=)`` or lines of
``zerostack run --events json``, as they arrive.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, Union

from . import _json
from .errors import BadJson

__all__ = ["AgUi", "Lines", "Streamed", "UiMessageStream", "sse"]

Streamed = Union[Mapping[str, Any], Any]
"""An event of an agent, or the ``dict`` of a line of ``--events json``."""


def sse(data: str | Mapping[str, Any], *, event: str | None = None, id: str | None = None) -> str:
    """One server-sent event: ``data`` as it is, or as JSON on one line.

    >>> sse({"type": "text", "text": "Hi"}, id="7")
    'id: 7\\ndata: {"type":"text","text":"Hi"}\\n\\n'
    """
    text = data if isinstance(data, str) else _dumped(data)
    fields = [("id", id), ("event", event)]
    head = "".join(f"{name}: {_one_line(value)}\n" for name, value in fields if value is not None)
    # A line feed in the data begins another line, as a carriage return does.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return head + "".join(f"data: {line}\n" for line in lines) + "\n"


class Lines:
    """Server-sent events that hold our own events, in the form of ``to_json()``.

    The other protocols are classes with the same methods: ``start``, ``feed`` and ``end`` return
    what to send as ``dict``\\ s; ``stream`` and ``astream`` do all of it. An object serves one run.
    """

    headers: Mapping[str, str] = {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
    }
    """The headers of the response."""

    def start(self) -> list[dict[str, Any]]:
        """The messages before the first event."""
        return []

    def feed(self, event: Streamed) -> list[dict[str, Any]]:
        """The messages for an event in this protocol: often none, sometimes several."""
        return [dict(event) if isinstance(event, Mapping) else event.to_dict()]

    def end(self, error: BaseException | str | None = None) -> list[dict[str, Any]]:
        """The messages after the last event, or after ``error``."""
        return [] if error is None else [{"type": "error", "message": str(error)}]

    def last(self) -> str:
        """The end marker of the stream, in addition to the events."""
        return ""

    def stream(self, events: Iterable[Streamed]) -> Iterator[str]:
        """The whole stream. An error of the run becomes an event, and is raised after it."""
        yield from map(sse, self.start())
        try:
            for event in events:
                yield from map(sse, self.feed(event))
        except GeneratorExit:
            # The browser disconnected.
            raise
        except BaseException as error:
            yield from map(sse, self.end(error))
            raise
        yield from map(sse, self.end())
        yield self.last()

    async def astream(self, events: AsyncIterable[Streamed]) -> AsyncIterator[str]:
        """The same over events that are awaited."""
        for data in self.start():
            yield sse(data)
        try:
            async for event in events:
                for data in self.feed(event):
                    yield sse(data)
        except GeneratorExit:
            raise
        except BaseException as error:
            for data in self.end(error):
                yield sse(data)
            raise
        for data in self.end():
            yield sse(data)
        yield self.last()


class _Parts(Lines):
    """The common part of the protocols: parts that begin and end, and replies."""

    def __init__(self) -> None:
        self._open: tuple[str, str] | None = None
        self._count = 0
        self._in_reply = False
        self._waits_for_tools = False
        self._error: str | None = None
        # The calls of which pieces were sent: the name, and the arguments so far.
        self._begun: dict[str, tuple[str, str]] = {}
        self._is_hidden = False

    def feed(self, event: Streamed) -> list[dict[str, Any]]:
        line = event if isinstance(event, Mapping) else event.to_dict()
        # The text of a subagent is not part of the answer.
        if line.get("parent") is not None:
            return []
        return list(self._line(line))

    def _line(self, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind = line["type"]
        if kind in ("text", "refusal", "reasoning"):
            if not line["text"]:
                return
            yield from self._begin_reply()
            part = "reasoning" if kind == "reasoning" else "text"
            if self._open is None or self._open[0] != part:
                yield from self._close()
                self._count += 1
                self._open = (part, f"{part}-{self._count}")
                yield from self._begin(*self._open)
            yield self._delta(*self._open, line["text"])
        elif kind == "tool_call_delta":
            yield from self._piece(line)
        elif kind == "tool_call":
            yield from self._begin_reply()
            yield from self._close()
            begun = self._begun.pop(line["id"], None)
            if begun is None:
                yield self._begin_call(line["id"], line["name"])
            text, told = line["arguments"], "" if begun is None else begun[1]
            yield from self._call(line, text[len(told) :] if text.startswith(told) else "")
        elif kind == "tool_result":
            yield from self._result(line)
        elif kind == "reply_end":
            yield from self._close()
            # The results of its calls belong to the step.
            self._waits_for_tools = line["stop"] == "tool_use"
            if not self._waits_for_tools:
                yield from self._end_reply()
        elif kind == "restart":
            yield from self._end_reply()
            yield self._restart()
        elif kind == "result" and not line["ok"]:
            self._error = line["error"]["message"]

    def _piece(self, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """More of the arguments of a call. Without its id and its name it cannot be announced, and
        its first pieces would be lost: then it is reported whole.
        """
        id, text = line["id"], line["arguments"]
        if id not in self._begun:
            if not id or not line["name"] or self._is_hidden:
                self._is_hidden = True
                return
            yield from self._begin_reply()
            yield from self._close()
            yield self._begin_call(id, line["name"])
            self._begun[id] = (line["name"], "")
        name, told = self._begun[id]
        self._begun[id] = (name, told + text)
        if text:
            yield self._call_delta(id, text)

    def _close(self) -> Iterator[dict[str, Any]]:
        if self._open is not None:
            part, self._open = self._open, None
            yield from self._finish(*part)

    def _begin_reply(self) -> Iterator[dict[str, Any]]:
        if self._waits_for_tools:
            yield from self._end_reply()
        if not self._in_reply:
            self._in_reply = True
            yield self._step(True)

    def _end_reply(self) -> Iterator[dict[str, Any]]:
        yield from self._close()
        self._waits_for_tools = self._is_hidden = False
        for id, (name, text) in self._begun.items():
            yield from self._drop_call(id, name, text)
        self._begun.clear()
        if self._in_reply:
            self._in_reply = False
            yield self._step(False)

    def _begin(self, part: str, id: str) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def _delta(self, part: str, id: str, text: str) -> dict[str, Any]:
        raise NotImplementedError

    def _finish(self, part: str, id: str) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def _begin_call(self, id: str, name: str) -> dict[str, Any]:
        raise NotImplementedError

    def _call_delta(self, id: str, text: str) -> dict[str, Any]:
        raise NotImplementedError

    def _call(self, line: Mapping[str, Any], rest: str) -> Iterator[dict[str, Any]]:
        """The call is complete; ``rest`` is the unsent part of its arguments."""
        raise NotImplementedError

    def _drop_call(self, id: str, name: str, text: str) -> Iterator[dict[str, Any]]:
        """The reply broke off in the call."""
        raise NotImplementedError

    def _result(self, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def _step(self, begins: bool) -> dict[str, Any]:
        raise NotImplementedError

    def _restart(self) -> dict[str, Any]:
        raise NotImplementedError


class UiMessageStream(_Parts):
    """The UI message stream of the AI SDK (protocol ``v1``), which ``useChat`` reads.

    A reply that broke off and is requested again is reported as ``data-restart``: discard its
    text.
    """

    headers = {**Lines.headers, "x-vercel-ai-ui-message-stream": "v1"}

    def __init__(self, message_id: str | None = None) -> None:
        super().__init__()
        self.message_id = message_id or f"msg_{uuid.uuid4().hex}"

    def start(self) -> list[dict[str, Any]]:
        return [{"type": "start", "messageId": self.message_id}]

    def end(self, error: BaseException | str | None = None) -> list[dict[str, Any]]:
        why = self._error if error is None else str(error)
        last = {"type": "finish"} if why is None else {"type": "error", "errorText": why}
        return [*self._end_reply(), last]

    def last(self) -> str:
        return sse("[DONE]")

    def _begin(self, part: str, id: str) -> Iterator[dict[str, Any]]:
        yield {"type": f"{part}-start", "id": id}

    def _delta(self, part: str, id: str, text: str) -> dict[str, Any]:
        return {"type": f"{part}-delta", "id": id, "delta": text}

    def _finish(self, part: str, id: str) -> Iterator[dict[str, Any]]:
        yield {"type": f"{part}-end", "id": id}

    def _begin_call(self, id: str, name: str) -> dict[str, Any]:
        return {"type": "tool-input-start", "toolCallId": id, "toolName": name}

    def _call_delta(self, id: str, text: str) -> dict[str, Any]:
        return {"type": "tool-input-delta", "toolCallId": id, "inputTextDelta": text}

    def _drop_call(self, id: str, name: str, text: str) -> Iterator[dict[str, Any]]:
        call = {"toolCallId": id, "toolName": name}
        why = "the reply broke off in this call"
        yield {"type": "tool-input-error", **call, "input": text, "errorText": why}

    def _call(self, line: Mapping[str, Any], rest: str) -> Iterator[dict[str, Any]]:
        call = {"toolCallId": line["id"], "toolName": line["name"]}
        try:
            value = _json.arguments(line["arguments"])
        except BadJson as error:
            text = {"input": line["arguments"], "errorText": str(error)}
            yield {"type": "tool-input-error", **call, **text}
        else:
            yield {"type": "tool-input-available", **call, "input": value}

    def _result(self, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        call = {"toolCallId": line["id"]}
        if line["is_error"]:
            yield {"type": "tool-output-error", **call, "errorText": line["content"]}
        else:
            yield {"type": "tool-output-available", **call, "output": line["content"]}

    def _step(self, begins: bool) -> dict[str, Any]:
        return {"type": "start-step" if begins else "finish-step"}

    def _restart(self) -> dict[str, Any]:
        return {"type": "data-restart", "data": {}, "transient": True}


class AgUi(_Parts):
    """Events of the Agent User Interaction Protocol (AG-UI).

    A reply that broke off and is requested again is reported as ``CUSTOM`` with the name
    ``restart``.
    """

    def __init__(self, thread_id: str | None = None, run_id: str | None = None) -> None:
        super().__init__()
        self.thread_id = thread_id or uuid.uuid4().hex
        self.run_id = run_id or uuid.uuid4().hex
        self._steps = 0

    def start(self) -> list[dict[str, Any]]:
        return [{"type": "RUN_STARTED", **self._run()}]

    def end(self, error: BaseException | str | None = None) -> list[dict[str, Any]]:
        why = self._error if error is None else str(error)
        if why is not None:
            return [*self._end_reply(), {"type": "RUN_ERROR", "message": why}]
        return [*self._end_reply(), {"type": "RUN_FINISHED", **self._run()}]

    def _run(self) -> dict[str, Any]:
        return {"threadId": self.thread_id, "runId": self.run_id}

    def _id(self, id: str) -> dict[str, Any]:
        return {"messageId": f"{self.run_id}-{id}"}

    def _begin(self, part: str, id: str) -> Iterator[dict[str, Any]]:
        if part == "text":
            yield {"type": "TEXT_MESSAGE_START", **self._id(id), "role": "assistant"}
        else:
            yield {"type": "REASONING_START", **self._id(id)}
            yield {"type": "REASONING_MESSAGE_START", **self._id(id), "role": "reasoning"}

    def _delta(self, part: str, id: str, text: str) -> dict[str, Any]:
        kind = "TEXT_MESSAGE_CONTENT" if part == "text" else "REASONING_MESSAGE_CONTENT"
        return {"type": kind, **self._id(id), "delta": text}

    def _finish(self, part: str, id: str) -> Iterator[dict[str, Any]]:
        if part == "text":
            yield {"type": "TEXT_MESSAGE_END", **self._id(id)}
        else:
            yield {"type": "REASONING_MESSAGE_END", **self._id(id)}
            yield {"type": "REASONING_END", **self._id(id)}

    def _begin_call(self, id: str, name: str) -> dict[str, Any]:
        return {"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name}

    def _call_delta(self, id: str, text: str) -> dict[str, Any]:
        return {"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": text}

    def _drop_call(self, id: str, name: str, text: str) -> Iterator[dict[str, Any]]:
        yield {"type": "TOOL_CALL_END", "toolCallId": id}

    def _call(self, line: Mapping[str, Any], rest: str) -> Iterator[dict[str, Any]]:
        # An empty piece is not sent.
        if rest:
            yield self._call_delta(line["id"], rest)
        yield {"type": "TOOL_CALL_END", "toolCallId": line["id"]}

    def _result(self, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        self._count += 1
        yield {
            "type": "TOOL_CALL_RESULT",
            **self._id(f"result-{self._count}"),
            "toolCallId": line["id"],
            "content": line["content"],
            "role": "tool",
        }

    def _step(self, begins: bool) -> dict[str, Any]:
        self._steps += begins
        kind = "STEP_STARTED" if begins else "STEP_FINISHED"
        return {"type": kind, "stepName": f"reply {self._steps}"}

    def _restart(self) -> dict[str, Any]:
        return {"type": "CUSTOM", "name": "restart", "value": {}}


def _dumped(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _one_line(text: str) -> str:
    return "".join(character for character in text if character not in "\r\n\0")
