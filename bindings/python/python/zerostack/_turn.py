"""One turn: asks the session what to do, and has it done.

:func:`turn` does no I/O. It yields events, and :class:`Effect`\\ s whose outcome its caller
sends back; so the blocking and the asynchronous agent share it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Union

from . import _json, _reply
from ._core import End, Request, Restart, Session, ToolCall
from ._output import PartialOutput
from ._types import Event
from .enums import Step, StopReason
from .errors import (
    BadAnswer,
    BadAttachment,
    ProviderStatus,
    Unreachable,
    UnsupportedAttachment,
    ZerostackError,
)
from ._calls import Plan, Ready
from ._context import ToolProgress
from ._results import ToolOutput
from .approvals import Decision, DeferredCalls

if TYPE_CHECKING:
    from ._endpoint import Endpoint
    from ._settings import Settings
    from .files import Files
    from .tape import Tape

log = logging.getLogger("zerostack")


class Retry(NamedTuple):
    """The request is sent again after a wait."""

    wait_ms: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The event as a ``dict`` that ``json`` knows, with its ``type`` in lower case."""
        return _json.to_dict(self)

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.to_json(self)


class ToolAnswered(NamedTuple):
    """A tool was run, and the session has its answer."""

    call: ToolCall
    content: str
    is_error: bool
    left_out_bytes: int
    """So many bytes in the middle of ``content`` are not sent to the model."""

    def to_dict(self) -> dict[str, Any]:
        """The event as a ``dict`` that ``json`` knows, with its ``type`` in lower case."""
        return _json.to_dict(self)

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.to_json(self)


AgentEvent = Union[Event, Retry, ToolAnswered, ToolProgress, DeferredCalls, PartialOutput]
"""The events of an agent's turn."""


class Head(NamedTuple):
    """The head of a response."""

    status: int
    retry_after_ms: int | None


class Failed(NamedTuple):
    """Why there is no response, or no more of it; for a person."""

    reason: str
    is_final: bool = False
    """Another attempt would fail in the same way."""


class Post(NamedTuple):
    """Send the request; a ``Head`` or ``Failed`` comes back, or ``STALE`` to send it again."""

    request: Request


class Read(NamedTuple):
    """Read of the body; bytes or ``Failed`` come back, no bytes at its end."""


class EndBody(NamedTuple):
    """The response is not needed any more."""

    is_complete: bool = False
    """Everything needed has arrived, so the rest is short if the server behaves well."""


class Wait(NamedTuple):
    """Wait this long."""

    millis: int


class StartTools(NamedTuple):
    """Start these calls, all at once."""

    calls: list[Ready]


class Output(NamedTuple):
    """Wait for the output of a call that was started; a ``ToolOutput`` comes back."""

    call: ToolCall


Effect = Union[Post, Read, EndBody, Wait, StartTools, Output]

EFFECTS = (Post, Read, EndBody, Wait, StartTools, Output)


READ = Read()
# There is no response because the server had closed the connection while it was idle. The client
# keeps no request, which may be large, so it asks for it again.
STALE = Failed("the server closed the connection")

Steps = Generator[Union[AgentEvent, Effect], Any, None]


def turn(
    settings: Settings, tape: Tape | None, plan: Plan, decided: dict[int, Decision]
) -> Generator[AgentEvent | Effect, Any, StopReason]:
    """Drives the session to the end of the turn, or until calls wait for approval."""
    session = settings.session
    state = _Turn(settings, tape, plan, decided)
    # A conversation waits here for most of its time, so nothing that is large has a name here: no
    # request, no bytes and no events.
    while True:
        step = session.step
        if step is Step.IDLE:
            return state.reason
        if step is Step.SEND:
            head = yield state.post()
            while head is STALE:
                head = yield state.post_again()
            yield from state.received_head(head)
        elif step is Step.RECEIVE:
            yield from state.received(b"" if session.is_reply_complete else (yield READ))
        elif step is Step.RUN_TOOLS:
            yield from state.run_tools()
            if state.is_deferred:
                return StopReason.TOOL_USE
        elif step is Step.WAIT:
            yield from state.wait()
        else:
            made = _reply.make_room(session)
            log.info("the conversation is full: %r", made)
            yield made


