"""What a blocking and an asynchronous agent are both made of."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple, Union

from . import _json
from ._core import Limits, Recovered, Restart, Session, TextDelta, ToolCall, Usage
from ._endpoint import Endpoint, endpoint, known_profile
from ._turn import AgentEvent
from ._calls import Rules
from .approvals import DeferredCalls
from .enums import BadCallPolicy, Dialect, OutputLimitKey, Step, StopReason, ToolMode
from .errors import Busy, WrongStep
from .files import Files, Given
from .tape import Tape
from .tools import Tool, tool

Function = Union[Tool, Callable[..., Any]]


class Answer(NamedTuple):
    """What a turn came to. ``str`` of it is the text."""

    text: str
    """The last thing that the model said."""
    usage: Usage
    """Tokens of all rounds of the turn."""
    stop_reason: StopReason
    """Why the model stopped."""
    deferred: DeferredCalls | None = None
    """The calls that wait for approval, if there are any: the turn is open then, and its answer not
    there yet."""

    def to_dict(self) -> dict[str, Any]:
        """The answer as a ``dict`` that ``json`` knows."""
        return _json.to_dict(self)

    def to_json(self) -> str:
        """The same as JSON text, on one line."""
        return _json.to_json(self)

    def __str__(self) -> str:
        return self.text


class AnswerText:
    """Collects the answer from the events of a turn."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def take(self, event: AgentEvent) -> None:
        """What was said beside calls, or before a reply broke or was read anew, is not it."""
        if isinstance(event, TextDelta):
            self._parts.append(event.text)
        elif isinstance(event, (Restart, Recovered, ToolCall)):
            self._parts.clear()

    def __str__(self) -> str:
        return "".join(self._parts)


class Settings:
    """The session, where it is sent, the tools and the bounds."""

    def __init__(
        self,
        model: str | Session,
        *,
        dialect: Dialect | str | None,
        base_url: str | None,
        api_key: str | None,
        system: str,
        tools: Iterable[Function],
        limits: Limits | None,
        tool_mode: ToolMode | str | None,
        output_limit_key: OutputLimitKey | str | None,
        counting: str | None,
        tool_timeout_s: float | None,
        max_parallel_tools: int,
        time_limit_s: float | None,
        record: str | os.PathLike[str] | None,
        allow_http: bool,
        bad_calls: BadCallPolicy | str,
        max_bad_calls: int,
        options: Mapping[str, Any],
    ) -> None:
        self.rules = Rules(bad_calls, max_bad_calls)
        self.tools: dict[str, Tool] = {}
        for function in tools:
            made = tool(function)
            if self.tools.setdefault(made.name, made) is not made:
                raise ValueError(f"two tools are called {made.name}")
        self.tool_timeout_s = positive("tool_timeout_s", tool_timeout_s)
        self.time_limit_s = positive("time_limit_s", time_limit_s)
        if max_parallel_tools < 1:
            raise ValueError(f"max_parallel_tools must be at least 1, not {max_parallel_tools}")
        self.max_parallel_tools = max_parallel_tools
        if isinstance(model, Session):
            given = (dialect, limits, tool_mode, output_limit_key, counting)
            if system or options or any(each is not None for each in given):
                raise ValueError("dialect, system, limits and the like are those of the session")
            if record is not None:
                raise ValueError("only a session that the agent makes can be recorded")
            self.session = model
            known = {spec.name for spec in model.tools}
            missing = [name for name in self.tools if name not in known]
            if missing:
                raise ValueError(
                    f"the session does not offer these tools to the model: {', '.join(missing)}; "
                    "give them to Session() or Session.resume() too"
                )
        else:
            spoken = Dialect.OPENAI_CHAT if dialect is None else dialect
            if options.get("profile") is None:
                options = {**options, "profile": known_profile(spoken, base_url)}
            specs = list(self.tools.values())
            self.session = Session(
                spoken,
                model,
                system=system,
                tools=specs,
                limits=limits,
                tool_mode=tool_mode,
                output_limit_key=output_limit_key,
                counting=counting,
                **options,
            )
        self.endpoint: Endpoint = endpoint(
            self.session.dialect, base_url, api_key, allow_http=allow_http
        )
        self.files = Files(self.session)
        self.tape: Tape | None = None
        if record is not None:
            self.tape = Tape(record, self.session, self.endpoint.key)
        self.is_deferred = False
        self._turn = threading.Lock()
        # The schema of the running turn, and the one before it.
        self._has_schema = False
        self._before: Mapping[str, Any] | None = None

    def begin(
        self,
        text: str | None,
        attachments: Iterable[Given] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        """Says ``text``, if no turn is under way; none goes on with the turn that is open.

        ``schema`` is what the answer must be, in this turn.
        """
        if schema is not None and self.tape is not None:
            raise ValueError(
                "a recorded agent has no output_type: a tape has one configuration; give "
                "response_schema to the agent, or leave out record"
            )
        if schema is not None and text is None:
            raise ValueError("output_type is said with a text: the turn that is open has its own")
        if not self._turn.acquire(blocking=False):
            raise Busy("a turn is under way: take its events to the end, or close it")
        try:
            is_open = self.session.step is not Step.IDLE
            if text is None:
                if not is_open:
                    raise WrongStep("no turn is open: run() begins one", detail=Step.IDLE)
                self.is_deferred = False
                return
            if is_open:
                message = "a turn is open: resume() goes on with it, session.abort() ends it"
                raise WrongStep(message, detail=self.session.step)
            if schema is not None:
                self._before = self.session.options.get("response_schema")
                self.session.set_response_schema(schema)
                self._has_schema = True
            if attachments and self.tape:
                raise ValueError("a tape has no place for attachments: leave them out, or do not record")
            self.session.user(text, self.files.add(attachments))
            if self.tape:
                self.tape.user(text)
        except BaseException:
            self._forget_schema()
            self._turn.release()
            raise

    def _forget_schema(self) -> None:
        if self._has_schema:
            self._has_schema = False
            self.session.set_response_schema(self._before)

    def over(self) -> None:
        """The turn is over, at its end or before it; or it waits, and stays open."""
        try:
            if self.is_deferred:
                return
            if self.session.step is not Step.IDLE:
                self.session.abort()
            self._forget_schema()
        finally:
            self._turn.release()

    def close(self) -> None:
        """The conversation is over."""
        tape, self.tape = self.tape, None
        if tape is not None:
            tape.finish()


def positive(name: str, seconds: float | None) -> float | None:
    """A number of seconds above 0, or none."""
    if seconds is not None and not seconds > 0:
        raise ValueError(f"{name} must be more than 0, {seconds} is not")
    return seconds
