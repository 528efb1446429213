"""Threads that run tools. One whose tool never returns is abandoned."""

from __future__ import annotations

import contextvars
import inspect
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as WaitedTooLong
from typing import Any, Callable

from ._results import ToolError, ToolOutput, output_of
from .errors import BadArguments, Cancelled
from .tools import Tool, failure_of

log = logging.getLogger("zerostack")

# How long a thread waits for another call.
IDLE_S = 5.0


class Job:
    """One call of a tool, and its outcome."""

    def __init__(self, name: str, call: Callable[[], Any], timeout_s: float | None) -> None:
        self.name, self.call, self.timeout_s = name, call, timeout_s
        self.future: Future[ToolOutput] = Future()
        self.started_at: float | None = None
        self.is_left_behind = False
        self._context = contextvars.copy_context()

    def run(self) -> None:
        """Makes the call. Any exception becomes an output that the model sees."""
        self.started_at = time.monotonic()
        self.settle(self._context.run(outcome, self.name, self.call))

    def settle(self, output: ToolOutput) -> None:
        """Passes the output to the waiting thread, unless it is too late."""
        try:
            self.future.set_result(output)
        except InvalidStateError:
            log.warning("the tool %s returned after its time; its output is lost", self.name)

    def interrupt(self) -> None:
        """Wakes the waiting thread."""
        try:
            self.future.set_exception(Cancelled("the turn was cancelled"))
        except InvalidStateError:
            pass  # It had come to an end.

    def seconds_left(self) -> float | None:
        """Of its time limit; all of it as long as no thread has begun with it."""
        if self.timeout_s is None:
            return None
        started = time.monotonic() if self.started_at is None else self.started_at
        return started + self.timeout_s - time.monotonic()


class Workers:
    """At most this many threads at work. They never keep the program from ending."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._is_closed = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._threads = self._idle = 0
        self._process = os.getpid()

    def start(self, job: Job) -> None:
        """Runs the job as soon as a thread is free."""
        if self._process != os.getpid():
            # The threads of the parent are not in a forked child.
            self._begin()
        with self._lock:
            self._is_closed = False
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._lock.notify()
            elif self._threads < self._most:
                self._spawn()

    def wait(self, job: Job) -> ToolOutput:
        """The output of a started job. A job over its time is abandoned."""
        while True:
            try:
                return job.future.result(job.seconds_left())
            except WaitedTooLong:
                left = job.seconds_left()
                if left is not None and left <= 0 and not job.future.done():
                    return self.leave_behind(job)

    def leave_behind(self, job: Job) -> ToolOutput:
        """Abandons the job; another thread replaces the one that it occupies."""
        with self._lock:
            job.is_left_behind = True
            self._threads -= 1
            if self._jobs:
                self._spawn()
        return too_slow(job.name, job.timeout_s)

    def close(self) -> None:
        """Ends the threads that are idle, and the others when they are done."""
        with self._lock:
            self._is_closed = True
            self._lock.notify_all()

    def _spawn(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name="zerostack-tool", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
                while not self._jobs:
                    # An agent that is garbage-collected without a close keeps no threads either.
                    if self._is_closed or not self._lock.wait(IDLE_S):
                        self._idle -= 1
                        self._threads -= 1
                        return
                self._idle -= 1
                job = self._jobs.popleft()
            if not job.future.done():
                job.run()
            if job.is_left_behind:
                return


def outcome(name: str, call: Callable[[], Any]) -> ToolOutput:
    """The output of a call, run here and now, for the model."""
    try:
        value = call()
        if inspect.isawaitable(value):
            import asyncio

            async def awaited() -> Any:
                return await value

            value = asyncio.run(awaited())
        return told(name, value)
    except BaseException as error:  # SystemExit, too: a tool does not end the program.
        return failed(name, error)


def told(name: str, value: Any) -> ToolOutput:
    """The output for the model of a tool that returned ``value``."""
    output = output_of(value)
    if output.is_error:
        log.warning("the tool %s failed: %s", name, output.content)
    return output


def failed(name: str, error: BaseException) -> ToolOutput:
    """The output for the model of a tool that raised; the log has the details."""
    # A traceback is of no use for an error that the model caused or is meant for it.
    is_meant = isinstance(error, (ToolError, BadArguments))
    log.warning("the tool %s failed: %r", name, error, exc_info=None if is_meant else error)
    return failure_of(error)


def too_slow(name: str, timeout_s: float | None) -> ToolOutput:
    """The output for the model of an abandoned tool."""
    log.warning("the tool %s did not return within %s s and is left behind", name, timeout_s)
    text = f"the tool did not return within {timeout_s:g} seconds; it may still be running"
    return ToolOutput(text, is_error=True)


def unknown(name: str, tools: Mapping[str, Tool]) -> ToolOutput:
    """The output for the model of a call of an unknown tool."""
    there = ", ".join(tools) or "none"
    return ToolOutput(f"there is no tool {name!r}; there is {there}", is_error=True)
