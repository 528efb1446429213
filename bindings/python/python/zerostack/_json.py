"""JSON of the model, and values as JSON."""

from __future__ import annotations

import enum
import json
import re
from typing import cast

from .errors import BadJson, ZerostackError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def arguments(text: str) -> dict[str, Any]:
    """The arguments of a call. Models send an empty text if there are none."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        message = f"the arguments are not JSON: {error.msg} at character {error.pos}"
        raise BadJson(message, detail=error.pos) from None
    except (ValueError, RecursionError) as error:
        # A number with more digits than Python reads, or nesting deeper than its stack.
        raise BadJson(f"the arguments are not JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise BadJson(f"the arguments are {type(value).__name__}, not a JSON object")
    return cast("dict[str, Any]", value)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def to_dict(value: Any) -> dict[str, Any]:
    """An event in the form of ``zerostack run --events json``; any other value of this package with
    the name of its class as its ``type``, in lower case, the words joined by ``_``.
    """
    made = _EVENTS.get(type(value).__name__)
    if made is not None:
        return made(value)
    names = getattr(value, "__match_args__", ()) or getattr(value, "_fields", ())
    fields = {name: _plain(getattr(value, name)) for name in names}
    return {"type": _type(type(value).__name__), **fields}


def to_json(value: Any) -> str:
    """The same as text, on one line: for an event, the bytes that the command and the core write.
    """
    return text(to_dict(value))


def text(value: dict[str, Any]) -> str:
    """A value of ``dict``s, lists and strings as JSON, on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _counts(usage: Any) -> dict[str, int]:
    return {name: getattr(usage, name) for name in usage.__match_args__}


def _truncated(event: Any) -> dict[str, Any]:
    made = {"tool_result": "shortened", "old_results": "results", "old_exchanges": "exchanges"}
    what = event.what.value
    if what == "reply":
        return {"type": "truncated", "bytes": event.bytes}
    return {"type": "made_room", "what": made.get(what, what), "bytes": event.bytes}


def _call(call: Any) -> dict[str, Any]:
    names = {"id": call.provider_id, "name": call.name, "arguments": call.arguments}
    return {"type": "tool_call", **names}


def _answered(event: Any) -> dict[str, Any]:
    call = {"id": event.call.provider_id, "name": event.call.name, "content": event.content}
    rest = {"is_error": event.is_error, "left_out_bytes": event.left_out_bytes}
    return {"type": "tool_result", **call, **rest}


# The core's `event_json.rs`, for values that it has handed over.
_EVENTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "TextDelta": lambda event: {"type": "text", "text": event.text},
    "ThinkingDelta": lambda event: {"type": "reasoning", "text": event.text},
    "RefusalDelta": lambda event: {"type": "refusal", "text": event.text},
    "ToolCall": _call,
    "ToolCallDelta": lambda event: {**_call(event), "type": "tool_call_delta"},
    "Usage": lambda event: {"type": "usage", "usage": _counts(event)},
    "Truncated": _truncated,
    "Compacting": lambda event: {"type": "compacting"},
    "SummaryFailed": lambda event: {"type": "summary_failed", "reason": str(event.error)},
    "Repeating": lambda event: {"type": "repeating", "name": event.name, "count": event.count},
    "Recovered": lambda event: {"type": "recovered", "calls": event.calls},
    "End": lambda event: {"type": "reply_end", "stop": event.reason.value},
    "Restart": lambda event: {"type": "restart"},
    "ToolAnswered": _answered,
}


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, ZerostackError):
        detail = value.detail
        return {"type": _type(value.code.name), "message": str(value), "detail": int(detail)}
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return value


def _type(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
