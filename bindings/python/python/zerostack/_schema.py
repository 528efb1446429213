"""Type hints as JSON Schema, and JSON values as values of the hints.

A :class:`Shape` is both of one hint. Pydantic's own types, and those that only pydantic supports,
are left to it.
"""

from __future__ import annotations

import collections
import collections.abc as abc
import dataclasses
import enum
import sys
import types
import typing
from typing import Any, Callable

from . import _pydantic
from ._values import SIMPLE, Shape, anything, choice, flags, null, wrong
from .errors import BadArguments

__all__ = ["Shape", "Shapes"]


class Shapes:
    """Makes the shapes of one tool. It also collects definitions: those from pydantic, and those of
    types that contain themselves.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        # The types that are being made, and whether each was met again inside.
        self._open: dict[Any, bool] = {}
        self._made: dict[Any, Shape] = {}

    def of(self, hint: Any) -> Shape:
        """The shape of a hint.

        Raises ``TypeError`` for one that JSON has no form for.
        """
        if hint is Any or hint is None or hint is type(None):
            return anything() if hint is Any else Shape({"type": "null"}, null)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._annotated(arguments[0], arguments[1:], hint)
        if origin is typing.Literal:
            return choice([(_in_json(value), value) for value in arguments])
        if origin is typing.Union or origin is getattr(types, "UnionType", ()):
            return self._union(arguments)
        if origin is typing.Final:
            return self.of(arguments[0])
        simple = SIMPLE.get(origin or hint) if _is_hashable(hint) else None
        if simple is not None:
            return simple
        if getattr(hint, "_name", None) == "LiteralString":
            return SIMPLE[str]
        if hasattr(hint, "__supertype__"):
            return self.of(hint.__supertype__)
        if isinstance(hint, typing.TypeVar):
            return self._variable(hint)
        named = origin or hint
        if hasattr(named, "__value__") and hasattr(named, "__type_params__"):
            # `type Name = ...`
            return self._recursive(hint, lambda: self.of(_aliased(named, arguments)))
        container = self._container(named, arguments)
        if container is not None:
            return container
        if isinstance(named, type):
            return self._class(hint, named, arguments)
        return self._left_to_pydantic(hint)

    def _annotated(self, hint: Any, notes: tuple[Any, ...], whole: Any) -> Shape:
        made = None
        if any(map(_pydantic.is_note, notes)):
            made = _pydantic.shape(whole, self.definitions)
        made = made or self.of(hint)
        documented = (getattr(note, "documentation", note) for note in notes)
        texts = [text for text in documented if isinstance(text, str)]
        if not texts or "description" in made.schema and _pydantic_describes(notes):
            return made
        return Shape({**made.schema, "description": texts[0]}, made.read)

    def _union(self, hints: tuple[Any, ...]) -> Shape:
        shapes = [self.of(hint) for hint in hints]
        # 1 is an int rather than a float, and a string is a `str` rather than `bytes`, whatever
        # comes first in the hint.
        loose = {id(SIMPLE[kind]) for kind in (float, bytes, bytearray)}
        ordered = sorted(
            shapes, key=lambda it: id(it) in loose or it.schema.get("type") == "number"
        )

        def read(value: Any, where: str, lax: bool) -> Any:
            said: list[str] = []
            # A type that fits strictly comes before one that fits leniently.
            for kindly in (False, True) if lax else (False,):
                said.clear()
                for shape in ordered:
                    try:
                        return shape.read(value, where, kindly)
                    except BadArguments as error:
                        said.append(str(error))
            raise BadArguments(said[0] if len(said) == 1 else "; or ".join(said))

        return Shape({"anyOf": [shape.schema for shape in shapes]}, read)

    def _variable(self, variable: Any) -> Shape:
        if variable.__constraints__:
            return self._union(variable.__constraints__)
        return self.of(Any if variable.__bound__ is None else variable.__bound__)

    def _container(self, origin: Any, arguments: tuple[Any, ...]) -> Shape | None:
        if not _is_hashable(origin):
            return None
        if origin is collections.Counter:
            key = arguments[0] if arguments else str
            return self._mapping(key, self.of(int), collections.Counter)
        if origin is collections.defaultdict:
            key, value = arguments or (str, Any)
            kind = typing.get_origin(value) or value
            factory = kind if isinstance(kind, type) else None
            return self._mapping(
                key, self.of(value), lambda values: collections.defaultdict(factory, values)
            )
        if origin in _MAPPINGS:
            key, value = arguments or (str, Any)
            return self._mapping(key, self.of(value), _MAPPINGS[origin])
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            return self._fixed(arguments)
        make = _SEQUENCES.get(origin)
        if make is None:
            return None
        return self._sequence(self.of(arguments[0] if arguments else Any), make)

    def _mapping(self, key: Any, item: Shape, make: Callable[[dict[Any, Any]], Any]) -> Shape:
        keys = self.of(key)
        schema: dict[str, Any] = {"type": "object", "additionalProperties": item.schema}
        if "enum" in keys.schema:
            schema["propertyNames"] = {"enum": [str(known) for known in keys.schema["enum"]]}

        def read_key(text: str, where: str) -> Any:
            # A key is always a string; that of an int has digits.
            for value in [text, *_numbers(text)]:
                try:
                    return keys.read(value, where, False)
                except BadArguments:
                    pass
            return keys.read(text, where, True)

        def read(value: Any, where: str, lax: bool) -> Any:
            if not isinstance(value, dict):
                raise wrong(where, "an object", value)
            pairs = ((name, f"{where}.{name}", each) for name, each in value.items())
            return make({read_key(n, at): item.read(each, at, lax) for n, at, each in pairs})

        return Shape(schema, read)

    def _sequence(self, item: Shape, make: Callable[[list[Any]], Any]) -> Shape:
        def read(value: Any, where: str, lax: bool) -> Any:
            if not isinstance(value, list):
                raise wrong(where, "an array", value)
            items = [item.read(each, f"{where}[{i}]", lax) for i, each in enumerate(value)]
            try:
                return make(items)
            except TypeError as error:  # A set of values that cannot be in one.
                raise BadArguments(f"{where}: {error}") from None

        return Shape({"type": "array", "items": item.schema}, read)

    def _fixed(self, hints: tuple[Any, ...]) -> Shape:
        shapes = [self.of(hint) for hint in hints]
        count = len(shapes)

        def read(value: Any, where: str, lax: bool) -> Any:
            if not isinstance(value, list) or len(value) != count:
                raise wrong(where, f"an array of {count}", value)
            pairs = enumerate(zip(shapes, value))
            return tuple(shape.read(each, f"{where}[{i}]", lax) for i, (shape, each) in pairs)

        schemas = [shape.schema for shape in shapes]
        return Shape(
            {"type": "array", "prefixItems": schemas, "minItems": count, "maxItems": count}, read
        )

    def _class(self, hint: Any, cls: type[Any], arguments: tuple[Any, ...]) -> Shape:
        if _pydantic.is_type(cls) or _has_fields_of_pydantic(cls):
            return self._left_to_pydantic(hint)
        if issubclass(cls, enum.Flag):
            return flags(cls)
        if issubclass(cls, enum.Enum):
            return choice([(member.value, member) for member in cls])
        if dataclasses.is_dataclass(cls):
            make = self._dataclass
        elif hasattr(cls, "__required_keys__"):
            make = self._typed_dict
        elif issubclass(cls, tuple) and hasattr(cls, "_fields"):
            make = self._named_tuple
        else:
            return self._left_to_pydantic(hint)
        return self._recursive(hint, lambda: make(cls, _hints(cls, arguments)))

    def _dataclass(self, cls: Any, hints: dict[str, Any]) -> Shape:
        fields, required = {}, set()
        # Those that are only given to `__init__` are not among `dataclasses.fields`.
        for name, field in cls.__dataclass_fields__.items():
            hint = hints[name]
            if typing.get_origin(hint) is typing.ClassVar or hint is typing.ClassVar:
                continue
            if not field.init:
                continue
            fields[name] = hint.type if isinstance(hint, dataclasses.InitVar) else hint
            if (field.default, field.default_factory) == (dataclasses.MISSING,) * 2:
                required.add(name)
        return self.record(fields, required, lambda values: cls(**values))

    def _typed_dict(self, cls: Any, hints: dict[str, Any]) -> Shape:
        # Under `from __future__ import annotations` Python does not see `NotRequired` itself.
        required = set(cls.__required_keys__)
        fields = {}
        for name, hint in hints.items():
            fields[name], is_required = _without_qualifiers(hint)
            if is_required is not None:
                (required.add if is_required else required.discard)(name)
        return self.record(fields, required, dict)

    def _named_tuple(self, cls: Any, hints: dict[str, Any]) -> Shape:
        fields = {name: hints.get(name, Any) for name in cls._fields}
        required = {name for name in fields if name not in cls._field_defaults}
        made = self.record(fields, required, lambda values: cls(**values))

        def read(value: Any, where: str, lax: bool) -> Any:
            # In JSON's form, too.
            if isinstance(value, list) and len(value) <= len(fields):
                value = dict(zip(fields, value))
            return made.read(value, where, lax)

        return Shape(made.schema, read)

    def _recursive(self, hint: Any, make: Callable[[], Shape]) -> Shape:
        """The shape of a type that may contain itself, which then is a definition."""
        made = self._made.get(hint)
        if made is not None:
            return made
        name = "".join(c if c.isalnum() else "_" for c in _name(hint).rpartition("<locals>.")[2])
        if hint in self._open:
            self._open[hint] = True

            def read(value: Any, where: str, lax: bool) -> Any:
                return self._made[hint].read(value, where, lax)

            return Shape({"$ref": f"#/$defs/{name}"}, read)
        self._open[hint] = False
        try:
            made = make()
        finally:
            contains_itself = self._open.pop(hint)
        if contains_itself:
            if self.definitions.setdefault(name, made.schema) != made.schema:
                raise TypeError(f"two types are called {name}")
            made = Shape({"$ref": f"#/$defs/{name}"}, made.read)
        self._made[hint] = made
        return made

    def _left_to_pydantic(self, hint: Any) -> Shape:
        try:
            made = _pydantic.shape(hint, self.definitions)
        except TypeError as error:
            raise TypeError(f"{_name(hint)} has no form in JSON: {error}") from None
        if made is None:
            raise TypeError(
                f"{_name(hint)} has no form in JSON; a dataclass or pydantic model has one"
            )
        return made

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

        def read(value: Any, where: str, lax: bool) -> Any:
            if not isinstance(value, dict):
                raise wrong(where, "an object", value)
            inside = f"{where}." if where else ""
            names = ", ".join(shapes) or "none"
            for name in value:
                if name not in shapes:
                    raise BadArguments(f"{inside}{name} is unknown; there is {names}")
            for name in shapes:
                if name in required and name not in value:
                    raise BadArguments(f"{inside}{name} is missing")
            read_values = {
                name: shapes[name].read(each, inside + name, lax) for name, each in value.items()
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


def hints_of(target: Any, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """The type hints of a class or function, including ``Annotated``."""
    return typing.get_type_hints(target, None, names, include_extras=True)


def _hints(cls: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    """The hints of a class, with its type parameters filled in, those of its bases too."""
    try:
        hints = hints_of(cls)
    except NameError:
        # A class inside a function may only name itself.
        hints = hints_of(cls, {cls.__name__: cls})
    filled = dict(zip(getattr(cls, "__parameters__", ()), arguments))
    for base in getattr(cls, "__orig_bases__", ()):
        origin = typing.get_origin(base)
        for variable, value in zip(getattr(origin, "__parameters__", ()), typing.get_args(base)):
            filled.setdefault(variable, _substituted(value, filled))
    return {name: _substituted(hint, filled) for name, hint in hints.items()}


def _aliased(alias: Any, arguments: tuple[Any, ...]) -> Any:
    """The target of an alias."""
    variables = alias.__type_params__
    # Its texts are names of its module, or of itself.
    names = {alias.__name__: alias, **{variable.__name__: variable for variable in variables}}
    holder = type("Holder", (), {"__annotations__": {"value": alias.__value__}})
    module = vars(sys.modules.get(alias.__module__, typing))
    value = typing.get_type_hints(holder, module, names, include_extras=True)["value"]
    return _substituted(value, dict(zip(variables, arguments)))


def _substituted(hint: Any, filled: dict[Any, Any]) -> Any:
    """``hint`` with its type variables replaced."""
    generic: Any = hint
    if not filled or not _is_hashable(hint):
        return hint
    if hint in filled:
        return filled[hint]
    variables = getattr(hint, "__parameters__", ())
    if not variables or isinstance(hint, type) and typing.get_origin(hint) is None:
        return hint
    values = list(filled.get(variable, variable) for variable in variables)
    for_all = tuple(values) if len(values) > 1 else values[0]
    return generic[for_all]


def _without_qualifiers(hint: Any) -> tuple[Any, bool | None]:
    """The hint inside ``Required``, ``NotRequired`` and ``ReadOnly``, and which of the first two
    it was."""
    is_required = None
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    name = getattr(origin, "_name", None)
    if name in ("Required", "NotRequired", "ReadOnly"):
        if name != "ReadOnly":
            is_required = name == "Required"
        inner, other = _without_qualifiers(arguments[0])
        return inner, other if is_required is None else is_required
    if origin is typing.Annotated:
        inner, is_required = _without_qualifiers(arguments[0])
        if inner is not arguments[0]:
            annotated: Any = typing.Annotated
            parts = (inner, *arguments[1:])
            return annotated[parts], is_required
    return hint, is_required


def _has_fields_of_pydantic(cls: Any) -> bool:
    fields = getattr(cls, "__dataclass_fields__", {}).values()
    return any(_pydantic.is_field(field.default) for field in fields)


def _pydantic_describes(notes: tuple[Any, ...]) -> bool:
    return any(_pydantic.is_field(note) and note.description for note in notes)


def _in_json(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _numbers(text: str) -> list[Any]:
    """The other values that a key may mean."""
    values: list[Any] = []
    for read in (int, float):
        try:
            values.append(read(text))
        except ValueError:
            pass
    return values


def _is_hashable(hint: Any) -> bool:
    try:
        hash(hint)
    except TypeError:
        return False
    return True


def _name(hint: Any) -> str:
    if typing.get_origin(hint) is None:
        return getattr(hint, "__qualname__", None) or getattr(hint, "__name__", None) or str(hint)
    inside = ", ".join(map(_name, typing.get_args(hint)))
    return f"{_name(typing.get_origin(hint))}[{inside}]"


def _same(value: Any) -> Any:
    return value


_MAPPINGS: dict[Any, Callable[[dict[Any, Any]], Any]] = {
    dict: _same,
    abc.Mapping: _same,
    abc.MutableMapping: _same,
    collections.OrderedDict: collections.OrderedDict,
}

_SEQUENCES: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    abc.Sequence: list,
    abc.MutableSequence: list,
    abc.Iterable: list,
    abc.Collection: list,
    tuple: tuple,
    set: set,
    abc.Set: set,
    abc.MutableSet: set,
    frozenset: frozenset,
    collections.deque: collections.deque,
}
