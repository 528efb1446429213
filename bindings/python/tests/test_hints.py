"""One argument of each kind of hint: what the model sends, and what the function gets."""

import datetime as dt
import decimal
import enum
import ipaddress
import json
import pathlib
import typing
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar

import pydantic
import pytest
import typing_extensions
from zerostack import tool


class Color(enum.Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int = 2


T = TypeVar("T")


@dataclass
class Box(Generic[T]):
    item: T


@dataclass
class Node:
    v: int
    kids: "list[Node]" = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Keywords:
    a: int
    b: str = "x"


class Partly(typing_extensions.TypedDict, total=False):
    a: typing_extensions.Required[int]
    b: Annotated[str, "a note"]


class Aliased(pydantic.BaseModel):
    some_name: int = pydantic.Field(alias="someName")


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Numbers(pydantic.RootModel[list[int]]):
    pass


Pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
Number = NewType("Number", int)
Name = typing_extensions.TypeAliasType("Name", str)


@pytest.mark.parametrize(
    ("hint", "sent", "expected"),
    [
        (float, 1, 1.0),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (uuid.UUID, str(uuid.UUID(int=3)), uuid.UUID(int=3)),
        (dt.date, "2026-01-02", dt.date(2026, 1, 2)),
        (dt.time, "03:04", dt.time(3, 4)),
        (dt.timedelta, "PT1H", dt.timedelta(hours=1)),
        (dt.timedelta, 90, dt.timedelta(seconds=90)),
        (pathlib.Path, "/a", pathlib.Path("/a")),
        (ipaddress.IPv4Address, "1.2.3.4", ipaddress.ip_address("1.2.3.4")),
        (Color, "red", Color.RED),
        (Literal[1, True], True, True),
        (Literal[1, True], 1, 1),
        (Literal[None, "a"], None, None),
        (int | None, None, None),
        (typing.Optional[int], 3, 3),
        (int | str, "3", "3"),
        (list[str | None], [None, "a"], [None, "a"]),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (set[int], [1, 1], {1}),
        (frozenset[str], ["a"], frozenset({"a"})),
        (dict[int, str], {"1": "a"}, {1: "a"}),
        (Mapping[str, Any], {"a": [1]}, {"a": [1]}),
        (Sequence[int], [1], [1]),
        (Any, {"x": 1}, {"x": 1}),
        (Point, [1, 5], Point(1, 5)),
        (Box[int], {"item": 1}, Box(1)),
        (Box[Node], {"item": {"v": 1}}, Box(Node(1))),
        (Node, {"v": 1, "kids": [{"v": 2}]}, Node(1, [Node(2)])),
        (Keywords, {"a": 1}, Keywords(a=1)),
        (Partly, {"a": 1}, {"a": 1}),
        (Aliased, {"someName": 3}, Aliased(someName=3)),
        (Pet, {"kind": "dog", "tricks": ["sit"]}, Dog(kind="dog", tricks=["sit"])),
        (Numbers, [1, 2], Numbers([1, 2])),
        (Name, "x", "x"),
        (Number, 3, 3),
        (typing_extensions.LiteralString, "x", "x"),
        (Annotated[int, pydantic.Field(ge=2, description="how many")], 3, 3),
        (pydantic.PositiveInt, 1, 1),
        (pydantic.HttpUrl, "http://e.com/", pydantic.HttpUrl("http://e.com/")),
    ],
)
def test_an_argument_of_this_hint(hint: Any, sent: Any, expected: Any) -> None:
    got: list[Any] = []

    def keep(x: Any) -> None:
        "Keeps."
        got.append(x)

    keep.__annotations__ = {"x": hint, "return": None}
    made = tool(keep)
    schema = json.loads(made.parameters)
    assert schema["type"] == "object"
    assert "x" in schema["properties"]
    made.bind(json.dumps({"x": sent}))()
    assert got == [expected]
    assert type(got[0]) is type(expected)
