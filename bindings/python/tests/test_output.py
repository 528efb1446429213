"""Answers as values of a type, with and without pydantic, against the scripted provider."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal, Optional, TypedDict, Union

import pydantic
import pytest
from conftest import Provider, Scripted, call, say

import zerostack
from zerostack import (
    Agent,
    AsyncAgent,
    BadAnswer,
    Limits,
    PartialJson,
    PartialOutput,
    Restart,
    Retry,
    Step,
)

QUICK = Limits(retry_base_ms=1, retry_max_ms=1)


@dataclass
class City:
    name: str
    inhabitants: int


class Place(TypedDict):
    name: str
    inhabitants: int


class Model(pydantic.BaseModel):
    name: str
    inhabitants: int = pydantic.Field(ge=1)

    @pydantic.field_validator("name")
    @classmethod
    def _capital(cls, name: str) -> str:
        if not name[:1].isupper():
            raise ValueError("the name of a city begins with a capital")
        return name


OSLO = {"name": "Oslo", "inhabitants": 717_710}

both = pytest.mark.parametrize("kind", [Agent, AsyncAgent])


def ask(kind: Any, scripted: Scripted, text: str, **options: Any) -> Any:
    settings = {"limits": QUICK, **options.pop("agent", {})}
    agent = kind("scripted", base_url=scripted.url, **settings)
    if isinstance(agent, Agent):
        with agent:
            return agent.run(text, **options)

    async def main() -> Any:
        async with agent:
            return await agent.run(text, **options)

    return asyncio.run(main())


def bodies(scripted: Scripted) -> list[Any]:
    return [json.loads(request["body"]) for request in scripted.requests]


@both
@pytest.mark.parametrize(
    ("hint", "said", "expected"),
    [
        (City, OSLO, City(**OSLO)),
        (Place, OSLO, OSLO),
        (Model, OSLO, Model(**OSLO)),
        (list[City], {"value": [OSLO]}, [City(**OSLO)]),
        (Union[City, int], {"value": 7}, 7),
        (Optional[Model], {"value": None}, None),
        (Literal["yes", "no"], {"value": "no"}, "no"),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (int, {"value": 3}, 3),
    ],
    ids=["dataclass", "TypedDict", "pydantic", "list", "union", "optional", "literal", "dict", "int"],
)
def test_an_answer_is_a_value(
    kind: Any, provider: Provider, hint: Any, said: Any, expected: Any
) -> None:
    scripted = provider(say(json.dumps(said)))
    assert ask(kind, scripted, "City?", output_type=hint) == expected
    wanted = bodies(scripted)[0]["response_format"]["json_schema"]
    assert wanted["schema"]["type"] == "object"


@both
def test_after_tools_and_for_one_turn_only(kind: Any, provider: Provider) -> None:
    def look(at: str) -> str:
        """Looks."""
        return f"seen {at}"

    scripted = provider(call("look", {"at": "a"}), say(json.dumps(OSLO)), say("plain"))

    agent = kind("scripted", base_url=scripted.url, limits=QUICK, tools=[look])

    async def main() -> tuple[Any, Any]:
        async with agent:
            return await agent.run("City?", output_type=City), await agent.run("And?")

    if isinstance(agent, Agent):
        with agent:
            city, answer = agent.run("City?", output_type=City), agent.run("And?")
    else:
        city, answer = asyncio.run(main())
    assert (city, str(answer)) == (City(**OSLO), "plain")
    sent = bodies(scripted)
    assert ["response_format" in body for body in sent] == [True, True, False]
    assert sent[0]["response_format"] == sent[1]["response_format"]


@both
def test_an_answer_that_does_not_fit_is_asked_for_again(kind: Any, provider: Provider) -> None:
    scripted = provider(say('{"name":"Oslo"}'), say(json.dumps(OSLO)))
    assert ask(kind, scripted, "City?", output_type=City, max_repairs=1) == City(**OSLO)
    asked = bodies(scripted)[1]["messages"][-1]["content"]
    assert 'required "inhabitants", found {"name":"Oslo"}' in asked


@both
def test_what_only_the_type_knows_is_asked_for_again(kind: Any, provider: Provider) -> None:
    small = json.dumps({**OSLO, "name": "oslo"})
    scripted = provider(say(small), say(json.dumps(OSLO)))
    assert ask(kind, scripted, "City?", output_type=Model) == Model(**OSLO)
    asked = bodies(scripted)[1]["messages"][-1]["content"]
    assert "begins with a capital" in asked
    scripted = provider(say(small))
    with pytest.raises(BadAnswer, match="begins with a capital"):
        ask(kind, scripted, "City?", output_type=Model, max_repairs=0)


def test_after_the_last_time_the_error_says_why_and_the_text_is_there(provider: Provider) -> None:
    scripted = provider(say("no"), say("never"), say("plain"))
    with Agent("scripted", base_url=scripted.url, limits=QUICK) as agent:
        with pytest.raises(BadAnswer, match="not one JSON value"):
            agent.run("City?", output_type=City, max_repairs=1)
        assert agent.session.answer == "never"
        assert agent.session.step is Step.IDLE
        assert "response_schema" not in agent.session.options
        assert str(agent.run("And?")) == "plain"


def test_an_answer_that_was_cut_off_is_told_as_such(provider: Provider) -> None:
    cut = {"parts": [{"text": '{"name":"Os'}], "stop": "length"}
    scripted = provider(cut)
    with Agent("scripted", base_url=scripted.url, limits=QUICK) as agent:
        with pytest.raises(BadAnswer, match="stopped with max_tokens"):
            agent.run("City?", output_type=City)
        assert agent.session.answer == '{"name":"Os'


def test_partial_values_grow_and_the_reason_of_a_repair_is_an_event(provider: Provider) -> None:
    whole = json.dumps(OSLO)
    pieces = [whole[at : at + 5] for at in range(0, len(whole), 5)]
    scripted = provider(say("[1]"), say(*pieces))
    seen, kinds = [], []
    with Agent("scripted", base_url=scripted.url, limits=QUICK) as agent:
        with agent.stream("City?", output_type=City) as turn:
            for event in turn:
                if isinstance(event, PartialOutput):
                    seen.append(json.loads(json.dumps(event.value)))
                elif isinstance(event, (Restart, Retry)):
                    kinds.append(event)
                    seen.clear()
        assert turn.output == City(**OSLO)
        assert turn.answer.text == whole
    assert isinstance(kinds[0], Restart)
    assert isinstance(kinds[1], Retry) and "type" in kinds[1].reason
    assert seen[0] == {} and seen[-1] == OSLO
    names = [each["name"] for each in seen if "name" in each]
    assert len(names) > 1 and all("Oslo".startswith(name) for name in names)


def test_partial_values_are_those_of_the_value_in_the_wrap(provider: Provider) -> None:
    scripted = provider(say('{"value":', "[1,", "2]}"))
    with Agent("scripted", base_url=scripted.url, limits=QUICK) as agent:
        with agent.stream("Numbers?", output_type=list[int]) as turn:
            seen = [list(e.value) for e in turn if isinstance(e, PartialOutput)]
    assert seen == [[1], [1, 2]]
    assert turn.output == [1, 2]


def test_partial_json_in_every_chunking() -> None:
    text = '{"a/b~":["é\\n\\ud83d\\ude00",1.5,-2,true,null,{"x":{}}],"last":"end"}'
    for size in range(1, len(text) + 1):
        partial = PartialJson()
        for at in range(0, len(text), size):
            partial.feed(text[at : at + size])
        assert partial.is_done and partial.value == json.loads(text)
    partial = PartialJson()
    assert partial.value is None
    assert partial.feed('{"a":"b') and partial.value == {"a": "b"}
    assert not partial.feed("") and not partial.is_done
    with pytest.raises(zerostack.BadJson, match="at byte 9"):
        partial.feed('",}')
    with pytest.raises(zerostack.BadJson):
        partial.feed("more")
    assert partial.value == {"a": "b"}


def test_bad_input(provider: Provider) -> None:
    scripted = provider(say("x"))
    with Agent("scripted", base_url=scripted.url, limits=QUICK) as agent:
        with pytest.raises(TypeError, match="output_type"):
            agent.run("x", output_type=type("Opaque", (), {}))
        with pytest.raises(ValueError, match="max_repairs"):
            agent.run("x", output_type=int, max_repairs=256)
        deep: Any = int
        for _ in range(60):
            deep = list[deep]
        with pytest.raises(zerostack.BadOption, match="response_schema"):
            agent.run("x", output_type=deep)
        with pytest.raises(ValueError, match="output_type"):
            agent.stream(None, output_type=int)
        assert agent.session.step is Step.IDLE
        assert str(agent.run("x")) == "x"
    assert len(scripted.requests) == 1


def test_a_recorded_agent_has_no_output_type(provider: Provider, tmp_path: Any) -> None:
    scripted = provider(say("x"))
    with Agent("scripted", base_url=scripted.url, record=tmp_path / "tape") as agent:
        with pytest.raises(ValueError, match="tape"):
            agent.run("x", output_type=int)
        assert str(agent.run("x")) == "x"


def test_without_pydantic(provider: Provider) -> None:
    scripted = provider(say(json.dumps(OSLO)))
    program = f"""
import sys
sys.modules["pydantic"] = None
from dataclasses import dataclass
from zerostack import Agent

@dataclass
class City:
    name: str
    inhabitants: int

with Agent("scripted", base_url={scripted.url!r}) as agent:
    city = agent.run("City?", output_type=City)
print(city)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "City(name='Oslo', inhabitants=717710)\n", done.stderr


def test_a_session_checks_its_answer_itself() -> None:
    schema = {"type": "object", "required": ["a"]}
    wanted = {"schema": schema, "max_repairs": 0, "mode": "words"}
    session = zerostack.Session("openai-chat", "m", response_schema=wanted)
    assert session.options["response_schema"]["max_repairs"] == 0
    session.user("A?")
    assert b"It must fit this JSON Schema" in session.request().body
    session.begin_response(200)
    reply = {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}
    session.feed(json.dumps(reply).encode())
    with pytest.raises(BadAnswer, match='required "a", found {}'):
        session.end_response()
    assert session.answer_json == "{}"
    session.set_response_schema(None)
    session.user("B?")
    with pytest.raises(zerostack.WrongStep):
        session.set_response_schema(schema)
