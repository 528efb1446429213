"""The runtime for ``asyncio``: the same as :mod:`zerostack.agent`, in a task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar, overload

from . import _workers
from ._agent import AgentBase, Wanted, Work, wanted
from ._calls import Ready
from ._http import Timeouts
from ._async_http import AsyncHttp
from ._core import Session
from ._context import Shown, ToolProgress
from ._settings import Answer, Function, Settings
from ._turn import EFFECTS, AgentEvent, Effect, EndBody, Output, Post, Read, StartTools, Wait
from ._workers import Job, Workers
from ._results import ToolOutput
from .approvals import Decision
from .files import Given
from .tools import Tool

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncAgent", "AsyncTurn"]

T = TypeVar("T")


class AsyncAgent(AgentBase["httpx.AsyncClient", AsyncHttp]):
    """A model, the tools that it may call, and the conversation, for ``asyncio``.

    The arguments are those of :class:`zerostack.Agent`; ``http`` is an ``httpx.AsyncClient``, in place
    of connections that the agents of an event loop share. Tools that are ``async`` run as tasks, all
    others in threads. Cancelling the task ends the turn, and the conversation can continue.
    """

    @overload
    async def run(
        self,
        text: str,
        *,
        attachments: Iterable[Given] = (),
        session: Session | None = None,
        tools: Iterable[Function] | None = None,
        deps: Any = None,
    ) -> Answer: ...
    @overload
    async def run(
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
    async def run(
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
    async def run(
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
        answer = await turn._finish()
        return answer if output_type is None else turn.output

    async def resume(
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
        return await self.stream(
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
    ) -> AsyncTurn:
        """Sends ``text`` and yields events as they happen; ``None`` continues the open turn, as
        :meth:`resume` does, with these ``decisions``.

        With ``output_type``, as for :meth:`run`, there are :class:`PartialOutput` events while the
        answer comes in, and the turn's ``output`` is the value at its end.

        Closing the turn, also by leaving its ``async with``, ends it: open calls get the result
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
            return AsyncTurn(settings, http, self._workers, wish, decisions)
        except BaseException:
            # The turn is as open as it was.
            settings.is_deferred = True
            settings.over()
            raise

    async def close(self) -> None:
        """Closes the connections and ends the tape. The session stays usable."""
        await self._http.close()
        self._workers.close()
        self._settings.close()

    def _connected(self, timeouts: Timeouts, client: httpx.AsyncClient | None) -> AsyncHttp:
        return AsyncHttp(self._settings.endpoint, timeouts, client)

    async def __aenter__(self) -> AsyncAgent:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncTurn:
    """The running turn of an agent: an asynchronous iterator over its events."""

    __slots__ = ("__weakref__", "_work")

    def __init__(
        self,
        settings: Settings,
        http: AsyncHttp,
        workers: Workers,
        wish: Wanted | None,
        decided: Mapping[int, Decision] | None = None,
    ) -> None:
        self._work = _Work(settings, http, workers, wish, decided)

    @property
    def answer(self) -> Answer:
        """The result of the turn, after its last event."""
        return self._work.answer

    @property
    def output(self) -> Any:
        """The answer as a value of ``output_type``, after the last event."""
        return self._work.output

    async def _finish(self) -> Answer:
        async with self:
            async for _ in self:
                pass
        return self.answer

    async def close(self) -> None:
        """Ends the turn. Nothing happens when it is over."""
        self._work.check_idle()
        await self._work.over()

    def __aiter__(self) -> AsyncTurn:
        return self

    async def __anext__(self) -> AgentEvent:
        try:
            return await self._work.event()
        except BaseException:
            # The end, an error, or a cancelled task: the session continues with the next turn.
            await self._work.over()
            raise

    async def __aenter__(self) -> AsyncTurn:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        if hasattr(self, "_work"):
            self._work.give_up()


class _Shown(Shown):
    """The progress of tools, for the task of the turn."""

    __slots__ = ("_waiting", "events", "loop")

    def __init__(self) -> None:
        super().__init__()
        # Few of them wait, and each conversation has one: an empty deque takes 0.6 KiB.
        self.events: list[ToolProgress] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Future[None] | None = None

    def put(self, event: ToolProgress) -> None:
        """For that task, from any thread."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._take, event)

    def wait(self) -> asyncio.Future[None]:
        """Returns as soon as a tool reports progress, or is done."""
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def wake(self, _: object) -> None:
        """A tool is done."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _take(self, event: ToolProgress) -> None:
        self.events.append(event)
        self.wake(event)


