"""The runtime that blocks: a session, ``httpx`` and tools, driven to the end of a turn."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _workers
from ._core import Limits, Session, ToolCall
from ._http import Http, Timeouts
from ._settings import Answer, AnswerText, Function, Settings, positive
from ._turn import (
    EFFECTS,
    AgentEvent,
    Effect,
    EndBody,
    Output,
    Post,
    Read,
    StartTools,
    Wait,
    turn,
)
from ._workers import Job, Workers
from .enums import Budget, OutputLimitKey, Provider, ToolMode
from .errors import Cancelled, Limit
from .tools import ToolOutput

if TYPE_CHECKING:
    import httpx

__all__ = ["Agent", "Turn"]


class Agent:
    """A model, the tools that it may call, and all that was said.

    >>> agent = Agent("gpt-5.2", system="Be brief.")  # doctest: +SKIP
    >>> print(agent.run("Why is the sky blue?"))  # doctest: +SKIP

    ``model`` is the model's name, or a :class:`Session` to go on with. ``provider`` is the dialect;
    where it is and the key come from ``base_url`` and ``api_key``, else from the environment
    (``OPENAI_API_KEY``, ``ANTHROPIC_API_KEY``, ``GEMINI_API_KEY``, or ``ZEROSTACK_API_KEY``).

    ``tools`` are functions, see :func:`zerostack.tool`. The calls of one reply run at the same
    time, each in a thread, ``max_parallel_tools`` at most; one that takes longer than
    ``tool_timeout_s`` is left behind, and the model is told.

    ``time_limit_s`` bounds a turn. ``record`` names a file for a tape of all that goes into the
    session. ``http`` is a client of your own, which is not closed.
    """

    def __init__(
        self,
        model: str | Session,
        *,
        provider: Provider | str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        system: str = "",
        tools: Iterable[Function] = (),
        limits: Limits | None = None,
        tool_mode: ToolMode | str | None = None,
        output_limit_key: OutputLimitKey | str | None = None,
        counting: str | None = None,
        tool_timeout_s: float | None = 120.0,
        max_parallel_tools: int = 8,
        time_limit_s: float | None = None,
        connect_timeout_s: float = 10.0,
        idle_timeout_s: float = 300.0,
        record: str | os.PathLike[str] | None = None,
        http: httpx.Client | None = None,
        allow_http: bool = False,
    ) -> None:
        self._settings = Settings(
            model,
            provider=provider,
            base_url=base_url,
            api_key=api_key,
            system=system,
            tools=tools,
            limits=limits,
            tool_mode=tool_mode,
            output_limit_key=output_limit_key,
            counting=counting,
            tool_timeout_s=tool_timeout_s,
            max_parallel_tools=max_parallel_tools,
            time_limit_s=time_limit_s,
            record=record,
            allow_http=allow_http,
        )
        positive("connect_timeout_s", connect_timeout_s)
        positive("idle_timeout_s", idle_timeout_s)
        timeouts = Timeouts(connect_timeout_s, idle_timeout_s)
        self._http = Http(self._settings.endpoint, timeouts, http)
        self._workers = Workers(self._settings.max_parallel_tools)

    @property
    def session(self) -> Session:
        """The conversation."""
        return self._settings.session

    def run(self, text: str) -> Answer:
        """Says ``text``, runs the tools that the model calls, and waits for the whole answer."""
        with self.stream(text) as events:
            for _ in events:
                pass
        return events.answer

    def stream(self, text: str) -> Turn:
        """Says ``text`` and gives what happens as it happens.

        Closing the turn, also by leaving its ``with``, ends it: open calls are answered by
        "aborted", and the conversation can go on.
        """
        self._settings.begin(text)
        return Turn(self._settings, self._http, self._workers)

    def close(self) -> None:
        """Closes the connections, and ends the tape. The session stays."""
        self._http.close()
        self._workers.close()
        self._settings.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Turn:
    """The running turn of an agent: an iterator over its events, and a context manager."""

    def __init__(self, settings: Settings, http: Http, workers: Workers) -> None:
        self._settings, self._http, self._workers = settings, http, workers
        self._stop = threading.Event()
        self._is_late = False
        self._jobs: dict[int, Job] = {}
        self._text = AnswerText()
        self._answer: Answer | None = None
        self._events = self._run()
        self._is_over = False
        self._timer: threading.Timer | None = None
        if settings.time_limit_s is not None:
            self._timer = threading.Timer(settings.time_limit_s, self._late)
            self._timer.daemon = True
            self._timer.start()

    @property
    def answer(self) -> Answer:
        """What the turn came to, after its last event."""
        if self._answer is None:
            raise RuntimeError("the turn is not at its end: take its events first")
        return self._answer

    def cancel(self) -> None:
        """Ends the turn from another thread, wherever it waits; it then raises ``Cancelled``."""
        self._stop.set()
        self._http.interrupt()
        for job in list(self._jobs.values()):
            job.interrupt()

    def close(self) -> None:
        """Ends the turn from its own thread. Nothing happens when it is over."""
        self._events.close()
        self._over()

    def __iter__(self) -> Turn:
        return self

    def __next__(self) -> AgentEvent:
        try:
            return next(self._events)
        except BaseException:
            # The end, an error, or Ctrl-C: whatever it is, the session goes on with the next turn.
            self._over()
            raise

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_is_over", True):
            self.close()

    def _late(self) -> None:
        self._is_late = True
        self.cancel()

    def _over(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        for job in self._jobs.values():
            job.interrupt()
        self._http.end()
        self._settings.over()

    def _run(self) -> Generator[AgentEvent, None, None]:
        settings = self._settings
        steps = turn(settings.session, settings.endpoint, settings.tape)
        outcome: Any = None
        while True:
            self._check()
            try:
                item = steps.send(outcome)
            except StopIteration as end:
                usage = settings.session.usage
                self._answer = Answer(str(self._text), usage, end.value)
                return
            if isinstance(item, EFFECTS):
                outcome = self._perform(item)
                continue
            outcome = None
            self._text.take(item)
            yield item

    def _check(self) -> None:
        if self._is_late:
            limit = self._settings.time_limit_s
            raise Limit(f"the turn took longer than {limit:g} seconds", detail=Budget.TIME)
        if self._stop.is_set():
            raise Cancelled("the turn was cancelled")

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Read):
            return self._http.read()
        if isinstance(effect, Post):
            return self._http.post(effect.request)
        if isinstance(effect, EndBody):
            return self._http.end(is_complete=effect.is_complete)
        if isinstance(effect, Wait):
            return self._stop.wait(effect.millis / 1_000)
        if isinstance(effect, StartTools):
            return self._start(effect.calls)
        return self._output(effect)

    def _start(self, calls: list[ToolCall]) -> None:
        for call in calls:
            found = self._settings.tools.get(call.name)
            if found is None:
                continue
            try:
                bound = found.bind(call.arguments)
            except Exception as error:
                job = Job(call.name, bool, None)
                job.settle(_workers.failed(call.name, error))
            else:
                limit = found.timeout_s or self._settings.tool_timeout_s
                job = Job(call.name, bound, limit)
            # Known before it runs, so that a cancel finds it.
            self._jobs[call.id] = job
            if not job.future.done():
                self._workers.start(job)

    def _output(self, effect: Output) -> ToolOutput:
        job = self._jobs.get(effect.call.id)
        if job is None:
            return _workers.unknown(effect.call.name, self._settings.tools)
        try:
            output = self._workers.wait(job)
        except Cancelled:
            self._check()
            raise
        del self._jobs[effect.call.id]
        return output
