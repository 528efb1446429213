"""Whole turns over the library that Swift and Kotlin load, through its Python form."""

import base64
import json
import threading
import unittest
from pathlib import Path

from provider import Provider, drive
from zerostack_uniffi import (
    Attachment,
    AttachmentSource,
    Config,
    Counting,
    ErrorKind,
    Event,
    Fault,
    Dropped,
    OutputLimitKey,
    Prices,
    ReasoningEffort,
    RequestOptions,
    ResponseSchema,
    Dialect,
    Role,
    RoomPolicy,
    Session,
    StopReason,
    ToolCall,
    ToolMode,
    ToolSpec,
    Usage,
    ZerostackError,
    check_arguments,
    default_limits,
    event_json,
    media_type_of,
)

FIXTURE = Path(__file__).parents[3] / "tests" / "fixtures" / "events.jsonl"
CAPACITY = 256 * 1024
SCHEMA = '{"type":"object","properties":{"path":{"type":"string"}}}'


def config(**limits):
    """A session with one tool and short waits."""
    numbers = default_limits()
    numbers.retry_base_ms, numbers.retry_max_ms = 1, 5
    for name, value in limits.items():
        setattr(numbers, name, value)
    tools = [ToolSpec(name="read", description="Reads a file.", parameters=SCHEMA)]
    return Config(
        dialect=Dialect.OPEN_AI_CHAT,
        model="m",
        system="Be terse.",
        tools=tools,
        limits=numbers,
        output_limit_key=OutputLimitKey.MAX_TOKENS,
        counting=Counting.O200K,
        tool_mode=ToolMode.NATIVE,
    )


def call(path):
    return {"call": {"name": "read", "arguments": {"path": path}}}


def text(*parts):
    return {"parts": [{"text": part} for part in parts]}


