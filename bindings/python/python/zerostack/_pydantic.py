"""The types that pydantic handles, if it is installed: its own, and all that it supports."""

from __future__ import annotations

import json
from typing import Any

from ._values import Shape
from .errors import BadArguments

_OURS = ("pydantic", "pydantic_core", "annotated_types")


def is_note(note: Any) -> bool:
    """Whether something in ``Annotated`` is for pydantic."""
    return type(note).__module__.split(".")[0] in _OURS


def is_type(hint: Any) -> bool:
    """Whether a class itself defines how pydantic reads it: a model, a dataclass of pydantic, …"""
    return hasattr(hint, "__pydantic_core_schema__") or hasattr(
        hint, "__get_pydantic_core_schema__"
    )


def is_field(value: Any) -> bool:
    """Whether it is a result of ``pydantic.Field``."""
    return type(value).__name__ == "FieldInfo" and is_note(value)


def has_default(field: Any) -> bool:
    """Whether a field has a default, or makes one."""
    return not field.is_required()


def default(field: Any) -> Any:
    """The default of a field, created by its factory if it has one."""
    return field.get_default(call_default_factory=True)


def shape(hint: Any, definitions: dict[str, Any]) -> Shape | None:
    """The shape of a hint; ``None`` if pydantic is not installed.

    Raises ``TypeError`` for a hint that pydantic does not support either.
    """
    try:
        import pydantic
    except ImportError:
        return None
    try:
        adapter: Any = pydantic.TypeAdapter(hint)
        schema = adapter.json_schema()
    except pydantic.errors.PydanticUndefinedAnnotation as error:
        raise TypeError(str(error)) from None
    except pydantic.errors.PydanticSchemaGenerationError:
        raise TypeError("pydantic does not know it either") from None
    except pydantic.errors.PydanticUserError as error:
        raise TypeError(error.message.partition("\n")[0]) from None
    # References are from the root of the whole schema, so their targets must be there.
    for name, definition in schema.pop("$defs", {}).items():
        if definitions.setdefault(name, definition) != definition:
            raise TypeError(f"two models are called {name}")

    def read(value: Any, where: str, lax: bool) -> Any:
        try:
            # As JSON: only there does a strict model accept a date as a string.
            return adapter.validate_json(json.dumps(value), strict=None if lax else True)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(filter(None, [where, *map(str, first["loc"])]))
            raise BadArguments(f"{place or 'the arguments'}: {first['msg']}") from None

    return Shape(schema, read)
