"""Answers as values of a type: the schema for the model, and the value from the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ._core import End, PartialJson, Recovered, Restart, TextDelta, ToolCall
from ._schema import Shapes
from ._types import Event
from .errors import BadArguments, ZerostackError
from . import _json


class PartialOutput(NamedTuple):
    """The answer so far, while it arrives: the same object each time, which grows.

    It has JSON's types (``dict``, ``list``, ``str``, numbers, ``bool``), and is not checked yet. A
    :class:`Restart` invalidates it.
    """

    value: Any

    def to_dict(self) -> dict[str, Any]:
        """The event as a ``dict`` that ``json`` knows, with its ``type`` in lower case."""
        return _json.to_dict(self)

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.to_json(self)


class OutputType:
    """The type of an answer.

    Raises ``TypeError`` for one that JSON has no form for.
    """

    def __init__(self, hint: Any) -> None:
        shapes = Shapes()
        try:
            self._shape = shapes.of(hint)
        except TypeError as error:
            raise TypeError(f"output_type: {error}") from None
        schema = dict(self._shape.schema)
        # Providers require an object, so other types are wrapped in one.
        self._is_wrapped = schema.get("type") != "object"
        if self._is_wrapped:
            schema = {
                "type": "object",
                "properties": {"value": schema},
                "required": ["value"],
                "additionalProperties": False,
            }
        if shapes.definitions:
            schema["$defs"] = shapes.definitions
        self._schema = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", getattr(hint, "__name__", "") or "answer")
        self._name = name[:64]

    def option(self, max_repairs: int) -> Mapping[str, Any]:
        """The ``response_schema`` of a session."""
        return {"name": self._name, "schema": self._schema, "max_repairs": max_repairs}

    def read(self, text: str) -> Any:
        """The value in the JSON ``text``.

        Raises :class:`BadArguments` when it does not fit: a type may require more than its schema.
        """
        try:
            value = json.loads(text)
            if not self._is_wrapped:
                return self._shape.read(value, "", True)
            if not isinstance(value, dict) or "value" not in value:
                raise BadArguments("the value is missing")
            return self._shape.read(value["value"], "value", True)
        except BadArguments as error:
            said = re.sub("^the arguments", "the answer", str(error))
            raise BadArguments(said) from None
        except (ValueError, RecursionError) as error:
            raise BadArguments(f"the answer is not JSON that can be read: {error}") from None

    def partial(self, value: Any) -> Any:
        """The part of ``value``, the whole JSON, that is the answer."""
        return value.get("value") if self._is_wrapped and isinstance(value, dict) else value


_MADE: dict[Any, OutputType] = {}


def output_type(hint: Any) -> OutputType:
    """The type for ``hint``. It is made once for each hint that can be remembered."""
    try:
        made = _MADE.get(hint)
    except TypeError:
        return OutputType(hint)
    if made is None:
        # Hints that are created at run time are not kept forever.
        if len(_MADE) >= 256:
            _MADE.clear()
        made = _MADE[hint] = OutputType(hint)
    return made


class Growing:
    """The answer of a turn while it arrives."""

    def __init__(self, kind: OutputType) -> None:
        self._kind = kind
        self._json: PartialJson | None = PartialJson()

    def take(self, event: Event) -> PartialOutput | None:
        """The answer after an event, if it has grown."""
        if isinstance(event, (End, Recovered, Restart, ToolCall)):
            # Another reply follows, or the text is discarded.
            self._json = PartialJson()
        if self._json is None or not isinstance(event, TextDelta):
            return None
        try:
            if not self._json.feed(event.text):
                return None
        except ZerostackError:
            # It is not JSON, for example because of a fence around it: only the whole answer
            # counts.
            self._json = None
            return None
        value = self._kind.partial(self._json.value)
        return None if value is None else PartialOutput(value)


def ask_again(error: BadArguments) -> str:
    """The request to the model if the answer does not have its type."""
    return (
        f"This is not the answer that was asked for: {error}. Answer again, with the whole JSON value "
        "and nothing else."
    )

