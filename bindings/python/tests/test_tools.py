"""Functions as tools: their schema, their arguments, and all that can go wrong in one."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import enum
import functools
import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional, TypedDict, Union

import pytest
from conftest import Provider, call, say
from test_agent import Either, both, tool_texts

import zerostack
from zerostack import Tool, ToolAnswered, ToolError, ToolOutput, tool

if sys.version_info >= (3, 9):
    from typing import Annotated


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
        ({"count": "3"}, "count must be an integer, not '3'"),
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


@dataclass
class Tree:
    children: list[Tree]


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
    def tree(x: Tree) -> None: ...
    def keys(x: dict[int, str]) -> None: ...
    def many(*xs: int) -> None: ...
    def unread(x: Nonsense) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for function, words in {
        node: "x: Node has no form in JSON; a dataclass or pydantic model has one",
        tree: "x: children: Tree contains itself",
        keys: "the keys of a JSON object are str, not int",
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


def fails() -> None:
    raise ValueError("no such thing")


def refuses() -> None:
    raise ToolError("Not today.")


def leaves() -> None:
    raise SystemExit(3)


def lone_surrogate() -> str:
    return "a\udcffb"


def raw_bytes() -> bytes:
    return b"a\xffb"


def no_json() -> object:
    return object()


def not_a_number() -> float:
    return float("nan")


def a_point() -> Point:
    return Point(1)


def nothing() -> None: ...


def marked() -> ToolOutput:
    return ToolOutput("as it is", is_error=True)


async def fails_later() -> None:
    await asyncio.sleep(0)
    raise ValueError("too late")


async def cancels_itself() -> None:
    raise asyncio.CancelledError


async def works_later() -> str:
    await asyncio.sleep(0)
    return "done"


@both
@pytest.mark.parametrize(
    ("function", "arguments", "content", "is_error"),
    [
        (fails, {}, "ValueError: no such thing", True),
        (refuses, {}, "Not today.", True),
        (leaves, {}, "SystemExit: 3", True),
        (fails_later, {}, "ValueError: too late", True),
        (cancels_itself, {}, "CancelledError", True),
        (works_later, {}, "done", False),
        (lone_surrogate, {}, "a?b", False),
        (raw_bytes, {}, "a�b\n(bytes that are not UTF-8 were replaced)", False),
        (no_json, {}, "the tool's result is no JSON: object has no form in JSON", True),
        (
            not_a_number,
            {},
            "the tool's result is no JSON: Out of range float values are not JSON compliant",
            True,
        ),
        (a_point, {}, '{"x": 1, "y": 0.0, "tags": []}', False),
        (nothing, {}, "null", False),
        (marked, {}, "as it is", True),
        (nothing, {"x": 1}, "wrong arguments: x is unknown; there is none", True),
        (nothing, "{", "wrong arguments: the arguments are not JSON: ", True),
        (nothing, "[]", "wrong arguments: the arguments are list, not a JSON object", True),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_the_model_is_told(
    kind: Any, provider: Provider, function: Any, arguments: Any, content: str, is_error: bool
) -> None:
    scripted = provider(call(function.__name__, arguments), say("ok"))
    events = Either(kind, scripted, tools=[function]).events("go")
    answered = next(event for event in events if isinstance(event, ToolAnswered))
    assert answered.content.startswith(content)
    assert answered.is_error is is_error
    assert tool_texts(scripted)[0].endswith(answered.content)


@both
def test_a_tool_that_is_not_there(kind: Any, provider: Provider) -> None:
    scripted = provider(call("nonsense", {}), say("ok"))
    Either(kind, scripted, tools=[fails, leaves]).run("go")
    assert "there is no tool 'nonsense'; there is fails, leaves" in tool_texts(scripted)[0]


@both
def test_tools_run_at_the_same_time(kind: Any, provider: Provider) -> None:
    """Each of the three waits for the others: one after the other they would never end."""
    meeting = threading.Barrier(3)
    meeting_later: list[asyncio.Event] = []

    def meet(name: str) -> str:
        meeting.wait()
        return name

    async def meet_later(name: str) -> str:
        meeting_later.append(asyncio.Event())
        if len(meeting_later) == 2:
            for each in meeting_later:
                each.set()
        await meeting_later[-1].wait()
        return name

    calls = [("meet", {"name": name}) for name in "abc"]
    if kind is zerostack.AsyncAgent:
        calls += [("meet_later", {"name": name}) for name in "de"]
    scripted = provider(call(*calls[0], *calls[1:]), say("ok"))
    Either(kind, scripted, tools=[meet, meet_later], tool_timeout_s=None).run("go")
    assert tool_texts(scripted) == list("abcde")[: len(calls)]


@both
def test_no_more_at_once_than_allowed(kind: Any, provider: Provider) -> None:
    running: list[int] = []
    most: list[int] = []

    def work(n: int) -> int:
        running.append(n)
        most.append(len(running))
        time.sleep(0.005)
        running.remove(n)
        return n

    calls = [("work", {"n": n}) for n in range(12)]
    scripted = provider(call(*calls[0], *calls[1:]), say("ok"))
    Either(kind, scripted, tools=[work], max_parallel_tools=3).run("go")
    assert tool_texts(scripted) == [str(n) for n in range(12)]
    assert max(most) <= 3


@both
def test_a_tool_that_never_returns_is_left_behind(kind: Any, provider: Provider) -> None:
    release = threading.Event()
    ignored: list[str] = []

    def stuck() -> None:
        release.wait()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                ignored.append("cancel")

    function = stubborn if kind is zerostack.AsyncAgent else stuck
    calls = [("stuck", {}), (function.__name__, {}), ("quick", {})]
    scripted = provider(call(*calls[0], *calls[1:]), say("ok"))

    @tool(timeout_s=60)
    def quick() -> str:
        return "quick"

    tools = [stuck, quick] if function is stuck else [stuck, stubborn, quick]
    either = Either(kind, scripted, tools=tools, tool_timeout_s=0.1, max_parallel_tools=2)
    if kind is zerostack.AsyncAgent:
        threading.Timer(1, release.set).start()
    assert either.run("go").text == "ok"
    release.set()
    told = tool_texts(scripted)
    assert "did not return within 0.1 seconds; it may still be running" in told[0]
    assert "did not return within 0.1 seconds" in told[1]
    assert told[2] == "quick"


def test_a_timeout_of_its_own(provider: Provider) -> None:
    release = threading.Event()

    @tool(timeout_s=0.05)
    def stuck() -> None:
        release.wait()

    scripted = provider(call("stuck", {}), say("ok"))
    Either(zerostack.Agent, scripted, tools=[stuck], tool_timeout_s=60).run("go")
    release.set()
    assert "within 0.05 seconds" in tool_texts(scripted)[0]


@both
def test_a_tool_sees_the_context_of_its_caller(kind: Any, provider: Provider) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")

    def ask() -> str:
        return who.get()

    who.set("me")
    scripted = provider(call("ask", {}), say("ok"))
    Either(kind, scripted, tools=[ask]).run("go")
    assert tool_texts(scripted) == ["me"]


@both
def test_a_long_result_is_cut_and_said(kind: Any, provider: Provider) -> None:
    def long() -> str:
        return "x" * 5_000

    scripted = provider(call("long", {}), say("ok"))
    limits = zerostack.Limits(max_result_bytes=1_000)
    events = Either(kind, scripted, tools=[long], limits=limits).events("go")
    answered = next(event for event in events if isinstance(event, ToolAnswered))
    assert answered.left_out_bytes >= 4_000
    assert len(tool_texts(scripted)[0].encode()) <= 1_100


@both
def test_the_rounds_are_limited(kind: Any, provider: Provider) -> None:
    scripted = provider({**call("nothing", {}), "repeat": True})
    either = Either(kind, scripted, tools=[nothing], limits=zerostack.Limits(max_rounds=3))
    with pytest.raises(zerostack.Limit) as raised:
        either.run("go")
    assert raised.value.detail == zerostack.Budget.ROUNDS
    assert len(scripted.requests) == 3


def test_two_tools_of_one_name() -> None:
    with pytest.raises(ValueError, match="two tools are called nothing"):
        zerostack.Agent("m", base_url="http://127.0.0.1:1", tools=[nothing, tool(nothing)])
