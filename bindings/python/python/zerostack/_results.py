"""The result of a tool, as text for the model."""

from __future__ import annotations

import collections
import collections.abc as abc
import dataclasses
import datetime
import decimal
import enum
import ipaddress
import json
import pathlib
import re
import sys
import uuid
from typing import Any, NamedTuple

from . import _values
from .files import File


class ToolError(Exception):
    """Raised by a tool that fails: the model gets exactly this text."""


class ToolOutput(NamedTuple):
    """A tool's output for the model."""

    content: str
    """Text, or JSON."""
    is_error: bool = False
    """Whether the call failed."""
    files: tuple[File, ...] = ()
    """Files for the model in addition to the text."""


def output_of(value: Any) -> ToolOutput:
    """The output for the model of a tool that returned ``value``: a string unchanged, anything else
    as JSON, an iterator as the list of its items.

    Raises :class:`ToolError` for a value that has no form in JSON.
    """
    if isinstance(value, ToolOutput):
        return value._replace(content=clean(value.content))
    if isinstance(value, File):
        return ToolOutput("", files=(value,))
    if isinstance(value, abc.Iterator):
        # The values that a tool yields.
        value = list(value)
    files = _files_in(value)
    if files:
        others = [output_of(each).content for each in value if not isinstance(each, File)]
        return ToolOutput("\n".join(others), files=files)
    if isinstance(value, str):
        # Not the form of a subclass, such as an enum.
        return ToolOutput(clean(str.__str__(value)))
    if isinstance(value, (bytes, bytearray, memoryview)):
        text = bytes(value).decode("utf-8", "replace")
        replaced = text.encode() != bytes(value)
        note = "\n(bytes that are not UTF-8 were replaced)" if replaced else ""
        return ToolOutput(text + note)
    if hasattr(value, "model_dump_json"):
        return ToolOutput(value.model_dump_json())
    try:
        try:
            text = _dumped(value)
        except TypeError:
            # Keys that are not strings are rare, so other values need not be searched.
            text = _dumped(_with_text_keys(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"the tool's result is no JSON: {error}") from error
    return ToolOutput(clean(text))


def _files_in(value: Any) -> tuple[File, ...]:
    """The files of a list or tuple; empty for anything else."""
    if not isinstance(value, (list, tuple)):
        return ()
    return tuple(each for each in value if isinstance(each, File))


def clean(text: str) -> str:
    """``text`` without lone surrogates, which JSON cannot hold; file names may have some."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def plain(value: Any) -> Any:
    """A value that ``json`` supports, for one that it does not.

    Raises ``TypeError`` for one that has no form in JSON.
    """
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if _is_pydantic(value):
        return _by_pydantic(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # One level: the values inside are converted separately.
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (abc.Set, abc.ValuesView, collections.deque, range)):
        return list(value)
    if isinstance(value, abc.Mapping):
        return dict(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return _values.duration(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, re.Pattern):
        return value.pattern
    if isinstance(value, _TEXTS):
        return str(value)
    if "pydantic_core" in sys.modules:
        return _by_pydantic(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain)


def _with_text_keys(value: Any) -> Any:
    """The same, with a text for each key of a mapping."""
    if isinstance(value, abc.Mapping):
        return {_key(key): _with_text_keys(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_text_keys(each) for each in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return _with_text_keys(plain(value))


def _key(key: Any) -> Any:
    if isinstance(key, enum.Enum):
        key = key.value
    if key is None or isinstance(key, (str, int, float)):
        return key
    text = plain(key)
    if not isinstance(text, str):
        raise TypeError(f"{type(key).__name__} is no key of a JSON object")
    return text


def _is_pydantic(value: Any) -> bool:
    return hasattr(type(value), "__pydantic_serializer__") or hasattr(
        type(value), "__get_pydantic_core_schema__"
    )


def _by_pydantic(value: Any) -> Any:
    import pydantic_core

    try:
        return pydantic_core.to_jsonable_python(value)
    except pydantic_core.PydanticSerializationError:
        raise TypeError(f"{type(value).__name__} has no form in JSON") from None


_TEXTS = (
    decimal.Decimal,
    uuid.UUID,
    pathlib.PurePath,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
)
