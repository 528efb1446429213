"""JSON of the model."""

from __future__ import annotations

import json
from typing import cast

from .errors import BadJson

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
