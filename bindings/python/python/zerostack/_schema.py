"""Type hints as JSON Schema, and JSON values as what the hints say.

A :class:`Shape` is both of one hint. What pydantic knows is left to pydantic.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import datetime
import enum
import pathlib
import sys
import types
import typing
from typing import Any, Callable, NamedTuple

from .errors import BadArguments

Reader = Callable[[Any, str], Any]


class Shape(NamedTuple):
    """What a value looks like: its JSON Schema, and how it is read."""

    schema: dict[str, Any]
    read: Reader


class Shapes:
    """Makes the shapes of one tool. Definitions that pydantic gives are collected on the way."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self._open: list[Any] = []

    def of(self, hint: Any) -> Shape:
        """The shape of a hint.

        Raises ``TypeError`` for one that JSON has no form for.
        """
        if hint is Any or hint is None or hint is type(None):
            return _anything() if hint is Any else Shape({"type": "null"}, _null)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._annotated(arguments[0], arguments[1:], hint)
        if origin is typing.Literal:
            return _choice(list(arguments), {value: value for value in arguments})
        if origin is typing.Union or origin is getattr(types, "UnionType", ()):
            return self._union(arguments)
        simple = _SIMPLE.get(hint)
        if simple is not None:
            return simple
        if hasattr(hint, "__supertype__"):
            return self.of(hint.__supertype__)
        container = self._container(origin or hint, arguments)
        if container is not None:
            return container
        if isinstance(hint, type):
            return self._class(hint)
        raise TypeError(f"{_name(hint)} has no form in JSON")

    def _annotated(self, hint: Any, notes: tuple[Any, ...], whole: Any) -> Shape:
        if any(type(note).__module__.split(".")[0] in _PYDANTIC for note in notes):
            return self._pydantic(whole)
        shape = self.of(hint)
        texts = [note for note in notes if isinstance(note, str)]
        if not texts:
            return shape
        return Shape({**shape.schema, "description": texts[0]}, shape.read)

    def _union(self, hints: tuple[Any, ...]) -> Shape:
        shapes = [self.of(hint) for hint in hints]

        def read(value: Any, where: str) -> Any:
            wrong: list[str] = []
            # 1 is an int before it is a float, whatever comes first in the hint.
            for shape in sorted(shapes, key=lambda s: s.schema.get("type") == "number"):
                try:
                    return shape.read(value, where)
                except BadArguments as error:
                    wrong.append(str(error))
            raise BadArguments(wrong[0] if len(wrong) == 1 else "; or ".join(wrong))

        return Shape({"anyOf": [shape.schema for shape in shapes]}, read)

    def _container(self, origin: Any, arguments: tuple[Any, ...]) -> Shape | None:
        if origin in _MAPPINGS:
            key, value = arguments or (str, Any)
            if key is not str and key is not Any:
                raise TypeError(f"the keys of a JSON object are str, not {_name(key)}")
            return self._mapping(self.of(value))
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            return self._fixed(arguments)
        make = _SEQUENCES.get(origin)
        if make is None:
            return None
        return self._sequence(self.of(arguments[0] if arguments else Any), make)

    def _mapping(self, item: Shape) -> Shape:
        def read(value: Any, where: str) -> Any:
            if not isinstance(value, dict):
                raise _wrong(where, "an object", value)
            return {key: item.read(each, f"{where}.{key}") for key, each in value.items()}

        return Shape({"type": "object", "additionalProperties": item.schema}, read)

    def _sequence(self, item: Shape, make: Callable[[list[Any]], Any]) -> Shape:
        def read(value: Any, where: str) -> Any:
            if not isinstance(value, list):
                raise _wrong(where, "an array", value)
            return make([item.read(each, f"{where}[{i}]") for i, each in enumerate(value)])

        return Shape({"type": "array", "items": item.schema}, read)

    def _fixed(self, hints: tuple[Any, ...]) -> Shape:
        shapes = [self.of(hint) for hint in hints]
        count = len(shapes)

        def read(value: Any, where: str) -> Any:
            if not isinstance(value, list) or len(value) != count:
                raise _wrong(where, f"an array of {count}", value)
            pairs = enumerate(zip(shapes, value))
            return tuple(shape.read(each, f"{where}[{i}]") for i, (shape, each) in pairs)

        schemas = [shape.schema for shape in shapes]
        return Shape(
            {"type": "array", "prefixItems": schemas, "minItems": count, "maxItems": count}, read
        )

    def _class(self, hint: type[Any]) -> Shape:
        if hasattr(hint, "model_json_schema"):
            return self._pydantic(hint)
        if issubclass(hint, enum.Enum):
            members = {member.value: member for member in hint}
            return _choice(list(members), members)
        if hint in self._open:
            raise TypeError(f"{_name(hint)} contains itself; a pydantic model may do that")
        self._open.append(hint)
        try:
            if dataclasses.is_dataclass(hint):
                hints = typing.get_type_hints(hint, include_extras=True)
                fields = {f.name: hints[f.name] for f in dataclasses.fields(hint) if f.init}
                required = {
                    f.name
                    for f in dataclasses.fields(hint)
                    if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
                }
                return self.record(fields, required, lambda values: hint(**values))
            if hasattr(hint, "__required_keys__"):
                hints = typing.get_type_hints(hint, include_extras=True)
                fields = {key: _without_required(each) for key, each in hints.items()}
                return self.record(fields, set(hint.__required_keys__), dict)
        finally:
            self._open.pop()
        raise TypeError(f"{_name(hint)} has no form in JSON; a dataclass or pydantic model has one")

    def record(
        self,
        fields: dict[str, Any],
        required: abc.Set[str],
        make: Callable[[dict[str, Any]], Any],
        about: dict[str, str] | None = None,
    ) -> Shape:
        """The shape of an object with these fields, each with its hint."""
        shapes: dict[str, Shape] = {}
        for name, hint in fields.items():
            try:
                shapes[name] = self.of(hint)
            except TypeError as error:
                raise TypeError(f"{name}: {error}") from None

        def read(value: Any, where: str) -> Any:
            if not isinstance(value, dict):
                raise _wrong(where, "an object", value)
            inside = f"{where}." if where else ""
            names = ", ".join(shapes) or "none"
            for name in value:
                if name not in shapes:
                    raise BadArguments(f"{inside}{name} is unknown; there is {names}")
            for name in shapes:
                if name in required and name not in value:
                    raise BadArguments(f"{inside}{name} is missing")
            read_values = {
                name: shapes[name].read(each, inside + name) for name, each in value.items()
            }
            try:
                return make(read_values)
            except (TypeError, ValueError) as error:
                raise BadArguments(f"{where or 'the arguments'}: {error}") from error

        properties = {name: dict(shape.schema) for name, shape in shapes.items()}
        for name, text in (about or {}).items():
            if name in properties:
                properties[name].setdefault("description", text)
        schema = {
            "type": "object",
            "properties": properties,
            "required": [name for name in fields if name in required],
            "additionalProperties": False,
        }
        return Shape(schema, read)

    def _pydantic(self, hint: Any) -> Shape:
        import pydantic

        adapter: Any = pydantic.TypeAdapter(hint)
        schema = adapter.json_schema()
        # References are from the root of the whole schema, so what they name must stand there.
        for name, definition in schema.pop("$defs", {}).items():
            if self.definitions.setdefault(name, definition) != definition:
                raise TypeError(f"two models are called {name}")

        def read(value: Any, where: str) -> Any:
            try:
                return adapter.validate_python(value)
            except pydantic.ValidationError as error:
                first = error.errors(include_url=False, include_context=False)[0]
                place = ".".join([where, *map(str, first["loc"])])
                raise BadArguments(f"{place}: {first['msg']}") from None

        return Shape(schema, read)