class Turns(unittest.TestCase):
    def turn(self, replies, *, session=None, tools=None, show=lambda event: None, piece_bytes=64):
        self.session = session or Session(config(), CAPACITY)
        with Provider(replies) as provider:
            self.session.user("What is in a and b? Grüße 🦀")
            read = {"read": lambda path: f"content of {path}"}
            turn = drive(self.session, provider.address, tools or read, piece_bytes, show)
            self.requests = provider.requests()
        return turn

    def test_a_text(self):
        for piece_bytes in (1, 7, 4096):
            turn = self.turn([text("Hel", "lo ü🦀")], piece_bytes=piece_bytes)
            self.assertIsNone(turn.error)
            self.assertEqual(turn.text(), "Hello ü🦀")
            self.assertEqual(turn.events[-1].reason, StopReason.END_TURN)
            self.assertGreater(self.session.usage().output_tokens, 0)
            said = [(entry.role, entry.part.text) for entry in self.session.transcript()]
            self.assertEqual(
                said, [(Role.USER, "What is in a and b? Grüße 🦀"), (Role.ASSISTANT, "Hello ü🦀")]
            )

    def test_parallel_tools_answered_in_any_order(self):
        turn = self.turn([{"parts": [{"text": "I look."}, call("a"), call("b")]}, text("Done.")])
        self.assertIsNone(turn.error)
        self.assertEqual([e.call.name for e in turn.events if e.is_tool_call()], ["read", "read"])
        body = self.requests[1]["body"]
        messages = (json.loads(body) if isinstance(body, str) else body)["messages"]
        asked = [call["id"] for call in messages[2]["tool_calls"]]
        answered = {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}
        self.assertEqual(answered, {asked[0]: "content of a", asked[1]: "content of b"})

    def test_a_cut_stream_is_taken_back_and_asked_for_again(self):
        turn = self.turn([{**text("A wrong beginning"), "cut": 150}, text("Right.")])
        self.assertIsNone(turn.error)
        self.assertTrue(any(event.is_restart() for event in turn.events))
        self.assertEqual(turn.text(), "Right.")
        self.assertEqual(len(turn.waits), 1)
        self.assertEqual(self.requests[0]["body"], self.requests[1]["body"])

    def test_a_busy_provider_is_asked_again_when_it_wishes(self):
        limited = {"status": 429, "headers": {"retry-after": "1"}}
        turn = self.turn([limited, text("Now.")], session=Session(config(retry_max_ms=40), CAPACITY))
        self.assertEqual((turn.text(), turn.waits), ("Now.", [40]))

    def test_no_money_is_final(self):
        broke = {"status": 429, "error": {"code": "insufficient_quota", "message": "no money"}}
        turn = self.turn([broke, text("never")])
        self.assertEqual(turn.error.kind, ErrorKind.STATUS)
        failure = self.session.failure()
        self.assertEqual((failure.status, failure.message), (429, "no money"))
        self.assertEqual(failure.code, "insufficient_quota")
        self.assertEqual(self.session.transcript(), [])

    def test_attempts_end(self):
        turn = self.turn([{"status": 500}] * 3, session=Session(config(max_attempts=3), CAPACITY))
        self.assertEqual((turn.error.kind, turn.error.detail), (ErrorKind.STATUS, 500))
        self.assertEqual((len(turn.waits), len(self.requests)), (2, 3))

    def test_no_provider(self):
        session = Session(config(max_attempts=2), CAPACITY)
        session.user("hello")
        turn = drive(session, "127.0.0.1:1", {})
        self.assertEqual(turn.error.kind, ErrorKind.UNREACHABLE)

    def test_cancel_in_the_middle_of_a_reply(self):
        def show(event):
            if event.is_text_delta():
                self.session.abort()

        turn = self.turn([text("one ", "two ", "three")], show=show, piece_bytes=1)
        self.assertEqual(turn.text(), "one ")
        self.assertTrue(self.session.step().is_idle())
        # The next turn is as if the reply had never begun.
        again = self.turn([text("fine")], session=self.session)
        self.assertEqual(again.text(), "fine")

    def test_cancel_with_open_calls(self):
        session = Session(config(), CAPACITY)
        read = {"read": lambda path: session.abort() or self.fail("the turn is over")}
        with self.assertRaises(AssertionError):
            self.turn([{"parts": [call("a"), call("b")]}], session=session, tools=read)
        again = self.turn([text("fine")], session=session)
        self.assertEqual(again.text(), "fine")

    def test_a_call_that_does_not_fit_the_step(self):
        session = Session(config(), CAPACITY)
        wrong = [
            lambda: session.feed(b"data: {}\n\n"),
            session.request,
            session.retry,
            session.end_response,
            lambda: session.begin_response(200, None),
            lambda: session.tool_result(0, "", False),
        ]
        before = session.snapshot()
        for one in wrong:
            with self.assertRaises(ZerostackError.Core) as caught:
                one()
            self.assertEqual(caught.exception.fault.kind, ErrorKind.WRONG_STEP)
            self.assertIn("the step is Idle: call user", caught.exception.fault.message)
        self.assertEqual(session.snapshot(), before)

    def test_events_before_an_error_are_not_lost(self):
        session = Session(config(max_attempts=1), CAPACITY)
        session.user("hello")
        session.begin_response(200, None)
        body = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\ndata: {nonsense\n\n'
        fed = session.feed(body)
        self.assertEqual([event.text for event in fed.events if event.is_text_delta()], ["hi"])
        self.assertEqual(fed.fault.kind, ErrorKind.BAD_RESPONSE)

    def test_snapshot_and_resume(self):
        self.turn([text("fine")])
        saved = self.session.snapshot()
        resumed = Session.resume(saved, config(), CAPACITY)
        self.assertEqual(resumed.transcript(), self.session.transcript())
        self.assertEqual(resumed.snapshot(), saved)
        for damaged in (b"", saved[:-1], saved[:3], bytes([saved[0] ^ 1]) + saved[1:]):
            with self.assertRaises(ZerostackError.Core) as caught:
                Session.resume(damaged, config(), CAPACITY)
            self.assertEqual(caught.exception.fault.kind, ErrorKind.BAD_TRANSCRIPT)

    def test_a_conversation_that_must_be_shortened(self):
        session = Session(config(reply_bytes=64), 2048)
        dropped = 0
        for _ in range(40):
            while True:
                try:
                    session.user("x" * 100)
                    break
                except ZerostackError.Core as error:
                    self.assertEqual(error.fault.kind, ErrorKind.FULL)
                    self.assertGreater(session.drop_oldest(), 0)
                    dropped += 1
            while session.step().is_make_room():
                self.assertGreater(session.drop_oldest(), 0)
                dropped += 1
            session.begin_response(200, None)
            reply = json.dumps({"choices": [{"delta": {"content": "y"}, "finish_reason": "stop"}]})
            session.feed(f"data: {reply}\n\n".encode())
            session.end_response()
        self.assertGreater(dropped, 20)
        session.compact("They said x, often.", 0)
        self.assertEqual(
            [entry.part.text for entry in session.transcript()], ["They said x, often."]
        )

    def test_room_by_policy(self):
        session = Session(config(room=RoomPolicy.DROP_OLDEST, high_water_tokens=300), CAPACITY)
        reply = {"choices": [{"delta": {"content": "y"}, "finish_reason": "stop"}]}
        gone = []
        for _ in range(20):
            session.user("many words " * 10)
            while session.step().is_make_room():
                gone.append(session.make_room())
            session.begin_response(200, None)
            session.feed(f"data: {json.dumps(reply)}\n\n".encode())
            session.end_response()
        self.assertEqual({event.what for event in gone}, {Dropped.OLD_EXCHANGES})
        # Counted by the vocabulary: the provider said nothing.
        tokens = session.window_tokens()
        self.assertEqual(tokens.measured, 0)
        self.assertTrue(0 < tokens.estimated < 350)

    def test_budgets(self):
        prices = Prices(input=1_000_000_000, output=0, cache_read=0, cache_write=0)
        for limits, budget in [
            ({"max_turn_tokens": 1}, 2),
            ({"max_turn_cost_micros": 1, "prices": prices}, 3),
            ({"max_repeats": 1}, 5),
        ]:
            session = Session(config(**limits), CAPACITY)
            turn = self.turn([{"parts": [call("a")]}] * 3, session=session)
            self.assertEqual((turn.error.kind, turn.error.detail), (ErrorKind.LIMIT, budget))
        session = Session(config(max_turn_ms=100), CAPACITY)
        session.user("hello")
        session.set_turn_elapsed_ms(99)
        with self.assertRaises(ZerostackError.Core) as caught:
            session.set_turn_elapsed_ms(100)
        self.assertEqual(caught.exception.fault.detail, 4)
        self.assertTrue(session.step().is_idle())

    def test_marks_and_forks(self):
        self.turn([text("One.")])
        checkpoint = self.session.checkpoint()
        self.turn([text("Two.")], session=self.session)
        fork = self.session.fork(config(), CAPACITY)
        self.session.rollback(checkpoint)
        self.assertEqual([len(self.session.transcript()), len(fork.transcript())], [2, 4])
        fork.compact("They spoke.", 0)
        with self.assertRaises(ZerostackError.Core) as caught:
            fork.rollback(checkpoint)
        self.assertEqual(caught.exception.fault.kind, ErrorKind.STALE_CHECKPOINT)

    def test_one_session_in_two_threads(self):
        session = Session(config(), CAPACITY)
        taken, refused = [], []

        def say(number):
            try:
                session.user(f"text {number}")
                taken.append(number)
            except ZerostackError.Core as error:
                refused.append(error.fault.kind)

        threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(taken), set(refused)), (1, {ErrorKind.WRONG_STEP}))
        self.assertEqual(session.transcript()[0].part.text, f"text {taken[0]}")

    def test_configurations_that_cannot_be_used(self):
        broken = config()
        broken.tools[0].parameters = "[]"
        for wrong, words in [
            (broken, 'the parameters of tool "read" are not a JSON object'),
            (config(max_rounds=0), "max_rounds and max_attempts must be at least 1"),
        ]:
            with self.assertRaises(ZerostackError.Core) as caught:
                Session(wrong, CAPACITY)
            self.assertEqual(caught.exception.fault.kind, ErrorKind.BAD_CONFIG)
            self.assertIn(words, caught.exception.fault.message)
        with self.assertRaises(ZerostackError.Core) as caught:
            Session(config(), 0)
        self.assertEqual(caught.exception.fault.kind, ErrorKind.FULL)