class _Turn:
    """What a turn knows from one of its steps to the next."""

    __slots__ = (
        "attempts",
        "began",
        "broken",
        "called",
        "decided",
        "endpoint",
        "held",
        "is_deferred",
        "plan",
        "reason",
        "session",
        "settings",
        "tape",
    )

    def __init__(
        self, settings: Settings, tape: Tape | None, plan: Plan, decided: dict[int, Decision]
    ) -> None:
        self.settings, self.tape, self.plan, self.decided = settings, tape, plan, decided
        self.session, self.endpoint = settings.session, settings.endpoint
        self.reason = StopReason.OTHER
        self.attempts = 0
        self.broken = ""
        self.held = _reply.is_held(settings.session)
        # Calls of the reply; the session itself answers those whose arguments are not JSON.
        self.called = 0
        self.is_deferred = False
        self.began = time.monotonic()

    def post(self) -> Post:
        """Sends the request."""
        session, tape = self.session, self.tape
        session.set_turn_elapsed_ms(int((time.monotonic() - self.began) * 1_000))
        self.settings.sends()
        request = session.request(self.settings.files.read)
        self.attempts += 1
        log.debug("POST %s, %d bytes", self.endpoint.url(request.path), len(request.body))
        if tape:
            tape.request(session, request)
        return Post(request)

    def post_again(self) -> Post:
        """Sends the same request: this is no attempt of its own."""
        return Post(self.session.request(self.settings.files.read))

    def received_head(self, head: Head | Failed) -> Steps:
        """The response begins, or there is none."""
        tape = self.tape
        if isinstance(head, Failed):
            self.broken = head.reason
            if head.is_final:
                _give_up(self.session, self.endpoint, tape, self.broken)
            if tape:
                tape.end()
            yield from self._end()
        else:
            self.broken = ""
            if tape:
                tape.response(head.status, head.retry_after_ms)
            self.session.begin_response(head.status, head.retry_after_ms)
            self.called = 0

    def received(self, chunk: bytes | Failed) -> Steps:
        """More of the body, or its end."""
        session, endpoint, tape = self.session, self.endpoint, self.tape
        if isinstance(chunk, bytes) and chunk:
            if tape:
                tape.bytes(chunk)
            try:
                events = session.feed(chunk)
            except ZerostackError as error:
                yield from _reply.shown(self.held, error.events)
                yield EndBody()
                if tape:
                    tape.end()
                # `step` may have changed under the type checker's eyes.
                if int(session.step) != Step.MAKE_ROOM:
                    raise explained(error, endpoint, "", self.attempts) from None
                yield Restart()
                return
            shown = list(_reply.shown(self.held, events))
            self.called += sum(isinstance(event, ToolCall) for event in shown)
            yield from shown
            if int(session.step) != Step.RECEIVE:
                yield EndBody()
                if tape:
                    tape.end()
                yield from _switched_off(session, endpoint)
            return
        self.broken = "" if isinstance(chunk, bytes) else chunk.reason
        yield EndBody(session.is_reply_complete)
        if tape:
            tape.end()
        ended = self._end()
        self.called += sum(isinstance(event, ToolCall) for event in ended)
        if int(session.step) in (Step.RUN_TOOLS, Step.SEND):
            for _ in range(self.called - len(session.pending_calls())):
                self.plan.count("a tool", "the arguments are not one JSON value")
            self.called = 0
        for event in ended:
            if not isinstance(event, Restart):
                self.attempts = 0
            if isinstance(event, End):
                self.reason = event.reason
            yield event
            if isinstance(event, Restart):
                yield from _switched_off(session, endpoint)
            failure = session.failure if isinstance(event, Restart) else None
            if failure is not None and isinstance(failure.error, BadAnswer):
                self.attempts = 0
                yield Retry(0, f"the answer does not fit: {failure.message}")

    def run_tools(self) -> Steps:
        """Answers the calls of the reply, unless they wait for approval."""
        session = self.session
        ready, answered, waiting = self.plan.make(session, self.decided)
        if not ready and not answered:
            self.is_deferred = True
            yield DeferredCalls(waiting)
            return
        yield StartTools(ready)
        # In the order of the model, whether they ran or not.
        outputs = {call.id: output for call, output in answered}
        now = {*outputs, *(each.call.id for each in ready)}
        for call in [call for call in session.pending_calls() if call.id in now]:
            output: ToolOutput = outputs.get(call.id) or (yield Output(call))
            output, left_out = _answer(session, call, output, self.settings.files, self.tape)
            yield ToolAnswered(call, output.content, output.is_error, left_out)

    def wait(self) -> Steps:
        """Another attempt follows."""
        session = self.session
        wait_ms, why = session.wait_ms, self.broken or _last_failure(session, self.endpoint)
        log.info("waiting %d ms for another attempt: %s", wait_ms, why)
        yield Retry(wait_ms, why)
        yield Wait(wait_ms)
        session.retry()

    def _end(self) -> list[Event]:
        """The body is over, or there is none."""
        try:
            return _reply.end(self.session, self.held)
        except ZerostackError as error:
            raise explained(error, self.endpoint, self.broken, self.attempts) from None


