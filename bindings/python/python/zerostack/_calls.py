"""Decides about the open calls of a reply: run, answer without running, or leave waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from . import _workers
from ._context import Shown, ToolContext
from ._core import Session, ToolCall, checked_arguments
from ._results import ToolOutput
from .approvals import Decision, result_of
from .enums import BadCallPolicy
from .errors import BadArguments, BadCall
from .tools import Tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._settings import Settings


class Ready(NamedTuple):
    """A call that can be made."""

    call: ToolCall
    tool: Tool
    make: Callable[[], Any]


class Rules:
    """What to do with calls that cannot run, and how many of them a turn may have."""

    def __init__(self, policy: BadCallPolicy | str, most: int) -> None:
        if most < 0:
            raise ValueError(f"max_bad_calls must not be negative, {most} is")
        self.policy = BadCallPolicy(policy)
        self.most = most


class Plan:
    """Counts the calls of a turn that cannot run."""

    __slots__ = ("_bad", "_rules", "_settings", "_shown", "_tools")

    def __init__(self, settings: Settings, shown: Shown) -> None:
        self._tools, self._rules = settings.tools, settings.rules
        self._settings, self._shown = settings, shown
        self._bad = 0

    def make(
        self, session: Session, decided: dict[int, Decision]
    ) -> tuple[list[Ready], list[tuple[ToolCall, ToolOutput]], list[ToolCall]]:
        """The calls that run, those that are answered without running, and those that wait.

        Raises :class:`BadCall` if the turn fails because a call cannot run.
        """
        ready: list[Ready] = []
        answered: list[tuple[ToolCall, ToolOutput]] = []
        waiting: list[ToolCall] = []
        for call in session.pending_calls():
            decision = decided.pop(call.id, None)
            output = None if decision is None else result_of(decision)
            if output is not None:
                answered.append((call, output))
                continue
            tool = self._tools.get(call.name)
            if tool is None:
                answered.append((call, self._told(call, _workers.unknown(call.name, self._tools))))
                continue
            try:
                made, arguments = self._bound(tool, call)
            except BadArguments as error:
                answered.append((call, self._told(call, _workers.failed(call.name, error))))
            except Exception as error:
                answered.append((call, _workers.failed(call.name, error)))
            else:
                if decision is None and tool.asks(arguments):
                    waiting.append(call)
                else:
                    ready.append(Ready(call, tool, made))
        return ready, answered, waiting

    def _bound(self, tool: Tool, call: ToolCall) -> tuple[Callable[[], Any], str]:
        """The call, and its repaired arguments."""
        arguments = call.arguments
        context = None
        if tool.takes_context:
            settings = self._settings
            context = ToolContext(call, settings.session, settings.deps, self._shown)
        try:
            return tool.bind(arguments, context), arguments
        except BadArguments as error:
            if self._rules.policy is not BadCallPolicy.REPAIR:
                raise
            try:
                repaired = checked_arguments(tool.parameters, arguments)
                return tool.bind(repaired, context), repaired
            except BadArguments:
                # About the text that the model wrote.
                raise error from None

    def _told(self, call: ToolCall, output: ToolOutput) -> ToolOutput:
        self.count(call.name, output.content)
        return output

    def count(self, name: str, why: str) -> None:
        """One more call that cannot run.

        Raises :class:`BadCall` if the turn fails because of it.
        """
        self._bad += 1
        if self._rules.policy is BadCallPolicy.FAIL:
            raise BadCall(f"the model called {name}: {why}")
        if self._bad > self._rules.most:
            raise BadCall(
                f"the model made more than {self._rules.most} calls that cannot run, the last of "
                f"{name}: {why}"
            )