class _Call:
    """The call of an asynchronous tool, in a task. One that ignores its cancel is left behind."""

    __slots__ = ("_limit", "_name", "_output", "_task", "_timer")

    def __init__(self, name: str, timeout_s: float | None) -> None:
        self._name, self._limit = name, timeout_s
        self._output: asyncio.Future[ToolOutput] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(
        self, call: Callable[[], Any], room: asyncio.Semaphore
    ) -> asyncio.Future[ToolOutput]:
        """Its output. Cancelling that ends the call."""
        self._task = asyncio.ensure_future(self._run(call, room))
        self._output.add_done_callback(self._end)
        return self._output

    async def _run(self, call: Callable[[], Any], room: asyncio.Semaphore) -> None:
        async with room:
            if self._limit is not None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._limit, self._late)
            try:
                output = _workers.told(self._name, await call())
            except BaseException as error:
                if not self._output.done():
                    self._output.set_result(_workers.failed(self._name, error))
                if isinstance(error, (KeyboardInterrupt, SystemExit)):
                    raise
            else:
                if not self._output.done():
                    self._output.set_result(output)

    def _late(self) -> None:
        if not self._output.done():
            self._output.set_result(_workers.too_slow(self._name, self._limit or 0))

    def _end(self, _: asyncio.Future[ToolOutput]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


class _Work(Work):
    """The actions of a turn, in the task that takes its events."""

    __slots__ = (
        "_deadline",
        "_effect",
        "_http",
        "_is_taken",
        "_news",
        "_outcome",
        "_outputs",
    )

    def __init__(
        self,
        settings: Settings,
        http: AsyncHttp,
        workers: Workers,
        wish: Wanted | None,
        decided: Mapping[int, Decision] | None,
    ) -> None:
        self._news = _Shown()
        super().__init__(settings, workers, wish, decided, self._news)
        self._http = http
        # What is to be done next, and the outcome of what was done before.
        self._effect: Effect | None = None
        self._outcome: Any = None
        self._is_taken = False
        self._outputs: dict[int, asyncio.Future[ToolOutput]] = {}
        limit = settings.time_limit_s
        self._deadline = None if limit is None else time.monotonic() + limit

    async def over(self) -> None:
        """The turn is over, at its end or before it."""
        if self._stop():
            await self._http.end()

    def give_up(self) -> None:
        """The same where ``await`` is not possible."""
        if self._stop():
            self._http.forget()

    def _stop(self) -> bool:
        if self._is_over:
            return False
        self._is_over = self._news.is_over = True
        for output in self._outputs.values():
            output.cancel()
        self._settings.over()
        return True

    def check_idle(self) -> None:
        """Raises ``RuntimeError`` while a task waits for an event."""
        if self._is_taken:
            raise RuntimeError("a task waits for the next event of this turn: cancel that one")

    async def event(self) -> AgentEvent:
        """The next event, after everything that comes before it was done."""
        self.check_idle()
        self._is_taken = True
        try:
            while not self._is_over:
                effect, self._effect = self._effect, None
                if effect is None:
                    outcome, self._outcome = self._outcome, None
                    item = self._next(outcome)
                    del outcome
                    if item is None:
                        break
                    if not isinstance(item, EFFECTS):
                        return item
                    effect = item
                    del item
                if isinstance(effect, Output):
                    # The progress of tools until this one is done, or the turn is late.
                    if self._news.events:
                        self._effect = effect
                        return self._news.events.pop(0)
                    if self._outputs[effect.call.id].done():
                        self._outcome = self._outputs.pop(effect.call.id).result()
                    else:
                        self._effect = effect
                        await self._in_time(self._news.wait())
                    continue
                work = self._perform(effect)
                # A request may be large, and the answer may take minutes.
                del effect
                self._outcome = await (work if self._deadline is None else self._in_time(work))
        finally:
            self._is_taken = False
        raise StopAsyncIteration

    async def _in_time(self, work: Awaitable[T]) -> T:
        if self._deadline is None:
            return await work
        try:
            return await asyncio.wait_for(work, max(0, self._deadline - time.monotonic()))
        except asyncio.TimeoutError:
            raise self._too_late() from None

    def _perform(self, effect: Effect) -> Awaitable[Any]:
        if isinstance(effect, Read):
            return self._http.read()
        if isinstance(effect, Post):
            return self._http.post(effect.request)
        if isinstance(effect, EndBody):
            return self._http.end(is_complete=effect.is_complete)
        if isinstance(effect, Wait):
            return asyncio.sleep(effect.millis / 1_000)
        assert isinstance(effect, StartTools)
        return self._start(effect.calls)

    async def _start(self, calls: list[Ready]) -> None:
        self._news.loop = asyncio.get_running_loop()
        room = asyncio.Semaphore(self._settings.max_parallel_tools)
        self._outputs = {}
        for call, tool, bound in calls:
            limit = tool.timeout_s or self._settings.tool_timeout_s
            if tool.is_async:
                output = _Call(tool.name, limit).start(bound, room)
            else:
                job = Job(tool.name, bound, limit)
                output = asyncio.ensure_future(self._in_thread(job))
            output.add_done_callback(self._news.wake)
            self._outputs[call.id] = output

    async def _in_thread(self, job: Job) -> ToolOutput:
        self._workers.start(job)
        future = asyncio.wrap_future(job.future)
        while True:
            done, _ = await asyncio.wait({future}, timeout=job.seconds_left())
            if done:
                return future.result()
            left = job.seconds_left()
            if left is not None and left <= 0:
                output = self._workers.leave_behind(job)
                future.cancel()
                return output
