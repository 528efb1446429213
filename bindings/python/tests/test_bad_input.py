"""What a caller can do wrong with a session, and what the error says of it."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import threading
import weakref
from typing import Any

import pytest
from test_session import ADD, calls, chat, started

import zerostack
from zerostack import Limits, Session, Step, Tokenizer, ToolSpec


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda s: s.user(b"bytes"), TypeError, "text must be a str, not bytes"),
        (lambda s: s.user(None), TypeError, "text must be a str, not NoneType"),
        (lambda s: s.user("\ud800"), UnicodeEncodeError, "surrogates not allowed"),
        (lambda s: s.begin_response("200"), TypeError, "status must be an int, not str"),
        (lambda s: s.begin_response(True), TypeError, "status must be an int, not bool"),
        (lambda s: s.begin_response(-1), ValueError, "status must be from 0 to 999, -1 is not"),
        (lambda s: s.begin_response(10**9), ValueError, "from 0 to 999, 1000000000 is not"),
        (lambda s: s.begin_response(10**5000), ValueError, "that number is not"),
        (lambda s: s.begin_response(200, 1.5), TypeError, "retry_after_ms must be an int"),
        (lambda s: s.begin_response(200, -1), ValueError, "retry_after_ms must be from 0"),
        (lambda s: s.feed("data"), TypeError, "chunk must be bytes as received"),
        (lambda s: s.feed(7), TypeError, "chunk must be bytes, not int"),
        (lambda s: s.tool_result(0, b"x"), TypeError, "content must be a str, not bytes"),
        (lambda s: s.tool_result("0", "x"), TypeError, "id must be an int, not str"),
        (lambda s: s.tool_result(2**32, "x"), ValueError, "id must be from 0 to 4294967295"),
        (lambda s: s.compact("x", -1), ValueError, "keep_turns must be from 0"),
    ],
)
def test_wrong_types_and_huge_numbers(act: Any, error: Any, words: str) -> None:
    session = Session("openai-chat", "m")
    with pytest.raises(error) as raised:
        act(session)
    assert words in str(raised.value)
    assert session.step is Step.IDLE
    assert session.transcript == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"dialect": "openai"}, ValueError, "it is one of openai-chat, anthropic"),
        ({"dialect": 3}, TypeError, "dialect must be a str, not int"),
        ({"model": None}, TypeError, "model must be a str, not NoneType"),
        ({"limits": {"seed": 1}}, TypeError, "limits must be a zerostack.Limits, not dict"),
        ({"capacity_bytes": 10**30}, ValueError, "capacity_bytes must be from 0"),
        ({"tools": [3]}, TypeError, "tools[0]: 'int' object has no attribute 'name'"),
        ({"tools": [ADD, ToolSpec("b", "", "[]")]}, zerostack.BadConfig, "tool 1 has "),
        ({"tools": [ToolSpec("", "", "{}")]}, zerostack.BadConfig, "tool 0 has a name that cannot"),
        ({"tools": 3}, TypeError, "'int' object is not iterable"),
        ({"tool": []}, TypeError, 'no option "tool"; there are system, tools'),
    ],
)
def test_a_session_that_cannot_be(options: Any, error: Any, words: str) -> None:
    arguments = {"dialect": "openai-chat", "model": "m", **options}
    with pytest.raises(error) as raised:
        Session(**arguments)
    assert words in str(raised.value)


def test_limits_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="max_rounds must be from 0 to 65535, 65536 is not"):
        Limits(max_rounds=65_536)
    with pytest.raises(TypeError, match="seed must be an int, not float"):
        Limits(seed=1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one of take_out, keep"):
        Limits(failed_turn="drop")  # type: ignore[arg-type]
    with pytest.raises(zerostack.BadConfig):
        Session("openai-chat", "m", limits=Limits(max_attempts=0))


def test_a_wrong_step_says_what_to_do_and_changes_nothing() -> None:
    session = Session("openai-chat", "m")
    for name, act in {
        "request": session.request,
        "retry": session.retry,
        "end_response": session.end_response,
        "feed": lambda: session.feed(b""),
        "begin_response": lambda: session.begin_response(200),
        "tool_result": lambda: session.tool_result(0, ""),
    }.items():
        with pytest.raises(zerostack.WrongStep) as raised:
            act()
        assert str(raised.value) == f"{name}() does not fit the step IDLE: call user()"
        assert raised.value.detail == Step.IDLE
    session.user("hi")
    with pytest.raises(zerostack.WrongStep, match=r"the step SEND: send request\(\), then call"):
        session.user("again")


def test_bytes_that_are_no_text_in_a_reply() -> None:
    session = started(limits=Limits(max_attempts=1))
    body = chat({"content": "x"}).replace(b'"x"', b'"\xff\xfe"')
    with pytest.raises(zerostack.ZerostackError) as raised:
        session.feed(body)
        session.end_response()
    assert raised.value.code in (zerostack.ErrorCode.BAD_RESPONSE, zerostack.ErrorCode.CUT)
    assert session.step is Step.IDLE


def test_an_unknown_call() -> None:
    session = started(calls(("add", "{}")), tools=[ADD])
    session.end_response()
    with pytest.raises(zerostack.UnknownCall, match="no open tool call has this id: 9"):
        session.tool_result(9, "")
    assert len(session.pending_calls()) == 1


@pytest.mark.parametrize("arguments", ["{", '{"a": NaN}', "[" * 10**5])
def test_arguments_that_are_not_json_are_not_handed_out(arguments: str) -> None:
    session = started(calls(("add", arguments)), tools=[ADD])
    session.end_response()
    assert not session.pending_calls()
    assert session.step is Step.SEND


@pytest.mark.parametrize("arguments", ["[1]", '"x"', "9" * 5_000])
def test_arguments_that_are_no_object(arguments: str) -> None:
    session = started(calls(("add", arguments)), tools=[ADD])
    session.end_response()
    with pytest.raises(zerostack.BadJson, match="the arguments are"):
        session.pending_calls()[0].parse()


def test_a_damaged_snapshot_says_where() -> None:
    session = started(chat({"content": "x"}))
    session.end_response()
    saved = session.snapshot()
    for damaged in (b"", b"nonsense", saved[:-1], saved[:9] + b"\xff" + saved[10:]):
        with pytest.raises(zerostack.BadTranscript):
            Session.resume(damaged, "openai-chat", "m")
    with pytest.raises(TypeError, match="snapshot must be bytes"):
        Session.resume("text", "openai-chat", "m")  # type: ignore[arg-type]


def test_after_close() -> None:
    with Session("openai-chat", "m") as session:
        session.user("hi")
    session.close()
    for act in (lambda: session.step, session.request, session.abort, session.snapshot):
        with pytest.raises(zerostack.Closed, match="resume"):
            act()
    assert repr(session) == "<Session: closed>"


def test_a_session_is_not_pickled_or_copied() -> None:
    session = Session("openai-chat", "m")
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"keep its snapshot\(\), and resume\(\) it"):
            act(session)


def test_values_and_errors_are_pickled() -> None:
    events = started().feed(chat({"content": "x"}))
    for value in [*events, Limits(seed=7), ADD, zerostack.Prompt("p", "x {{y}}")]:
        assert pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(zerostack.UnknownPrompt) as raised:
        zerostack.Prompt.built_in("nonsense")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), str(again), again.code, again.detail) == (
        type(raised.value),
        str(raised.value),
        raised.value.code,
        raised.value.detail,
    )


def test_two_threads_at_once_get_busy_and_nothing_else() -> None:
    """Both feed the same session; whoever comes second is told so, and the reply is whole."""
    pieces = [chat({"content": "x" * 30_000}, stop=None) for _ in range(50)]
    session = started()
    outcomes: list[BaseException | None] = []
    start = threading.Barrier(4)

    def feed_all() -> None:
        start.wait()
        for piece in pieces:
            try:
                session.feed(piece)
                outcomes.append(None)
            except BaseException as error:
                outcomes.append(error)

    threads = [threading.Thread(target=feed_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {type(outcome) for outcome in outcomes} <= {type(None), zerostack.Busy}
    session.feed(chat())
    session.end_response()
    fed = outcomes.count(None)
    assert session.transcript[1].part == zerostack.Text("x" * 30_000 * fed)


def test_another_thread_runs_during_a_long_call_and_gets_busy() -> None:
    chunk = chat(*[{"content": "x" * 1_000}] * 20_000, stop=None)
    session = started()
    thread = threading.Thread(target=session.feed, args=(chunk,))
    seen = set()
    thread.start()
    while thread.is_alive():
        try:
            seen.add(session.step)
        except zerostack.Busy as busy:
            seen.add(busy.code)
    thread.join()
    assert seen - {Step.RECEIVE} == {zerostack.ErrorCode.BUSY}
    assert session.step is Step.RECEIVE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_session_goes_on_in_a_fork() -> None:
    session = started(chat({"content": "half"}, stop=None))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            session.feed(chat({"content": " whole"}))
            session.end_response()
            os.write(writer, repr(session.transcript[1].part).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 1000) == b"Text(text='half whole')"
    os.close(reader)
    os.close(writer)
    session.feed(chat({"content": " here"}))
    session.end_response()
    assert session.transcript[1].part == zerostack.Text("half here")


def test_a_session_is_freed() -> None:
    session = Session("openai-chat", "m")
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None


def test_tokenizer_arguments() -> None:
    with pytest.raises(ValueError, match="use o200k or cl100k"):
        Tokenizer("gpt2")
    tokenizer = Tokenizer()
    with pytest.raises(TypeError, match="text must be bytes, not int"):
        tokenizer.count(3)  # type: ignore[arg-type]
    with pytest.raises(UnicodeEncodeError):
        tokenizer.count("\ud800")
    with pytest.raises(zerostack.UnknownToken):
        tokenizer.decode([1, 10**7])
    with pytest.raises(ValueError, match="a token id must be from 0 to 4294967295"):
        tokenizer.decode([-1])
    with pytest.raises(ValueError, match="is not a special token; there are"):
        tokenizer.encode("x", specials=["<|x|>"])
    with pytest.raises(FileNotFoundError):
        Tokenizer.open("/nonexistent")
    with pytest.raises(zerostack.BadVocabulary, match="another kind of file"):
        Tokenizer.open(__file__)
