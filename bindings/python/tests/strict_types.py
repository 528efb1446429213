"""Types of vendors' packages, made as strict as a server: no unknown members, whole lists."""

from __future__ import annotations

import collections.abc
import sys
import types
import typing
from typing import Any, Union, get_args, get_origin

import typing_extensions
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import NotRequired, ReadOnly, Required, TypedDict


class StrictTypes:
    """Makes adapters of a package's types: each TypedDict refuses members that it does not have, and an
    ``Iterable``, which pydantic reads lazily, is a list. What JSON cannot hold (open files, paths) goes."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def adapter(self, of: Any) -> TypeAdapter[Any]:
        return TypeAdapter(self._strict(of))

    def _strict(self, of: Any) -> Any:
        if typing_extensions.is_typeddict(of):
            return self._typed_dict(of)
        if isinstance(of, typing_extensions.TypeAliasType) or isinstance(
            of, getattr(typing, "TypeAliasType", ())
        ):
            return self._strict(of.__value__)
        origin, parts = get_origin(of), get_args(of)
        if origin is None:
            return of
        if origin in (Required, NotRequired, ReadOnly, typing.Required, typing.NotRequired):
            return origin[self._strict(parts[0])]
        if origin is typing.Annotated:
            return self._strict(parts[0])
        if origin in (Union, types.UnionType):
            kept = [self._strict(part) for part in parts if self._is_json(part)]
            return Union[tuple(kept)]
        if origin in (collections.abc.Iterable, collections.abc.Sequence, list):
            return list[self._strict(parts[0])]  # type: ignore[misc]
        if origin in (dict, collections.abc.Mapping):
            return dict[str, self._strict(parts[1])]  # type: ignore[misc]
        return of

    def _is_json(self, part: Any) -> bool:
        origin = get_origin(part) or part
        if isinstance(origin, type) and origin.__module__ in ("os", "io", "typing", "pathlib"):
            return origin in (str, int, float, bool) or typing_extensions.is_typeddict(origin)
        return origin is not typing.IO

    def _typed_dict(self, of: Any) -> Any:
        if of in self._made:
            return self._made[of]
        # A name for itself, until it is there.
        name = f"{of.__module__}.{of.__qualname__}".replace(".", "_")
        self._made[of] = typing.ForwardRef(name)
        members = {}
        hints = typing_extensions.get_type_hints(of, include_extras=True)
        for member, hint in hints.items():
            bare = hint
            while get_origin(bare) in (Required, NotRequired, typing.Required, typing.NotRequired):
                bare = get_args(bare)[0]
            wrap = Required if member in of.__required_keys__ else NotRequired
            members[member] = wrap[self._strict(bare)]
        made = TypedDict(name, members)  # type: ignore[misc]
        made.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[attr-defined]
        made.__module__ = __name__
        setattr(sys.modules[__name__], name, made)
        self._made[of] = made
        return made