def _anything() -> Shape:
    return Shape({}, lambda value, _: value)


def _null(value: Any, where: str) -> None:
    if value is not None:
        raise _wrong(where, "null", value)


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return value


def _integer(value: Any, where: str) -> int:
    # Some models write 3.0 where they mean 3.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(where, "an integer", value)
    return value


def _number(value: Any, where: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _wrong(where, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise _wrong(where, "a number that is not so large", "that") from None


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "a string", value)
    return value


def _parsed(parse: Callable[[str], Any], what: str) -> Reader:
    def read(value: Any, where: str) -> Any:
        text = _string(value, where)
        if sys.version_info < (3, 11) and text.endswith("Z"):
            text = f"{text[:-1]}+00:00"
        try:
            return parse(text)
        except ValueError:
            raise _wrong(where, what, value) from None

    return read


def _choice(values: list[Any], members: dict[Any, Any]) -> Shape:
    def read(value: Any, where: str) -> Any:
        for known, member in members.items():
            # True equals 1, and is not meant by it.
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return member
        raise _wrong(where, "one of " + ", ".join(map(repr, values)), value)

    for value in values:
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise TypeError(f"{value!r} has no form in JSON")
    if all(isinstance(value, str) for value in values):
        return Shape({"type": "string", "enum": values}, read)
    return Shape({"enum": values}, read)


def _wrong(where: str, wanted: str, value: Any) -> BadArguments:
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return BadArguments(f"{where or 'the arguments'} must be {wanted}, not {shown}")


def _without_required(hint: Any) -> Any:
    """The hint inside ``Required`` and ``NotRequired``, which Python keeps in the hints."""
    name = getattr(typing.get_origin(hint), "_name", "")
    return typing.get_args(hint)[0] if name in ("Required", "NotRequired") else hint


def _name(hint: Any) -> str:
    return getattr(hint, "__qualname__", None) or str(hint)


_PYDANTIC = ("pydantic", "pydantic_core", "annotated_types")

_SIMPLE: dict[Any, Shape] = {
    bool: Shape({"type": "boolean"}, _boolean),
    int: Shape({"type": "integer"}, _integer),
    float: Shape({"type": "number"}, _number),
    str: Shape({"type": "string"}, _string),
    object: _anything(),
    pathlib.Path: Shape({"type": "string"}, _parsed(pathlib.Path, "a path")),
    pathlib.PurePath: Shape({"type": "string"}, _parsed(pathlib.PurePath, "a path")),
    datetime.datetime: Shape(
        {"type": "string", "format": "date-time"},
        _parsed(datetime.datetime.fromisoformat, "a date and time such as 2026-01-31T12:00:00"),
    ),
    datetime.date: Shape(
        {"type": "string", "format": "date"},
        _parsed(datetime.date.fromisoformat, "a date such as 2026-01-31"),
    ),
}

_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)

_SEQUENCES: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    abc.Sequence: list,
    abc.MutableSequence: list,
    abc.Iterable: list,
    abc.Collection: list,
    tuple: tuple,
    set: set,
    abc.Set: set,
    frozenset: frozenset,
}
