"""Tools: functions that the model may call."""

from __future__ import annotations

import enum
import functools
import inspect
import json
import math
import typing
from typing import Any, Callable, NamedTuple, TypeVar, Union, overload

from . import _docstring, _json, _pydantic
from ._context import ToolContext
from ._results import ToolError, ToolOutput, clean
from ._schema import Shape, Shapes, hints_of
from .errors import BadArguments, BadJson

T = TypeVar("T")

Approval = Union[bool, Callable[[dict[str, Any]], bool]]

__all__ = ["Tool", "ToolError", "ToolOutput", "tool"]


class Tool:
    """A function that the model may call, made by :func:`tool`.

    ``name``, ``description`` and ``parameters`` (JSON Schema, as text) are what the model sees of
    it. It can still be called as a function.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        timeout_s: float | None = None,
        needs_approval: Approval = False,
    ) -> None:
        if not callable(function):
            raise TypeError(f"a tool is a function, not {type(function).__name__}")
        self.function = function
        self.timeout_s = timeout_s
        self.needs_approval = needs_approval
        innermost, _ = _layers(function)
        self.name: str = (
            name
            or getattr(function, "__name__", "")
            or getattr(innermost, "__name__", "")
            or type(innermost).__name__
        )
        if not all(c.isascii() and (c.isalnum() or c in "_-") for c in self.name):
            raise TypeError(f"the tool {self.name!r} needs a name of letters, digits, _ and -")
        if len(self.name) > 64:
            raise TypeError(f"the name of the tool {self.name!r} is longer than 64 characters")
        # For `inspect`, which then sees the signature of the function.
        self.__wrapped__ = function
        # `partial` has a docstring of its own, which does not describe the function.
        is_partial = isinstance(function, functools.partial)
        about, documented = _docstring.read(inspect.getdoc(innermost if is_partial else function))
        self.description: str = about if description is None else description
        self.is_async: bool = inspect.iscoroutinefunction(_called(_unbound(function)))
        self._takes = _parameters(self.name, function, documented)
        self.parameters: str = json.dumps(
            self._takes.schema, ensure_ascii=False, separators=(",", ":")
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def asks(self, arguments: str) -> bool:
        """Whether a call with these arguments, which fit, waits for approval."""
        if isinstance(self.needs_approval, bool):
            return self.needs_approval
        return bool(self.needs_approval(_json.arguments(arguments)))

    @property
    def takes_context(self) -> bool:
        """Whether it has a parameter of the type :class:`ToolContext`."""
        return self._takes.context is not None

    def bind(self, arguments: str, context: ToolContext | None = None) -> Callable[[], Any]:
        """The call with the model's ``arguments``, ready to run, with ``context`` if it takes one.

        Raises :class:`BadArguments` when they do not fit.
        """
        try:
            values = self._takes.shape.read(_json.arguments(arguments), "", True)
        except BadJson as error:
            raise BadArguments(str(error), detail=error.detail) from None
        except RecursionError:
            raise BadArguments("the arguments are nested too deeply") from None
        for name, field in self._takes.defaults.items():
            if name not in values:
                values[name] = _pydantic.default(field)
        if self._takes.context is not None:
            values[self._takes.context] = context
        positional: list[Any] = []
        for name in self._takes.positional:
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
    needs_approval: Approval = False,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = None,
    needs_approval: Approval = False,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Makes a tool of a function: ``@tool`` above it, ``@tool(timeout_s=5)``, or
    ``tool(function)``.

    Its name and docstring are what the model reads; its type hints become the JSON Schema of the
    arguments. They may be ``int``, ``float``, ``str``, ``bool``, ``None``, ``list``, ``dict``,
    ``tuple``, ``set``, ``Literal``, ``Optional``, unions, enums, dataclasses, ``TypedDict``,
    ``NamedTuple``, ``Path``, ``UUID``, ``Decimal``, ``bytes``, dates, times and durations,
    ``Annotated[T, "a description"]``, ``Any``, aliases and generic or recursive ones of these;
    where pydantic is installed, its models and all that it supports.

    A parameter of the type :class:`ToolContext` receives information about the turn, and is hidden
    from the model.

    Arguments bound by ``functools.partial`` are hidden from the model. ``name`` and ``description``
    replace those of the function; ``timeout_s`` is how many seconds one call may take.

    With ``needs_approval=True`` each call waits until it is approved, see :class:`DeferredCalls`.
    With a function, a call waits if the function returns true for its arguments, a ``dict``.

    Raises ``TypeError`` for a parameter that has no form in JSON.
    """

    def make(function: Callable[..., Any]) -> Tool:
        if isinstance(function, Tool):
            return function
        return Tool(
            function,
            name=name,
            description=description,
            timeout_s=timeout_s,
            needs_approval=needs_approval,
        )

    return make if function is None else make(function)


