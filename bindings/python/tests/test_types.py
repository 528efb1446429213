"""The types of arguments and results that a tool may have, with pydantic and without it."""

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import ipaddress
import json
import logging
import os
import pathlib
import sys
import uuid
from dataclasses import InitVar, dataclass, field
from typing import (
    Annotated,
    Any,
    AnyStr,
    Generic,
    Hashable,
    Literal,
    NamedTuple,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)

import notations
import pytest
from typing_extensions import NotRequired, TypeAliasType

from zerostack import BadArguments, ToolError, ToolOutput, tool
from zerostack._results import output_of
from zerostack._workers import outcome

T = TypeVar("T")

ID = uuid.UUID(int=7)


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Node:
    name: str
    children: "list[Node]" = field(default_factory=list)


@dataclass
class Left:
    right: "Optional[Right]" = None


@dataclass
class Right:
    left: Optional[Left] = None


@dataclass
class Box(Generic[T]):
    value: T
    more: "list[T]" = field(default_factory=list)


@dataclass
class Scaled:
    size: int
    factor: InitVar[int] = 1

    def __post_init__(self, factor: int) -> None:
        self.size *= factor


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Colour(enum.Enum):
    RED = "red"
    ONE = 1


class Search(TypedDict):
    text: str
    limit: NotRequired[int]


Key = TypeAliasType("Key", Union[int, str])
Json = TypeAliasType("Json", Union["dict[str, Json]", "list[Json]", str, int, None])
Many = TypeAliasType("Many", "list[T]", type_params=(T,))


def shaped(hint: Any) -> Any:
    """A tool that takes one argument of a type, and gives it back."""

    def take(x: Any) -> Any:
        """Takes it."""
        return x

    take.__annotations__["x"] = hint
    return tool(take)


def read(hint: Any, value: Any) -> Any:
    return shaped(hint).bind(json.dumps({"x": value}))()