class Options(unittest.TestCase):
    """What requests say beside the conversation, and answers that are held to a schema."""

    ANSWER = '{"type":"object","properties":{"line":{"type":"integer"}},"required":["line"]}'

    def session(self, options):
        made = config()
        made.tools, made.options = [], options
        return Session(made, CAPACITY)

    def reply(self, session, said):
        choice = {"message": {"content": said}, "finish_reason": "stop"}
        session.begin_response(200, None)
        session.feed(json.dumps({"choices": [choice]}).encode())
        return session.end_response()

    def test_options_are_sent(self):
        options = RequestOptions(
            temperature=250, stop=["END"], reasoning_effort=ReasoningEffort.X_HIGH, seed=7
        )
        session = self.session(options)
        session.user("hi")
        body = json.loads(session.request().body)
        self.assertEqual(body["temperature"], 0.25)
        self.assertEqual((body["stop"], body["seed"]), (["END"], 7))
        self.assertEqual(body["reasoning_effort"], "xhigh")

    def test_what_cannot_be_said_is_refused(self):
        for options, kind in [
            (RequestOptions(top_k=1), ErrorKind.UNSUPPORTED_OPTION),
            (RequestOptions(temperature=2001), ErrorKind.BAD_OPTION),
            (RequestOptions(response_schema=ResponseSchema(schema="[]")), ErrorKind.BAD_OPTION),
        ]:
            with self.assertRaises(ZerostackError.Core) as raised:
                self.session(options)
            self.assertEqual(raised.exception.fault.kind, kind)

    def test_an_answer_that_does_not_fit_is_asked_for_again(self):
        session = self.session(None)
        schema = ResponseSchema(schema=self.ANSWER, max_repairs=1)
        made = config()
        made.tools, made.options = [], RequestOptions(response_schema=schema)
        session.set_config(made)
        session.user("Which line?")
        self.assertTrue(self.reply(session, "{}").is_restart())
        self.assertIn(b"required", session.request().body)
        self.assertTrue(self.reply(session, '{"line":7}').is_end())
        self.assertEqual(session.answer_json(), '{"line":7}')
        session.user("And now?")
        self.reply(session, "no")
        with self.assertRaises(ZerostackError.Core) as raised:
            self.reply(session, "never")
        self.assertEqual(raised.exception.fault.kind, ErrorKind.BAD_ANSWER)
        self.assertEqual(session.answer(), "never")


