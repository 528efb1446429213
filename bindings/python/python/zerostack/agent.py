"""The blocking runtime: a session, ``httpx`` and tools, driven to the end of a turn."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._agent import AgentBase, Wanted, Work, wanted
from ._calls import Ready
from ._http import Http, Timeouts
from ._core import Session
from ._context import Shown, ToolProgress
from ._settings import Answer, Function, Settings
from ._turn import EFFECTS, AgentEvent, Effect, EndBody, Output, Post, Read, StartTools, Wait
from ._workers import Job, Workers
from .approvals import Decision
from .errors import Cancelled
from ._results import ToolOutput
from .files import Given

if TYPE_CHECKING:
    import httpx

__all__ = ["Agent", "Turn"]

T = TypeVar("T")


class Agent(AgentBase["httpx.Client", Http]):
    """A model, the tools that it may call, and the conversation.

    >>> agent = Agent("gpt-5.2", system="Be brief.")  # doctest: +SKIP
    >>> print(agent.run("Why is the sky blue?"))  # doctest: +SKIP

    ``model`` is the model's name, or a :class:`Session` to continue. ``dialect`` is the wire
    format; the address and the key are ``base_url`` and ``api_key``, else they come from the
    environment (``OPENAI_API_KEY``, ``ANTHROPIC_API_KEY``, ``GEMINI_API_KEY``, or
    ``ZEROSTACK_API_KEY``).

    ``tools`` are functions, see :func:`zerostack.tool`. The calls of one reply run at the same
    time, each in a thread, ``max_parallel_tools`` at most; one that takes longer than
    ``tool_timeout_s`` is abandoned, and the model gets an error; ``None`` waits without a limit.

    ``bad_calls`` is the policy for calls of unknown tools and for arguments that do not fit, see
    :class:`BadCallPolicy`; more than ``max_bad_calls`` of them in one turn end it with
    :class:`BadCall`.

    ``budget`` limits all conversations that share it, see :class:`SharedBudget`.

    ``system`` is the system prompt. ``limits`` bounds a turn and its requests, see :class:`Limits`.
    ``tool_mode`` is how the model calls tools (:class:`ToolMode`), ``output_limit_key`` the name of
    the reply limit in OpenAI chat (:class:`OutputLimitKey`), ``profile`` what the server refuses or
    demands beyond its dialect, in addition to the known profile of its host, ``counting`` how
    tokens are counted until the provider reports them: ``"estimate"``, ``"o200k"``, ``"cl100k"`` or
    ``"rough"``. They belong to the session, and cannot be combined with a given one.

    ``temperature``, ``top_p``, ``top_k``, ``frequency_penalty``, ``presence_penalty``, ``seed``,
    ``stop``, ``reasoning_effort``, ``tool_choice``, ``parallel_tool_calls``, ``service_tier``,
    ``user``, ``cache_ttl``, ``response_schema`` and ``extra`` are the options of a request, see
    :class:`Session`.

    ``time_limit_s`` bounds a turn, ``connect_timeout_s`` a connection and the wait for a free one,
    ``idle_timeout_s`` the silence of a server. ``record`` names a file for a tape of all that goes
    into the session, with the hashes of attached files, or their bytes with ``record_attachments``.
    ``http`` is a client of your own, which is not closed; without it all agents
    share one. ``allow_http`` lets a key go over plain http to another machine.

    Raises :class:`BadConfig` for a base URL or a key that cannot be used, and ``ValueError`` for
    tools that the given session does not offer to the model.
    """

    @overload
    def run(
        self,
        text: str,
        *,
        attachments: Iterable[Given] = (),
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
    ) -> Answer: ...
    @overload
    def run(
        self,
        text: str,
        *,
        attachments: Iterable[Given] = (),
        output_type: type[T],
        max_repairs: int = 2,
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
    ) -> T: ...
    @overload
    def run(
        self,
        text: str,
        *,
        attachments: Iterable[Given] = (),
        output_type: Any,
        max_repairs: int = 2,
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
    ) -> Any: ...
    def run(
        self,
        text: str,
        *,
        attachments: Iterable[Given] = (),
        output_type: Any = None,
        max_repairs: int = 2,
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
    ) -> Any:
        """Sends ``text``, runs the tools that the model calls, and waits for the whole answer.

        ``session`` is the conversation, if it is not the agent's own: any number of them run on one
        agent at the same time, see :meth:`new_session`. ``tools`` replaces the tools for this turn
        only; the provider's cache does not serve a turn with other tools. ``deps`` is passed to
        tools as :attr:`ToolContext.deps`.

        ``attachments`` are files sent with it: paths, addresses, bytes, open files, or
        :class:`zerostack.File`. ``UnsupportedAttachment`` names one that the dialect has no place
        for.

        With ``output_type`` the answer is a value of that type, which may be any type hint that
        tools take, see :func:`zerostack.tool`. The model receives its JSON Schema, in the request's
        field for it where possible, and is asked again for an answer that does not fit, at most
        ``max_repairs`` times. After that this raises :class:`BadAnswer`; ``session.answer`` has the
        text.
        """
        turn = self.stream(
            text,
            attachments=attachments,
            output_type=output_type,
            max_repairs=max_repairs,
            session=session,
            tools=tools,
            deps=deps,
        )
        answer = turn._finish()
        return answer if output_type is None else turn.output

    def resume(
        self,
        decisions: Mapping[int, Decision] | None = None,
        *,
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
    ) -> Answer:
        """Continues the open turn, as after :meth:`Session.resume`, and waits for the answer: open
        calls run, and the next request is sent.

        ``decisions`` are about calls that wait for approval, by their ids, see
        :class:`DeferredCalls`; calls without a decision keep waiting.

        Raises :class:`WrongStep` when no turn is open, and ``ValueError`` for an id that no open
        call has.
        """
        return self.stream(
            None, decisions=decisions, session=session, tools=tools, deps=deps
        )._finish()

    def stream(
        self,
        text: str | None,
        *,
        attachments: Iterable[Given] = (),
        output_type: Any = None,
        max_repairs: int = 2,
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
        decisions: Mapping[int, Decision] | None = None,
    ) -> Turn:
        """Sends ``text`` and yields events as they happen; ``None`` continues the open turn, as
        :meth:`resume` does, with these ``decisions``.

        With ``output_type``, as for :meth:`run`, there are :class:`PartialOutput` events while the
        answer comes in, and the turn's ``output`` is the value at its end.

        Closing the turn, also by leaving its ``with``, ends it: open calls get the result
        "aborted", and the conversation can continue.
        """
        settings = self._settings.of(session, tools, deps)
        # One request at a time: each conversation has its own, over the same connections.
        http = self._http if settings.session is self.session else self._http.another()
        http.prepare()
        if decisions is not None and text is not None:
            raise ValueError("decisions are about the turn that is open: give None as the text")
        wish = wanted(output_type, max_repairs)
        settings.begin(text, attachments, wish and wish.kind.option(wish.max_repairs))
        try:
            return Turn(settings, http, self._workers, wish, decisions)
        except BaseException:
            # The turn is as open as it was.
            settings.is_deferred = True
            settings.over()
            raise

    def close(self) -> None:
        """Closes the connections and ends the tape. The session stays usable."""
        self._http.close()
        self._workers.close()
        self._settings.close()

    def _connected(self, timeouts: Timeouts, client: httpx.Client | None) -> Http:
        return Http(self._settings.endpoint, timeouts, client)

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

    def __init__(
        self,
        settings: Settings,
        http: Http,
        workers: Workers,
        wish: Wanted | None,
        decided: Mapping[int, Decision] | None = None,
    ) -> None:
        self._work = _Work(settings, http, workers, wish, decided)
        self._events = self._work.events()

    @property
    def answer(self) -> Answer:
        """The result of the turn, after its last event."""
        return self._work.answer

    @property
    def output(self) -> Any:
        """The answer as a value of ``output_type``, after the last event."""
        return self._work.output

    def _finish(self) -> Answer:
        with self:
            for _ in self:
                pass
        return self.answer

    def cancel(self) -> None:
        """Ends the turn from another thread, wherever it waits; it then raises ``Cancelled``."""
        self._work.cancel()

    def close(self) -> None:
        """Ends the turn from its own thread. Nothing happens when it is over."""
        self._events.close()
        self._work.over()

    def __iter__(self) -> Turn:
        return self

    def __next__(self) -> AgentEvent:
        try:
            return next(self._events)
        except BaseException:
            # The end, an error, or Ctrl-C: in any case, the session continues with the next turn.
            self._work.over()
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
        if hasattr(self, "_events"):
            self.close()


class _Shown(Shown):
    """The progress of tools, and a mark for each finished one."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.SimpleQueue[ToolProgress | None] = queue.SimpleQueue()

    def put(self, event: ToolProgress) -> None:
        """For the thread of the turn."""
        self.queue.put(event)

    def done(self, _: Future[ToolOutput]) -> None:
        """Wakes that thread."""
        self.queue.put(None)