def failure_of(error: BaseException) -> ToolOutput:
    """The error text for the model when a tool raised."""
    if isinstance(error, ToolError):
        return ToolOutput(clean(str(error)), is_error=True)
    if isinstance(error, BadArguments):
        return ToolOutput(clean(f"wrong arguments: {error}"), is_error=True)
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return ToolOutput(clean(text), is_error=True)


def _layers(function: Any) -> tuple[Any, set[str]]:
    """The function that is run in the end, and the parameters that ``partial`` binds by name."""
    bound: set[str] = set()
    while True:
        if isinstance(function, functools.partial):
            bound |= set(function.keywords)
            function = function.func
        elif isinstance(function, Tool):
            function = function.function
        elif hasattr(function, "__wrapped__") and not inspect.isclass(function):
            function = function.__wrapped__
        else:
            return function, bound


def _unbound(function: Any) -> Any:
    """The function that is called, without the arguments that ``partial`` binds. A wrapper stays:
    whether it is async does not depend on the function it wraps.
    """
    while isinstance(function, (functools.partial, Tool)):
        function = function.func if isinstance(function, functools.partial) else function.function
    return function


def _called(function: Any) -> Any:
    """The function that runs when it is called: for an object, a method."""
    is_plain = inspect.isroutine(function) or inspect.isclass(function)
    return function if is_plain else type(function).__call__


class _Parameters(NamedTuple):
    """The parameters of a function."""

    shape: Shape
    schema: dict[str, Any]
    positional: list[str]
    """Those that are never given by name, in their order."""
    context: str | None
    """The one that gets what the call knows of its turn."""
    defaults: dict[str, Any]
    """The fields of pydantic that have the default of a parameter, which Python does not know."""


def _parameters(name: str, function: Callable[..., Any], documented: dict[str, str]) -> _Parameters:
    innermost, bound = _layers(function)
    inner = _called(innermost)
    try:
        signature = inspect.signature(function)
        hints = hints_of(inner.__init__ if inspect.isclass(inner) else inner)
    except (TypeError, ValueError, NameError) as error:
        raise TypeError(f"the tool {name}: its type hints cannot be read: {error}") from None
    fields: dict[str, Any] = {}
    required: set[str] = set()
    positional: list[str] = []
    shown: dict[str, Any] = {}
    of_pydantic: dict[str, Any] = {}
    context: str | None = None
    for parameter in signature.parameters.values():
        if parameter.name in bound:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"the tool {name}: name each parameter, instead of {parameter}")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(parameter.name)
        hint, default = hints.get(parameter.name, Any), parameter.default
        if is_context(hint):
            if context is not None:
                raise TypeError(f"the tool {name}: it has two parameters for its context")
            context = parameter.name
            continue
        if _pydantic.is_field(default):
            annotated: Any = typing.Annotated
            hint = annotated[hint, default]
        fields[parameter.name] = hint
        field = _field_of(hint)
        if default is not parameter.empty and not _pydantic.is_field(default):
            shown[parameter.name] = default
        elif field is not None and _pydantic.has_default(field):
            of_pydantic[parameter.name] = field
        else:
            required.add(parameter.name)
    shapes = Shapes()
    try:
        shape = shapes.record(fields, required, dict, documented)
    except TypeError as error:
        raise TypeError(f"the tool {name}: {error}") from None
    for field_name, default in shown.items():
        is_finite = not isinstance(default, float) or math.isfinite(default)
        if isinstance(default, (str, int, float)) and is_finite:
            value = default.value if isinstance(default, enum.Enum) else default
            shape.schema["properties"][field_name].setdefault("default", value)
    schema = dict(shape.schema)
    if shapes.definitions:
        schema["$defs"] = shapes.definitions
    return _Parameters(shape, schema, positional, context, of_pydantic)


def is_context(hint: Any) -> bool:
    """Whether it is the type of a context, or an optional one."""
    return hint is ToolContext or ToolContext in typing.get_args(hint)


def _field_of(hint: Any) -> Any:
    """The ``pydantic.Field`` in ``Annotated``."""
    if typing.get_origin(hint) is not typing.Annotated:
        return None
    fields = [note for note in typing.get_args(hint)[1:] if _pydantic.is_field(note)]
    return fields[-1] if fields else None