class Files(unittest.TestCase):
    """Attachments, whose bytes are pulled while a request is read."""

    BYTES = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 5

    def attachment(self, **other):
        made = dict(media_type="image/png", name="cat.png", bytes=len(self.BYTES), tokens=0)
        made["source"] = AttachmentSource.NUMBER(3)
        return Attachment(**{**made, **other})

    def read(self, session, most, piece):
        """The whole body, read and supplied by so many bytes."""
        body = session.begin_request().body
        read = b""
        while True:
            if more := body.read(most):
                read += more
            elif wanted := body.wanted():
                self.assertEqual(wanted.number, 3)
                end = wanted.offset + min(piece, wanted.bytes)
                read += body.supply(self.BYTES[wanted.offset : end])
            else:
                self.assertEqual(len(read), body.length())
                return read

    def test_every_size_of_pieces_gives_the_same(self):
        session = Session(config(), CAPACITY)
        session.user_with("What is this?", [self.attachment()])
        with self.assertRaises(ZerostackError.Core) as raised:
            session.request()
        self.assertEqual(raised.exception.fault.kind, ErrorKind.MISSING_ATTACHMENT)
        whole = self.read(session, 1 << 20, 1 << 20)
        url = json.loads(whole)["messages"][1]["content"][1]["image_url"]["url"]
        self.assertEqual(base64.b64decode(url.partition(",")[2]), self.BYTES)
        for most, piece in [(1, 3), (7, 4), (64, 100), (1 << 20, 1263)]:
            self.assertEqual(self.read(session, most, piece), whole)
        parts = [entry.part for entry in session.transcript()]
        self.assertEqual(parts[1].attachment, self.attachment())
        self.assertEqual(session.leave_out_attachments(), 1)
        self.assertIn(b"[image cat.png", session.request().body)

    def test_what_is_wrong_with_a_file(self):
        session = Session(config(), CAPACITY)
        self.assertTrue(session.takes_attachment(self.attachment()))
        self.assertFalse(session.takes_attachment(self.attachment(media_type="video/mp4")))
        for other, kind in [
            (dict(media_type="image png"), ErrorKind.BAD_ATTACHMENT),
            (dict(bytes=0), ErrorKind.BAD_ATTACHMENT),
            (dict(source=AttachmentSource.URL("ftp://x")), ErrorKind.BAD_ATTACHMENT),
            (dict(media_type="video/mp4"), ErrorKind.UNSUPPORTED_ATTACHMENT),
        ]:
            with self.assertRaises(ZerostackError.Core) as raised:
                session.user_with("x", [self.attachment(**other)])
            self.assertEqual(raised.exception.fault.kind, kind)
        self.assertTrue(session.step().is_idle())
        session.user_with("x", [self.attachment()])
        body = session.begin_request().body
        while body.read(64):
            pass
        for wrong in [b"", b"ab", self.BYTES + b"x"]:
            with self.assertRaises(ZerostackError.Core) as raised:
                body.supply(wrong)
            self.assertEqual(raised.exception.fault.kind, ErrorKind.ATTACHMENT_LENGTH)
        # What was read of a session that has gone on is not gone on with.
        session.begin_response(500, None)
        session.end_response()
        session.retry()
        with self.assertRaises(ZerostackError.Core) as raised:
            body.read(64)
        self.assertEqual(raised.exception.fault.kind, ErrorKind.WRONG_STEP)

    def test_media_types(self):
        self.assertEqual(media_type_of(self.BYTES[:16], "a.jpg"), "image/png")
        self.assertEqual(media_type_of(b"", "https://example.org/a.pdf"), "application/pdf")
        self.assertIsNone(media_type_of(b"a,b", "a.unknown"))