class _Work(Work):
    """The actions of a turn, in the thread that takes its events."""

    def __init__(
        self,
        settings: Settings,
        http: Http,
        workers: Workers,
        wish: Wanted | None,
        decided: Mapping[int, Decision] | None,
    ) -> None:
        self._news = _Shown()
        super().__init__(settings, workers, wish, decided, self._news)
        self._http = http
        self._stop = threading.Event()
        self._is_late = False
        self._jobs: dict[int, Job] = {}
        self._timer: threading.Timer | None = None
        if settings.time_limit_s is not None:
            self._timer = threading.Timer(settings.time_limit_s, self._late)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Wakes it wherever it waits, from any thread."""
        self._stop.set()
        self._http.interrupt()
        for job in list(self._jobs.values()):
            job.interrupt()

    def over(self) -> None:
        """The turn is over, at its end or before it."""
        if self._is_over:
            return
        self._is_over = self._news.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        for job in self._jobs.values():
            job.interrupt()
        self._http.end()
        self._settings.over()

    def events(self) -> Generator[AgentEvent, None, None]:
        """Drives the session to the end of the turn."""
        outcome: Any = None
        while True:
            self._check()
            item = self._next(outcome)
            outcome = None
            if item is None:
                return
            if isinstance(item, EFFECTS):
                if isinstance(item, Output):
                    yield from self._progress(self._jobs[item.call.id])
                outcome = self._perform(item)
            else:
                yield item

    def _late(self) -> None:
        self._is_late = True
        self.cancel()

    def _check(self) -> None:
        if self._is_late:
            raise self._too_late()
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

    def _start(self, calls: list[Ready]) -> None:
        for call, tool, make in calls:
            job = Job(call.name, make, tool.timeout_s or self._settings.tool_timeout_s)
            # Stored before it runs, so that a cancel finds it.
            self._jobs[call.id] = job
            job.future.add_done_callback(self._news.done)
            self._workers.start(job)

    def _progress(self, job: Job) -> Generator[AgentEvent, None, None]:
        """The progress of tools until ``job`` is done, or its time is over."""
        while True:
            # Progress that it reported is in the queue before the mark that it is done.
            is_done = job.future.done()
            left = job.seconds_left()
            try:
                event = (
                    self._news.queue.get_nowait()
                    if is_done
                    else self._news.queue.get(timeout=left if left is None else max(left, 0))
                )
            except queue.Empty:
                return
            if event is not None:
                yield event

    def _output(self, effect: Output) -> ToolOutput:
        job = self._jobs[effect.call.id]
        try:
            output = self._workers.wait(job)
        except Cancelled:
            self._check()
            raise
        del self._jobs[effect.call.id]
        return output
