"""JSON of the model, and values as JSON."""

from __future__ import annotations

import enum
import json
import re
from typing import cast

from .errors import BadJson, ZerostackError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def arguments(text: str) -> dict[str, Any]:
    """The arguments of a call. Models send nothing where they mean none."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        message = f"the arguments are not JSON: {error.msg} at character {error.pos}"
        raise BadJson(message, detail=error.pos) from None
    except (ValueError, RecursionError) as error:
        # A number of more digits than Python reads, or a nesting deeper than its stack.
        raise BadJson(f"the arguments are not JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise BadJson(f"the arguments are {type(value).__name__}, not a JSON object")
    return cast("dict[str, Any]", value)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def to_dict(value: Any) -> dict[str, Any]:
    """An event, or another value of this package, as what JSON has: its ``type`` is the name of its
    class in lower case, the words joined by ``_``."""
    names = getattr(value, "__match_args__", ()) or getattr(value, "_fields", ())
    fields = {name: _plain(getattr(value, name)) for name in names}
    return {"type": _type(type(value).__name__), **fields}


def to_json(value: Any) -> str:
    """The same as text, on one line."""
    return json.dumps(to_dict(value), ensure_ascii=False, separators=(",", ":"))


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
