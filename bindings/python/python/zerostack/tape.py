"""Tapes: all inputs of a session, as JSON Lines.

A tape that the ``zerostack`` command recorded plays here, and one that was recorded here plays
there (``zerostack replay``): the same bytes in, the same bytes out, offline. The format is
described in ``std-runtime/src/run/tape.rs``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Union

from . import _reply
from ._core import Attachment, Limits, Prices, Request, Restart, Session, ToolCall, ToolSpec
from ._turn import AgentEvent, ToolAnswered
from .enums import OutputLimitKey, RoomPolicy, Step, ToolMode
from .errors import BadTape, ZerostackError

__all__ = ["Player", "RecordedRequest", "Tape", "replay"]

VERSION = 1

_LIMITS = (
    "max_output_tokens",
    "context_tokens",
    "max_result_bytes",
    "max_response_bytes",
    "reply_bytes",
    "max_rounds",
    "max_attempts",
    "retry_base_ms",
    "retry_max_ms",
    "seed",
)

# Where a tape has them beside these, by the names that they have there.
_ROOM = {"high_water_tokens": "high_water_tokens", "low_water_tokens": "low_water_tokens"}
_BUDGET = {
    "tokens": "max_turn_tokens",
    "cost_micros": "max_turn_cost_micros",
    "repeats": "max_repeats",
}


class Tape:
    """A tape that is being written. The file gets its name when it is complete."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        session: Session,
        key: str,
        has_files: bool = False,
    ) -> None:
        limits = _limits_line(session.limits)
        if _limits(limits) != session.limits:
            raise ValueError(
                "a tape has no place for failed_turn='keep', for max_turn_ms, and for the marks of "
                "the window without a policy for room; leave them out, or do not record"
            )
        self._path: str = os.path.realpath(os.fspath(path))
        self._key = key.encode()
        self._tail = b""
        self._has_key = False
        self._has_files = has_files
        self._hashes: dict[int, str] = {}
        self._sum = hashlib.sha1(usedforsecurity=False)
        folder = os.path.dirname(self._path)
        handle, self._unnamed = tempfile.mkstemp(prefix=".zerostack-tape-", dir=folder)
        self._out = os.fdopen(handle, "wb")
        head: dict[str, Any] = {
            "type": "tape",
            "version": VERSION,
            "api": session.dialect.value,
            "model": session.model,
            "system": session.system,
            "tools": [
                {"name": t.name, "description": t.description, "parameters": t.parameters}
                for t in session.tools
            ],
            "limits": limits,
        }
        # Default values are left out.
        if session.output_limit_key is not OutputLimitKey.MAX_TOKENS:
            head["output_limit_key"] = session.output_limit_key.value
        if session.tool_mode is not ToolMode.NATIVE:
            head["tool_mode"] = session.tool_mode.value
        if session.profile:
            head["profile"] = {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in session.profile.items()
            }
        if session.options:
            head["options"] = {
                name: round(value * 1000) if name in _DECIMALS else value
                for name, value in session.options.items()
            }
        self._line(head)

    def user(self, text: str) -> None:
        """The user sent ``text``."""
        self._line({"type": "user", "text": text})

    def attached(self, files: Iterable[Attachment], read: Callable[[int, int, int], bytes]) -> None:
        """These files belong to the text or result that follows; ``read`` returns their bytes, by
        number, offset and size.
        """
        for file in files:
            line: dict[str, Any] = {
                "type": "attached",
                "number": _NO_NUMBER,
                "media_type": file.media_type,
                "name": file.name or "",
                "bytes": file.bytes,
                "tokens": file.tokens,
            }
            if isinstance(file.source, str):
                line["url" if "://" in file.source else "file_id"] = file.source
                self._line(line)
                continue
            number = file.source
            starts = range(0, file.bytes, _PIECE_BYTES)
            sizes = [(at, min(_PIECE_BYTES, file.bytes - at)) for at in starts]
            total = hashlib.sha1(usedforsecurity=False)
            for at, size in sizes:
                total.update(read(number, at, size))
            self._hashes[number] = total.hexdigest()
            self._line({**line, "number": number, "sha1": self._hashes[number]})
            for at, size in sizes if self._has_files else ():
                piece = read(number, at, size)
                self._look_for_key(piece)
                self._line({"type": "attached_bytes", "number": number, **_bytes_line(piece)})

    def request(self, session: Session, request: Request) -> None:
        """This request of the session is about to be sent."""
        length, body = len(request.body), request.body
        if self._hashes:
            length, body = session.body_with_hashes(self._hashes)
        self._line({"type": "request", "bytes": length, "sha1": _sha1(body)})

    def response(self, status: int, retry_after_ms: int | None) -> None:
        """The head of a response arrived."""
        wish = None if retry_after_ms is None else min(retry_after_ms, 2**32 - 1)
        self._line({"type": "response", "status": status, "retry_after_ms": wish})

    def _look_for_key(self, chunk: bytes) -> None:
        if self._key:
            # The key may arrive in two pieces.
            self._tail = (self._tail + chunk)[-len(chunk) - len(self._key) :]
            self._has_key = self._has_key or self._key in self._tail

    def bytes(self, chunk: bytes) -> None:
        """Bytes of its body arrived."""
        self._look_for_key(chunk)
        self._line({"type": "bytes", **_bytes_line(chunk)})

    def end(self) -> None:
        """The body ended, or there was no response."""
        self._line({"type": "end"})

    def tool_result(self, call: int, content: str, is_error: bool) -> None:
        """A tool answered the call with this number."""
        self._line({"type": "tool_result", "call": call, "content": content, "is_error": is_error})

    def finish(self, exit_code: int = 0) -> None:
        """The tape is complete and gets its name."""
        self._line({"type": "over", "exit_code": exit_code, "sha1": self._sum.hexdigest()})
        self._out.close()
        if self._has_key:
            os.unlink(self._unnamed)
            raise BadTape(f"there is no tape {self._path}: it would contain the key")
        os.replace(self._unnamed, self._path)

    def __del__(self) -> None:
        out = getattr(self, "_out", None)
        if out is not None and not out.closed:
            out.close()
            os.unlink(self._unnamed)

    def _line(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        data = f"{text}\n".encode()
        self._has_key = self._has_key or bool(self._key) and self._key in data
        if not self._has_key:
            self._sum.update(data)
            self._out.write(data)


class RecordedRequest(NamedTuple):
    """A request of a tape; its body is the one that was sent, byte for byte, but for attached files
    whose bytes are not on the tape: these are ``sha1:`` and their hash.
    """

    body: bytes


PlayedEvent = Union[AgentEvent, RecordedRequest]


def replay(path: str | os.PathLike[str]) -> Iterator[PlayedEvent]:
    """Plays the tape at ``path``: its requests and events, in their order.

    It is read to its end first, so that nothing of a truncated or changed tape is played.
    Raises :class:`BadTape` for such a tape, and when a request differs from the recorded one.
    """
    return iter(Player(path))


class Player:
    """A tape to be played; ``session`` is its conversation up to the current line."""

    session: Session

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with open(path, "rb") as file:
            self._lines = file.read().splitlines(keepends=True)
        total = hashlib.sha1(usedforsecurity=False)
        for data in self._lines[:-1]:
            total.update(data)
        last = self._read(len(self._lines)) if self._lines else {}
        if last.get("type") != "over":
            raise BadTape("the tape cannot be played: it is not a tape, or its end is missing")
        if last.get("sha1") != total.hexdigest():
            raise BadTape("the tape cannot be played: it was changed after it was recorded")
        self.exit_code: int = last.get("exit_code", 0)
        head = self._read(1)
        if head.get("type") != "tape":
            raise self._bad(1, 'a tape begins with a line of type "tape"')
        if head.get("version") != VERSION:
            raise self._bad(1, f"version {head.get('version')} is unknown; this is {VERSION}")
        try:
            self.session = Session(
                head["api"],
                head["model"],
                system=head["system"],
                tools=[ToolSpec(**tool) for tool in head["tools"]],
                limits=_limits(head["limits"]),
                output_limit_key=head.get("output_limit_key"),
                tool_mode=head.get("tool_mode"),
                profile=head.get("profile"),
                **{
                    name: value / 1000 if name in _DECIMALS else value
                    for name, value in head.get("options", {}).items()
                },
            )
        except (ZerostackError, TypeError, ValueError, KeyError) as error:
            raise self._bad(1, str(error)) from error

    def __iter__(self) -> Iterator[PlayedEvent]:
        session = self.session
        playing = _Playing(session)
        for number in range(2, len(self._lines)):
            line = self._read(number)
            try:
                play = _PLAY[line.pop("type")]
                yield from play(playing, **line)
                # The wait of a retry was real; here only its end counts.
                if session.step is Step.WAIT:
                    session.retry()
                while session.step is Step.MAKE_ROOM:
                    try:
                        yield _reply.make_room(session)
                    except ZerostackError:
                        pass  # A failure is an outcome that was recorded too.
            except (ZerostackError, TypeError, ValueError, KeyError) as error:
                raise self._bad(number, str(error)) from error

    def _read(self, number: int) -> dict[str, Any]:
        try:
            line = json.loads(self._lines[number - 1])
        except ValueError as error:
            raise self._bad(number, str(error)) from None
        if not isinstance(line, dict):
            raise self._bad(number, "it is no JSON object")
        return line

    @staticmethod
    def _bad(number: int, why: str) -> BadTape:
        return BadTape(f"the tape, line {number}: {why}", detail=number)


def _limits_line(limits: Limits) -> dict[str, Any]:
    line: dict[str, Any] = {name: getattr(limits, name) for name in _LIMITS}
    if limits.room is not RoomPolicy.ASK:
        room = {name: getattr(limits, ours) for name, ours in _ROOM.items()}
        line["room"] = {"policy": limits.room.value, **room}
    budget = {name: getattr(limits, ours) for name, ours in _BUDGET.items()}
    prices = list(limits.prices.__getnewargs__())
    if any([*budget.values(), *prices]):
        line["budget"] = {**budget, "prices": prices}
    if limits.max_calls != Limits().max_calls:
        line["max_calls"] = limits.max_calls
    return line


def _limits(line: dict[str, Any]) -> Limits:
    fields: dict[str, Any] = {name: line[name] for name in _LIMITS if name in line}
    room, budget = line.get("room"), line.get("budget")
    if room:
        fields["room"] = room["policy"]
        fields.update({ours: room[name] for name, ours in _ROOM.items()})
    if budget:
        fields["prices"] = Prices(*budget["prices"])
        fields.update({ours: budget[name] for name, ours in _BUDGET.items()})
    if "max_calls" in line:
        fields["max_calls"] = line["max_calls"]
    return Limits(**fields)


class _Playing:
    """The session of a tape that is played, and the files that the tape has."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.held = _reply.is_held(session)
        self.hashes: dict[int, str] = {}
        self._bytes: dict[int, bytearray] = {}
        # Those of the text or result that follows.
        self._next: list[Attachment] = []

    def attach(self, number: int, sha1: str, file: Attachment) -> None:
        self.hashes[number] = sha1
        # A call whose result was not accepted.
        self._bytes.pop(number, None)
        self._next.append(file)

    def add(self, number: int, piece: bytes) -> None:
        self._bytes.setdefault(number, bytearray()).extend(piece)

    def take(self) -> list[Attachment]:
        """The files of the text or result that follows."""
        for file in self._next:
            data = isinstance(file.source, int) and self._bytes.get(file.source)
            if data and _sha1(bytes(data)) != self.hashes[int(file.source)]:
                raise ValueError(f"the bytes of attachment {file.source} do not match its hash")
        files, self._next = self._next, []
        return files

    def read(self, number: int, offset: int, size: int) -> bytes:
        return bytes(self._bytes.get(number, b"")[offset : offset + size])


def _attached(
    playing: _Playing,
    number: int,
    media_type: str,
    bytes: int,
    name: str = "",
    tokens: int = 0,
    sha1: str = "",
    url: str | None = None,
    file_id: str | None = None,
) -> Iterator[PlayedEvent]:
    source = url or file_id or number
    playing.attach(number, sha1, Attachment(media_type, source, bytes, name or None, tokens))
    return iter(())


def _attached_bytes(
    playing: _Playing, number: int, text: str | None = None, hex: str | None = None
) -> Iterator[PlayedEvent]:
    playing.add(number, _bytes_of(text, hex))
    return iter(())


def _user(playing: _Playing, text: str) -> Iterator[PlayedEvent]:
    playing.session.user(text, playing.take())
    return iter(())


def _request(playing: _Playing, bytes: int, sha1: str) -> Iterator[PlayedEvent]:
    session = playing.session
    length, body = session.body_with_hashes(playing.hashes)
    if (length, _sha1(body)) != (bytes, sha1):
        raise ValueError("the request differs from the recorded one")
    if playing.hashes:
        with contextlib.suppress(ValueError):  # The tape has the hashes alone.
            body = session.request(playing.read).body
    yield RecordedRequest(body)


def _response(
    playing: _Playing, status: int, retry_after_ms: int | None = None
) -> Iterator[PlayedEvent]:
    playing.session.begin_response(status, retry_after_ms)
    return iter(())


def _bytes(
    playing: _Playing, text: str | None = None, hex: str | None = None
) -> Iterator[PlayedEvent]:
    session, held = playing.session, playing.held
    if session.step is not Step.RECEIVE:
        return
    try:
        yield from _reply.shown(held, session.feed(_bytes_of(text, hex)))
    except ZerostackError as error:
        # A failure is an outcome that was recorded too.
        yield from _reply.shown(held, error.events)
        if int(session.step) == Step.MAKE_ROOM:
            yield Restart()


def _end(playing: _Playing) -> Iterator[PlayedEvent]:
    if playing.session.step not in (Step.RECEIVE, Step.SEND):
        return
    try:
        yield from _reply.end(playing.session, playing.held)
    except ZerostackError:
        return


def _tool_result(
    playing: _Playing, call: int, content: str, is_error: bool
) -> Iterator[PlayedEvent]:
    session = playing.session
    pending: ToolCall | None = next((c for c in session.pending_calls() if c.id == call), None)
    left_out = session.tool_result(call, content, is_error, playing.take())
    if pending is not None:
        yield ToolAnswered(pending, content, is_error, left_out)


def _bytes_line(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def _bytes_of(text: str | None, hex: str | None) -> bytes:
    return text.encode() if text is not None else bytes.fromhex(hex or "")


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


# Options that a tape holds in thousandths.
_DECIMALS = {"temperature", "top_p", "frequency_penalty", "presence_penalty"}

# The number of a file that is stored at the provider.
_NO_NUMBER = 2**32 - 1

# Bytes of a file on one line.
_PIECE_BYTES = 16 * 1024

_PLAY: dict[str, Callable[..., Iterator[PlayedEvent]]] = {
    "attached": _attached,
    "attached_bytes": _attached_bytes,
    "user": _user,
    "request": _request,
    "response": _response,
    "bytes": _bytes,
    "end": _end,
    "tool_result": _tool_result,
}
