"""Functions as tools: their schema, and the arguments that fit it."""

from __future__ import annotations

import datetime
import enum
import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

import pytest

import zerostack
from zerostack import Tool, tool


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


class Options(TypedDict, total=False):
    depth: int


def everything(
    path: Path,
    count: Annotated[int, "how many"],
    points: Sequence[Point],
    colour: Colour = Colour.RED,
    mode: Literal["fast", "slow"] = "fast",
    limit: Optional[int] = None,
    either: Union[int, str] = 0,
    pair: tuple[int, str] = (0, ""),
    options: Options = {},  # noqa: B006
    weights: Optional[dict[str, float]] = None,
    day: datetime.date = datetime.date(2026, 1, 1),
    anything: Any = None,
) -> str:
    """Does everything.

    And more.

    Args:
        path: where
            to look
        mode (str): how quickly

    Returns:
        nothing of note
    """
    return repr((path, count, points, colour, mode, limit, either, pair, options, weights, day))


def test_the_schema_of_a_function() -> None:
    made = tool(everything)
    assert (made.name, made.description) == ("everything", "Does everything.\n\nAnd more.")
    schema = json.loads(made.parameters)
    assert schema["required"] == ["path", "count", "points"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["path"] == {"type": "string", "description": "where to look"}
    assert properties["count"] == {"type": "integer", "description": "how many"}
    assert properties["points"]["items"]["required"] == ["x"]
    assert properties["points"]["items"]["properties"]["tags"] == {
        "type": "array",
        "items": {"type": "string"},
    }
    assert properties["colour"] == {"type": "string", "enum": ["red", "blue"]}
    assert properties["mode"]["description"] == "how quickly"
    assert properties["mode"]["default"] == "fast"
    assert properties["limit"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert properties["pair"]["prefixItems"] == [{"type": "integer"}, {"type": "string"}]
    assert properties["options"]["required"] == []
    assert properties["weights"]["anyOf"][0]["additionalProperties"] == {"type": "number"}
    assert properties["day"] == {"type": "string", "format": "date"}
    assert properties["anything"] == {}


def test_arguments_become_what_the_hints_say() -> None:
    arguments = {
        "path": "a/b",
        "count": 3.0,
        "points": [{"x": 1, "y": 2}],
        "colour": "blue",
        "limit": 5,
        "either": "x",
        "pair": [1, "a"],
        "options": {"depth": 2},
        "weights": {"a": 1},
        "day": "2026-02-03",
    }
    said = tool(everything).bind(json.dumps(arguments))()
    assert said == repr(
        (
            Path("a/b"),
            3,
            [Point(1, 2.0)],
            Colour.BLUE,
            "fast",
            5,
            "x",
            (1, "a"),
            {"depth": 2},
            {"a": 1.0},
            datetime.date(2026, 2, 3),
        )
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"count": "3.5"}, "count must be an integer, not '3.5'"),
        ({"count": True}, "count must be an integer, not True"),
        ({"path": 7}, "path must be a string, not 7"),
        ({"points": [{"x": 1}, {"y": 1}]}, "points[1].x is missing"),
        ({"points": [{"x": 1, "z": 1}]}, "points[0].z is unknown; there is x, y, tags"),
        ({"points": {}}, "points must be an array, not {}"),
        ({"colour": "green"}, "colour must be one of 'red', 'blue', not 'green'"),
        ({"limit": "x"}, "limit must be an integer, not 'x'; or limit must be null, not 'x'"),
        ({"pair": [1]}, "pair must be an array of 2, not [1]"),
        ({"weights": {"a": "b"}}, "weights.a must be a number"),
        ({"day": "tomorrow"}, "day must be a date such as 2026-01-31, not 'tomorrow'"),
        ({"nonsense": 1}, "nonsense is unknown; there is path, count"),
    ],
)
def test_wrong_arguments_say_where(wrong: Any, words: str) -> None:
    arguments = {"path": "a", "count": 1, "points": [], **wrong}
    with pytest.raises(zerostack.BadArguments) as raised:
        tool(everything).bind(json.dumps(arguments))
    assert words in str(raised.value)


def test_missing_arguments_and_no_json() -> None:
    with pytest.raises(zerostack.BadArguments, match="path is missing"):
        tool(everything).bind("")
    with pytest.raises(zerostack.BadArguments, match="are not JSON"):
        tool(everything).bind("{")


def test_numpy_and_sphinx_docstrings() -> None:
    def numpy_style(a: int, b: int) -> None:
        """Adds.

        Parameters
        ----------
        a : int
            the first
        b
            the second

        Returns
        -------
        None
        """

    def sphinx_style(a: int, b: int) -> None:
        """Adds.

        :param a: the first
        :param int b: the
            second
        :returns: nothing
        """

    for function, second in ((numpy_style, "the second"), (sphinx_style, "the second")):
        made = tool(function)
        properties = json.loads(made.parameters)["properties"]
        assert made.description == "Adds."
        assert [p["description"] for p in properties.values()] == ["the first", second]


def test_decorator_forms() -> None:
    @tool
    def plain(a: int = 1) -> int:
        return a

    @tool(name="other", description="Text.", timeout_s=2)
    def named(a: int, /, b: int = 2) -> int:
        return a + b

    assert isinstance(plain, Tool)
    assert plain(a=3) == 3
    assert (named.name, named.description, named.timeout_s) == ("other", "Text.", 2)
    assert named.bind('{"a": 1}')() == 3
    assert tool(functools.partial(everything, Path("x"), 1)).is_async is False
    assert tool(plain) is plain


class Node:
    pass


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x, "needs a name of letters"),
        (3, "a tool is a function, not int"),
    ],
)
def test_what_is_no_tool(function: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        tool(function)


def test_hints_that_json_has_no_form_for() -> None:
    def node(x: Node) -> None: ...
    def many(*xs: int) -> None: ...
    def unread(x: Nonsense) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for function, words in {
        node: "x: Node has no form in JSON: pydantic does not know it either",
        many: "name each parameter",
        unread: "its type hints cannot be read",
    }.items():
        with pytest.raises(TypeError, match=f"the tool {function.__name__}: .*{words}"):
            tool(function)


def test_pydantic_models() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Inner(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        n: int

    class Outer(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        inner: Inner
        name: str = "x"

    def take(outer: Outer, most: Annotated[int, pydantic.Field(le=5)] = 1) -> Outer:
        """Takes it."""
        return outer

    take.__annotations__["outer"], take.__annotations__["return"] = Outer, Outer
    take.__annotations__["most"] = Annotated[int, pydantic.Field(le=5)]
    made = tool(take)
    schema = json.loads(made.parameters)
    assert schema["$defs"]["Inner"]["properties"]["n"]["type"] == "integer"
    assert schema["properties"]["most"]["maximum"] == 5
    assert made.bind('{"outer": {"inner": {"n": 3}}}')().inner.n == 3
    with pytest.raises(zerostack.BadArguments, match="outer.inner.n: Input should be a valid int"):
        made.bind('{"outer": {"inner": {"n": "three"}}}')
    with pytest.raises(zerostack.BadArguments, match="most: Input should be less than or equal"):
        made.bind('{"outer": {"inner": {"n": 3}}, "most": 6}')