class Calls(unittest.TestCase):
    def test_arguments_are_checked_and_repaired(self):
        schema = '{"type":"object","properties":{"line":{"type":"integer"}}}'
        repaired = check_arguments(schema, '{"line":"7"}', True)
        self.assertEqual(repaired.arguments, '{"line":7}')
        told = check_arguments(schema, '{"line":"7"}', False)
        self.assertEqual(
            told.sentence, 'the arguments do not fit: /line: type "integer", found "7"'
        )

    def test_events_have_the_bytes_of_every_language(self):
        call = ToolCall(id=0, provider_id="call_1", name="read", arguments='{"path": "a"}')
        usage = Usage(
            input_tokens=2**32 - 1,
            output_tokens=2,
            cache_read_tokens=3,
            cache_write_tokens=4,
            reasoning_tokens=0,
        )
        text = "a \"word\"\\ \n\t\r\b\f\x01\x1f / é \x7f🦀"
        events = [
            Event.TEXT_DELTA(text),
            Event.THINKING_DELTA("Let me look"),
            Event.REFUSAL_DELTA("No."),
            Event.TOOL_CALL_DELTA(call),
            Event.TOOL_CALL(call),
            Event.USAGE(usage),
            *(Event.TRUNCATED(what, 7 + at) for at, what in enumerate(list(Dropped)[:5])),
            Event.COMPACTING(),
            Event.REPEATING("bash", 3),
            Event.RECOVERED(2),
            Event.END(StopReason.TOOL_USE),
            Event.RESTART(),
        ]
        self.assertEqual([event_json(event) for event in events], FIXTURE.read_text().splitlines())
        fault = Fault(
            kind=ErrorKind.TRUNCATED, code=7, detail=0, message="too \"long\"; raise max_output_tokens"
        )
        self.assertEqual(
            event_json(Event.SUMMARY_FAILED(fault)),
            '{"type":"summary_failed","reason":"too \\"long\\""}',
        )


if __name__ == "__main__":
    unittest.main()