@pytest.fixture(params=["with pydantic", "without pydantic"], autouse=True)
def pydantic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "without pydantic":
        monkeypatch.setitem(sys.modules, "pydantic", None)
    return bool(request.param == "with pydantic")


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (uuid.UUID, str(ID), ID),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (decimal.Decimal, 0.1, decimal.Decimal("0.1")),
        (datetime.time, "03:04:05", datetime.time(3, 4, 5)),
        (datetime.datetime, "2026-01-02T03:04:05Z", "2026-01-02 03:04:05+00:00"),
        (datetime.timedelta, "P1DT2H", datetime.timedelta(days=1, hours=2)),
        (datetime.timedelta, "-PT0.5S", datetime.timedelta(seconds=-0.5)),
        (datetime.timedelta, "1 day, 2:00:00", datetime.timedelta(days=1, hours=2)),
        (datetime.timedelta, 90, datetime.timedelta(seconds=90)),
        (bytes, "né", "né".encode()),
        (ipaddress.IPv4Address, "10.0.0.1", ipaddress.IPv4Address("10.0.0.1")),
        (Pair, {"left": 1}, Pair(1)),
        (Pair, [1, "a"], Pair(1, "a")),
        (collections.namedtuple("Bare", "a b"), {"a": 1, "b": [2]}, (1, [2])),
        (Node, {"name": "a", "children": [{"name": "b"}]}, Node("a", [Node("b")])),
        (Left, {"right": {"left": {}}}, Left(Right(Left()))),
        (Box[int], {"value": "3", "more": [4]}, Box(3, [4])),
        (Box[Box[str]], {"value": {"value": "3"}}, Box(Box("3"))),
        (Box, {"value": [1]}, Box([1])),
        (Optional[Node], {"name": "a"}, Node("a")),
        (list[Node], [{"name": "a"}], [Node("a")]),
        (Scaled, {"size": 2, "factor": 3}, Scaled(6)),
        (Key, 1, 1),
        (Key, "1", "1"),
        (list[Key], [1, "a"], [1, "a"]),
        (Json, {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        (Many[int], ["3"], [3]),
        (dict[int, str], {"1": "a", "-2": "b"}, {1: "a", -2: "b"}),
        (dict[uuid.UUID, int], {str(ID): 1}, {ID: 1}),
        (dict[Literal["a", 1], int], {"a": 1, "1": 2}, {"a": 1, 1: 2}),
        (dict[Colour, int], {"red": 1, "1": 2}, {Colour.RED: 1, Colour.ONE: 2}),
        (collections.deque[int], [1], collections.deque([1])),
        (collections.Counter[str], {"a": 2}, collections.Counter("aa")),
        (collections.defaultdict[str, list[int]], {"a": [2]}, collections.defaultdict(list, a=[2])),
        (pathlib.PurePosixPath, "a/b", pathlib.PurePosixPath("a/b")),
        (os.PathLike[str], "a/b", pathlib.Path("a/b")),
        (Hashable, 1, 1),
        (AnyStr, "a", "a"),
        (Union[bytes, str], "a", "a"),
        (Rights, 3, Rights.READ | Rights.WRITE),
        (Literal[1, True], 1, 1),
        (Literal[1, True], True, True),
        (Literal[Colour.RED, "x"], "red", Colour.RED),
        (Search, {"text": "a"}, {"text": "a"}),
        (notations.Filter, {"text": "a"}, {"text": "a"}),
        (notations.Filter, {"text": "a", "deep": 2}, {"text": "a", "deep": 2}),
        # As models write them.
        (int, "3", 3),
        (float, "2.5", 2.5),
        (bool, "True", True),
        (Union[int, str], "3", "3"),
        (Union[list[int], list[str]], ["3"], ["3"]),
        (Optional[int], "3", 3),
    ],
)
def test_a_value_is_read_as_its_type(hint: Any, value: Any, expected: Any) -> None:
    found = read(hint, value)
    if isinstance(expected, str) and not isinstance(found, str):
        found = str(found)
    assert found == expected
    # 1 is not True; a bare named tuple is a tuple.
    assert isinstance(found, type(expected))
    assert isinstance(found, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (uuid.UUID, "7"),
        (decimal.Decimal, "NaN"),
        (decimal.Decimal, True),
        (datetime.timedelta, "soon"),
        (datetime.timedelta, "P"),
        (Pair, [1, "a", 2]),
        (Node, {"name": "a", "children": [{}]}),
        (Box[int], {"value": "x"}),
        (dict[int, str], {"a": "b"}),
        (Literal[1, True], 2),
        (Literal[1], True),
        (Search, {"limit": 1}),
        (notations.Filter, {"text": "a", "limit": "x"}),
        (notations.Loose, {}),
        (int, "3.5"),
        (int, True),
        (bool, 1),
        (set[Any], [[1]]),
        (Rights, 8),
        (Rights, "read"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(hint: Any, value: Any) -> None:
    with pytest.raises(BadArguments, match=r"^x"):
        read(hint, value)


def test_a_value_nested_deeper_than_the_stack_is_refused() -> None:
    text = '{"name":"a","children":[' * 700 + "]}" * 700
    with pytest.raises(BadArguments, match="nested|can be read"):
        shaped(Node).bind(f'{{"x":{text}}}')


def test_a_type_that_contains_itself_is_a_definition() -> None:
    schema = json.loads(shaped(Node).parameters)
    assert schema["properties"]["x"] == {"$ref": "#/$defs/Node"}
    children = schema["$defs"]["Node"]["properties"]["children"]
    assert children == {"type": "array", "items": {"$ref": "#/$defs/Node"}}
    boxed = json.loads(shaped(Box[int]).parameters)
    assert boxed["properties"]["x"]["properties"]["value"] == {"type": "integer"}
    assert "$defs" not in boxed


def test_what_partial_binds_is_hidden() -> None:
    def query(sql: str, user: str, password: str = "", *, limit: float = float("inf")) -> str:
        """Queries.

        Args:
            sql: What to ask.
        """
        return f"{sql} {user} {password} {limit}"

    bound = functools.partial(functools.partial(query, password="hunter2"), limit=3)

    @functools.wraps(query)
    def wrapped(*args: Any, **kwargs: Any) -> str:
        return str(bound(*args, **kwargs))

    wrapped.__wrapped__ = bound
    for function in (bound, wrapped, functools.partial(tool(query), password="hunter2", limit=3)):
        made = tool(function)
        assert (made.name, made.description) == ("query", "Queries.")
        schema = json.loads(made.parameters)
        assert list(schema["properties"]) == ["sql", "user"]
        assert schema["properties"]["sql"]["description"] == "What to ask."
        assert made.bind('{"sql": "s", "user": "u"}')() == "s u hunter2 3"
        with pytest.raises(BadArguments, match="password is unknown"):
            made.bind('{"sql": "s", "user": "u", "password": "x"}')
    # By place, too; and what has no form in JSON is not shown.
    by_place = json.loads(tool(functools.partial(query, "s")).parameters)
    assert list(by_place["properties"]) == ["user", "password", "limit"]
    assert "Infinity" not in tool(query).parameters


def test_a_wrapper_is_async_by_itself() -> None:
    async def later() -> str:
        return "later"

    def now() -> str:
        return "now"

    @functools.wraps(later)
    def blocking() -> str:
        return "done"

    @functools.wraps(now)
    async def waiting() -> str:
        return "done"

    is_async = [tool(each).is_async for each in (later, now, blocking, waiting)]
    assert is_async == [True, False, False, True]
    assert tool(functools.partial(later)).is_async
    assert tool(functools.partial(tool(later))).is_async


def test_what_pydantic_knows(pydantic: bool) -> None:
    if not pydantic:
        pytest.skip("without it")
    from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr
    from pydantic.dataclasses import dataclass as checked

    class Slot(BaseModel):
        model_config = ConfigDict(strict=True)
        when: datetime.datetime
        seats: int

    @checked
    class Range:
        low: int = Field(ge=0, description="from")
        high: int = 9

    @dataclasses.dataclass
    class Plain:
        low: int = Field(default=1, ge=0)

    assert read(Slot, {"when": "2026-01-02T03:04:05", "seats": 2}).when.year == 2026
    with pytest.raises(BadArguments, match="x.seats: Input should be a valid integer"):
        read(Slot, {"when": "2026-01-02T03:04:05", "seats": "2"})
    assert read(list[Slot], [{"when": "2026-01-02T03:04:05", "seats": 2}])[0].seats == 2
    assert read(Range, {"low": 1}) == Range(1)
    found = json.loads(shaped(Range).parameters)["properties"]["x"]
    assert (found["required"], found["properties"]["low"]["minimum"]) == (["low"], 0)
    with pytest.raises(BadArguments, match="x.low: Input should be greater"):
        read(Range, {"low": -1})
    assert read(Plain, {}).low == 1
    assert str(read(HttpUrl, "http://example.com/")) == "http://example.com/"
    assert read(SecretStr, "s").get_secret_value() == "s"
    assert read(Union[Slot, str], "now") == "now"

    def roll(times: Annotated[int, "how often", Field(ge=1)], sides: int = Field(default=6, le=20),
             seed: list[int] = Field(default_factory=lambda: [1]),
             keep: Annotated[int, Field(default=2)] = 2) -> Any:  # fmt: skip
        return times, sides, seed, keep

    made = tool(roll)
    schema = json.loads(made.parameters)
    assert schema["required"] == ["times"]
    assert schema["properties"]["times"]["description"] == "how often"
    assert schema["properties"]["sides"]["maximum"] == 20
    assert made.bind('{"times": 1}')() == (1, 6, [1], 2)
    with pytest.raises(BadArguments, match="sides: Input should be less"):
        made.bind('{"times": 1, "sides": 21}')

    def none(times: int = Field(ge=1)) -> Any:
        return times

    assert json.loads(tool(none).parameters)["required"] == ["times"]
    assert json.loads(output_of({"url": HttpUrl("http://a/")}).content) == {"url": "http://a/"}
    slot = Slot(when=datetime.datetime(2026, 1, 2), seats=1)
    shown = {"when": "2026-01-02T00:00:00", "seats": 1}
    assert json.loads(output_of(slot).content) == shown
    assert json.loads(output_of({ID: [slot]}).content) == {str(ID): [shown]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": ID, "price": decimal.Decimal("1.10")}, {"id": str(ID), "price": "1.10"}),
        ([datetime.datetime(2026, 1, 2, 3)], ["2026-01-02T03:00:00"]),
        ([datetime.time(3), datetime.timedelta(days=1, seconds=90)], ["03:00:00", "P1DT90S"]),
        ([datetime.timedelta(0), datetime.timedelta(seconds=-0.5)], ["PT0S", "-PT0.5S"]),
        ({"raw": b"a\xff"}, {"raw": "a\ufffd"}),
        (Pair(1, "a"), [1, "a"]),
        (Node("a", [Node("b")]), {"name": "a", "children": [{"name": "b", "children": []}]}),
        ({ID: 1, Colour.RED: 2, 3: 4}, {str(ID): 1, "red": 2, "3": 4}),
        ([{(datetime.date(2026, 1, 2)): {Colour.ONE}}], [{"2026-01-02": [1]}]),
        (collections.deque([ipaddress.IPv4Address("10.0.0.1")]), ["10.0.0.1"]),
        ({"ids": range(3)}, {"ids": [0, 1, 2]}),
    ],
)  # fmt: skip
def test_a_result_is_json(value: Any, expected: Any) -> None:
    assert json.loads(output_of(value).content) == expected


def test_what_a_tool_yields_is_a_list() -> None:
    assert output_of(number * 2 for number in range(3)).content == "[0, 2, 4]"
    assert output_of(map(str, range(2))).content == '["0", "1"]'


def test_what_a_tool_does_wrong_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Any:
        raise KeyError("id")

    def refuse() -> Any:
        raise ToolError("no such row")

    results: dict[str, Any] = {
        "TypeError|object has no form in JSON": object,
        "KeyError: 'id'": fail,
        "no such row": refuse,
        "half of it": lambda: ToolOutput("half of it", is_error=True),
    }
    for words, call in results.items():
        caplog.clear()
        with caplog.at_level(logging.WARNING, "zerostack"):
            output = outcome("row", call)
        assert output.is_error
        assert output.content.endswith(words.rpartition("|")[2])
        (record,) = caplog.records
        assert record.getMessage().startswith("the tool row failed: ")
        # The trace of what was not meant to happen.
        assert bool(record.exc_info) is (call is fail)
