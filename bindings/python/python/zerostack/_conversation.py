"""The state of a conversation besides its text: its turn, its files and its usage."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ._core import Session, Usage
from .enums import Budget
from .errors import Limit
from .files import Files

__all__ = ["SharedBudget", "Totals"]


class Totals(NamedTuple):
    """The usage of turns: of one conversation, see :meth:`Agent.totals`, or of all that share a
    :class:`SharedBudget`."""

    turns: int = 0
    """Turns, those that failed and those that wait for approval among them."""
    requests: int = 0
    """Requests that were sent, each attempt of them."""
    usage: Usage = Usage()
    """Tokens, as the provider counted them."""
    cost_micros: int = 0
    """Their cost by ``Limits.prices``, in millionths of their currency; each reply is rounded
    up."""

    def plus(self, more: Totals) -> Totals:
        """The sum of both."""
        return Totals(
            self.turns + more.turns,
            self.requests + more.requests,
            self.usage + more.usage,
            self.cost_micros + more.cost_micros,
        )


class SharedBudget:
    """A budget that several conversations share: pass it to each agent, or run all of them with
    one agent.

    ``max_tokens`` counts requests and replies, ``max_cost_micros`` millionths of the currency of
    ``Limits.prices``; ``None`` is no limit. When it is used up, no further request is sent, and
    turns raise :class:`Limit`; replies that are still arriving are kept. Any thread may use it.
    """

    def __init__(self, max_tokens: int | None = None, max_cost_micros: int | None = None) -> None:
        self.max_tokens, self.max_cost_micros = max_tokens, max_cost_micros
        self._lock = threading.Lock()
        self._totals = Totals()

    def __repr__(self) -> str:
        return f"SharedBudget(max_tokens={self.max_tokens}, max_cost_micros={self.max_cost_micros})"

    @property
    def totals(self) -> Totals:
        """The used part of it."""
        with self._lock:
            return self._totals

    def _add(self, more: Totals) -> None:
        with self._lock:
            self._totals = self._totals.plus(more)

    def _check(self) -> None:
        taken = self.totals
        tokens = taken.usage.input_tokens + taken.usage.output_tokens
        if self.max_tokens is not None and tokens >= self.max_tokens:
            text = f"{tokens} tokens of a shared budget of {self.max_tokens} are used"
            raise Limit(f"{text}: raise it, or end here", detail=Budget.TOKENS)
        if self.max_cost_micros is not None and taken.cost_micros >= self.max_cost_micros:
            text = f"{taken.cost_micros} millionths of a shared budget of {self.max_cost_micros}"
            raise Limit(f"{text} are used: raise it, or end here", detail=Budget.COST)


class Conversation:
    """The state of one session. It has no reference to the session."""

    __slots__ = ("_before", "_counted", "files", "totals", "turn")

    def __init__(self, session: Session) -> None:
        self.turn = threading.Lock()
        self.files = Files(session)
        self.totals = _NOTHING
        self._counted = _NOTHING.usage
        # The changes of the running turn, and the previous values.
        self._before: dict[str, Any] | None = None

    def set_for_turn(
        self,
        session: Session,
        schema: Mapping[str, Any] | None,
        tools: Iterable[Any] | None,
    ) -> None:
        """The form of answers, and the tools, until :meth:`restore`."""
        if schema is None and tools is None:
            return
        changed = self._before = self._before or {}
        if schema is not None:
            before = session.options.get("response_schema")
            session.set_response_schema(schema)
            changed["response_schema"] = before
        if tools is not None:
            specs = session.tools
            session.set_tools(tools)
            changed["tools"] = specs

    def restore(self, session: Session) -> None:
        """Restores the settings from before the turn. Called outside of a turn."""
        before, self._before = self._before, None
        if before is None:
            return
        if "response_schema" in before:
            session.set_response_schema(before["response_schema"])
        if "tools" in before:
            session.set_tools(before["tools"])

    def begin(self, budget: SharedBudget | None) -> None:
        """A turn begins; its usage starts at 0."""
        self._counted = _NOTHING.usage
        self._add(Totals(turns=1), budget)

    def sends(self, session: Session, budget: SharedBudget | None) -> None:
        """A request is sent next.

        Raises :class:`Limit` when the budget is used up.
        """
        self.count(session, budget)
        if budget is not None:
            budget._check()
        self._add(Totals(requests=1), budget)

    def count(self, session: Session, budget: SharedBudget | None) -> None:
        """Counts the turn's usage since the last count."""
        now, before = session.usage, self._counted
        if now == before:
            return
        self._counted = now
        more = Usage(
            *(
                max(getattr(now, name) - getattr(before, name), 0)
                for name in now.__match_args__
            )
        )
        cost = session.limits.prices.cost_micros(more)
        self._add(Totals(usage=more, cost_micros=cost), budget)

    def _add(self, more: Totals, budget: SharedBudget | None) -> None:
        self.totals = self.totals.plus(more)
        if budget is not None:
            budget._add(more)


_NOTHING = Totals()
_ALL: weakref.WeakKeyDictionary[Session, Conversation] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def conversation_of(session: Session) -> Conversation:
    """The state of ``session`` that all agents share."""
    with _LOCK:
        found = _ALL.get(session)
        if found is None:
            found = _ALL[session] = Conversation(session)
        return found
