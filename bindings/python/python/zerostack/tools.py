"""Tools: functions that the model may call."""

from __future__ import annotations

import inspect
import json
import typing
from typing import Any, Callable, TypeVar, overload

from . import _docstring, _json
from ._schema import Shapes
from .errors import BadArguments, BadJson

T = TypeVar("T")

__all__ = ["Tool", "ToolError", "ToolOutput", "tool"]


class ToolError(Exception):
    """Raised by a tool that fails: the model is told exactly this text."""


class ToolOutput(typing.NamedTuple):
    """What a tool says to the model."""

    content: str
    """Text, or JSON."""
    is_error: bool = False
    """Whether the call failed."""


class Tool:
    """A function that the model may call, made by :func:`tool`.

    ``name``, ``description`` and ``parameters`` (JSON Schema, as text) are what the model knows of
    it. It can still be called as the function that it is.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"a tool is a function, not {type(function).__name__}")
        self.function = function
        self.timeout_s = timeout_s
        self.name: str = name or getattr(function, "__name__", "") or type(function).__name__
        if not all(c.isascii() and (c.isalnum() or c in "_-") for c in self.name):
            raise TypeError(f"the tool {self.name!r} needs a name of letters, digits, _ and -")
        if len(self.name) > 64:
            raise TypeError(f"the name of the tool {self.name!r} is longer than 64 characters")
        about, documented = _docstring.read(inspect.getdoc(function))
        self.description: str = about if description is None else description
        self.is_async: bool = inspect.iscoroutinefunction(_innermost(function))
        self._shape, schema, self._positional = _parameters(self.name, function, documented)
        self.parameters: str = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def bind(self, arguments: str) -> Callable[[], Any]:
        """The call with the model's ``arguments``, ready to be made.

        Raises :class:`BadArguments` when they do not fit.
        """
        try:
            values = self._shape.read(_json.arguments(arguments), "")
        except BadJson as error:
            raise BadArguments(str(error), detail=error.detail) from None
        positional: list[Any] = []
        for name in self._positional:
            if name not in values:
                break
            positional.append(values.pop(name))
        return lambda: self.function(*positional, **values)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    function: None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Makes a tool of a function: ``@tool`` above it, ``@tool(timeout_s=5)``, or ``tool(function)``.

    Its name and docstring are what the model reads; its type hints become the JSON Schema of the
    arguments. They may be ``int``, ``float``, ``str``, ``bool``, ``None``, ``list``, ``dict``,
    ``tuple``, ``set``, ``Literal``, ``Optional``, unions, enums, dataclasses, ``TypedDict``,
    ``Path``, dates, ``Annotated[T, "a description"]``, ``Any``, and pydantic models.

    Raises ``TypeError`` for a parameter that JSON has no form for.
    """

    def make(function: Callable[..., Any]) -> Tool:
        if isinstance(function, Tool):
            return function
        return Tool(function, name=name, description=description, timeout_s=timeout_s)

    return make if function is None else make(function)


def output_of(value: Any) -> ToolOutput:
    """What a tool that gave ``value`` says to the model: a text as it is, anything else as JSON."""
    if isinstance(value, ToolOutput):
        return value._replace(content=_clean(value.content))
    if isinstance(value, str):
        return ToolOutput(_clean(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        text = bytes(value).decode("utf-8", "replace")
        replaced = text.encode() != bytes(value)
        note = "\n(bytes that are not UTF-8 were replaced)" if replaced else ""
        return ToolOutput(text + note)
    if hasattr(value, "model_dump_json"):
        return ToolOutput(value.model_dump_json())
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        return ToolOutput(f"the tool's result is no JSON: {error}", is_error=True)
    return ToolOutput(_clean(text))


def failure_of(error: BaseException) -> ToolOutput:
    """What the model is told of a tool that raised."""
    if isinstance(error, ToolError):
        return ToolOutput(_clean(str(error)), is_error=True)
    if isinstance(error, BadArguments):
        return ToolOutput(_clean(f"wrong arguments: {error}"), is_error=True)
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return ToolOutput(_clean(text), is_error=True)


def _clean(text: str) -> str:
    """``text`` without lone surrogates, which no JSON can hold; names of files may have some."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _plain(value: Any) -> Any:
    import dataclasses
    import datetime
    import enum
    import pathlib

    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (pathlib.PurePath, datetime.date)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _innermost(function: Any) -> Any:
    """The function that is run in the end, for its hints and for whether it is async."""
    import functools

    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function) and not inspect.isclass(function):
        return type(function).__call__
    return function


def _parameters(
    name: str, function: Callable[..., Any], documented: dict[str, str]
) -> tuple[Any, dict[str, Any], list[str]]:
    inner = inspect.unwrap(_innermost(function))
    target = inner.__init__ if inspect.isclass(inner) else inner
    try:
        signature = inspect.signature(function)
        hints = typing.get_type_hints(target, include_extras=True)
    except (TypeError, ValueError, NameError) as error:
        raise TypeError(f"the tool {name}: its type hints cannot be read: {error}") from None
    fields: dict[str, Any] = {}
    required: set[str] = set()
    positional: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"the tool {name}: name each parameter, instead of {parameter}")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(parameter.name)
        fields[parameter.name] = hints.get(parameter.name, Any)
        if parameter.default is parameter.empty:
            required.add(parameter.name)
    shapes = Shapes()
    try:
        shape = shapes.record(fields, required, dict, documented)
    except TypeError as error:
        raise TypeError(f"the tool {name}: {error}") from None
    for field, parameter in signature.parameters.items():
        default = parameter.default
        if default is not parameter.empty and isinstance(default, (str, int, float, bool)):
            shape.schema["properties"][field].setdefault("default", default)
    schema = dict(shape.schema)
    if shapes.definitions:
        schema["$defs"] = shapes.definitions
    return shape, schema, positional