def _switched_off(session: Session, endpoint: Endpoint) -> Iterator[Retry]:
    """Reports a refused field, which later requests leave out."""
    field = session.switched_off
    if field is not None:
        now = session.profile.get(field, False)
        goes = "goes without it" if now in (False, "none") else f"goes with {now}"
        why = f"{_last_failure(session, endpoint)}; what follows {goes} ({field} of its profile)"
        log.info("the server refuses a field: %s", why)
        yield Retry(0, why)


def _answer(
    session: Session, call: ToolCall, output: ToolOutput, files: Files, tape: Tape | None
) -> tuple[ToolOutput, int]:
    """Answers a call; files that cannot be sent are described to the model."""
    if output.files:
        try:
            added = files.add(output.files)
            left_out = session.tool_result(call.id, output.content, output.is_error, added)
            if tape:
                tape.attached(added, files.read)
                tape.tool_result(call.id, output.content, output.is_error)
            return output, left_out
        except (BadAttachment, UnsupportedAttachment) as error:
            names = ", ".join(repr(file) for file in output.files)
            text = f"{output.content}\n[{names}: {error}]".lstrip()
            output = ToolOutput(text, is_error=True)
    # A result that ends the turn is on the tape too.
    if tape:
        tape.tool_result(call.id, output.content, output.is_error)
    return output, session.tool_result(call.id, output.content, output.is_error)


def explained(
    error: ZerostackError, endpoint: Endpoint, broken: str, attempts: int
) -> ZerostackError:
    """The error with the reason of the broken connection and the number of attempts, without the
    key.
    """
    text = endpoint.without_key(str(error))
    if broken:
        text = f"{text}: {broken}"
    if attempts > 1:
        text = f"{text} ({attempts} attempts)"
    error.args = (text,)
    if isinstance(error, ProviderStatus):
        error.provider_message = endpoint.without_key(error.provider_message)
    return error


def _give_up(session: Session, endpoint: Endpoint, tape: Tape | None, broken: str) -> NoReturn:
    """The turn fails without another attempt: as after a refusal, but without a status."""
    if tape:
        tape.response(0, None)
        tape.end()
    session.begin_response(0)
    try:
        session.end_response()
    except ProviderStatus:
        pass
    raise Unreachable(f"the provider could not be reached: {endpoint.without_key(broken)}")


def _last_failure(session: Session, endpoint: Endpoint) -> str:
    failure = session.failure
    return endpoint.without_key(str(failure.error)) if failure else ""
