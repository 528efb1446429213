"""The vectors that Rust, C, Swift and the firmware play, played from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import zerostack
from zerostack import (
    Attachment,
    Limits,
    RefusalDelta,
    Restart,
    Session,
    Step,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolSpec,
    Truncated,
    Usage,
    ZerostackError,
)

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "vectors"
VECTORS = sorted(FOLDER.glob("*.vector"))


def entries(data: bytes) -> list[tuple[list[str], list[bytes]]]:
    """Each line of words, with the texts that follow it."""
    found, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at)
        words = data[at:end].decode().split(" ")
        at = end + 1
        texts = []
        for word in words:
            if word.startswith("+"):
                length = int(word[1:])
                texts.append(data[at : at + length])
                assert data[at + length : at + length + 1] == b"\n"
                at += length + 1
        found.append((words, texts))
    return found


def entry(*words: object) -> bytes:
    """The same, written: bytes become a length in the line and a text after it."""
    texts = [word for word in words if isinstance(word, bytes)]
    line = " ".join(f"+{len(w)}" if isinstance(w, bytes) else str(w) for w in words)
    return b"".join([f"{line}\n".encode(), *(text + b"\n" for text in texts)])


class Player:
    """Plays the inputs of a vector and writes the whole vector again."""

    def __init__(self, chunk_bytes: int) -> None:
        self.chunk_bytes = chunk_bytes
        self.settings: dict[str, Any] = {"tools": []}
        self.limits: dict[str, Any] = {}
        self.session: Session = None  # type: ignore[assignment]
        self.written = b""
        # The files of the text or result that follows, and the bytes of all, by number.
        self.attached: list[Attachment] = []
        self.files: dict[int, bytes] = {}

    def play(self, data: bytes) -> bytes:
        for words, texts in entries(data):
            name, arguments = words[0], words[1:]
            if name.startswith("="):
                continue
            rest = iter(texts)
            self.written += entry(name, *(next(rest) if a[0] == "+" else a for a in arguments))
            if self.session is None and name != "start":
                self.set(name, arguments, texts)
                continue
            try:
                for output in getattr(self, name)(*arguments, texts=texts) or ():
                    self.written += output
            except ZerostackError as error:
                if name == "feed":
                    self.written += b"".join(self.shown(list(error.events)))
                self.written += entry("=error", int(error.code), error.detail)
            if self.session is not None:
                step = self.session.step
                detail = self.session.wait_ms or self.session.missing_bytes
                self.written += entry("=step", step.name.lower(), detail)
        return self.written

    def set(self, name: str, arguments: list[str], texts: list[bytes]) -> None:
        if name == "zerostack-vector":
            assert arguments == ["1"]
        elif name == "tool":
            self.settings["tools"].append(ToolSpec(*(text.decode() for text in texts)))
        elif name == "limit" and arguments[0] == "keep_failed_turn":
            self.limits["failed_turn"] = "keep" if arguments[1] == "1" else "take_out"
        elif name == "limit" and arguments[0] == "room":
            self.limits["room"] = list(zerostack.RoomPolicy)[int(arguments[1])]
        elif name == "limit":
            self.limits[arguments[0]] = int(arguments[1])
        elif name == "arena":
            self.settings["capacity_bytes"] = int(arguments[0])
        else:
            self.settings[name] = texts[0].decode() if texts else arguments[0]

    def start(self, texts: Any) -> None:
        self.session = Session(**self.settings, limits=Limits(**self.limits))

    def attach(self, number: str, media_type: str, *_: str, texts: list[bytes]) -> None:
        name, data = texts[0].decode() or None, texts[1]
        self.attached.append(Attachment(media_type, int(number), len(data), name))
        self.files[int(number)] = data

    def taken(self) -> list[Attachment]:
        files, self.attached = self.attached, []
        return files

    def read(self, number: int, offset: int, size: int) -> bytes:
        return self.files[number][offset : offset + size]

    def user(self, _: str, texts: list[bytes]) -> None:
        self.session.user(texts[0].decode(), self.taken())

    def request(self, texts: Any) -> list[bytes]:
        request = self.session.request(self.read)
        headers = [entry("=header", n.encode(), v.encode()) for n, v in request.headers.items()]
        head = entry("=request", request.method, request.path.encode())
        return [head, *headers, entry("=body", request.body)]

    def respond(self, status: str, retry_after_ms: str | None = None, *, texts: Any) -> None:
        self.session.begin_response(int(status), retry_after_ms and int(retry_after_ms))

    def feed(self, _: str, texts: list[bytes]) -> list[bytes]:
        body, events = texts[0], []
        size = self.chunk_bytes or max(len(body), 1)
        for at in range(0, len(body), size):
            if self.session.step is not Step.RECEIVE:
                break
            try:
                events += self.session.feed(body[at : at + size])
            except ZerostackError as error:
                error.events = (*events, *error.events)
                raise
        return self.shown(events)

    def shown(self, events: list[Any]) -> list[bytes]:
        lines: list[bytes] = []
        text: dict[type, str] = {
            TextDelta: "=text", RefusalDelta: "=refusal", ThinkingDelta: "=thinking"
        }
        at = 0
        while at < len(events):
            event = events[at]
            kind = type(event)
            if kind in text:
                joined = ""
                while at < len(events) and type(events[at]) is kind:
                    joined += events[at].text
                    at += 1
                lines.append(entry(text[kind], joined.encode()))
                continue
            at += 1
            lines.append(self.line(event))
        return lines

    @staticmethod
    def line(event: Any) -> bytes:
        if isinstance(event, ToolCall):
            texts = (event.provider_id.encode(), event.name.encode(), event.arguments.encode())
            return entry("=tool_call", event.id, *texts)
        if isinstance(event, Usage):
            return entry("=counts", *event.__getnewargs__())
        if isinstance(event, Truncated):
            what = "result" if event.what is zerostack.Dropped.TOOL_RESULT else event.what.value
            return entry("=truncated", what, event.bytes)
        if isinstance(event, zerostack.Compacting):
            return entry("=compacting")
        if isinstance(event, zerostack.SummaryFailed):
            return entry("=summary_failed", int(event.error.code), event.error.detail)
        if isinstance(event, zerostack.Repeating):
            return entry("=repeating", event.count, event.name.encode())
        return entry("=restart") if isinstance(event, Restart) else entry("=end", event.reason.value)

    def end(self, texts: Any) -> list[bytes]:
        event = self.session.end_response()
        return [self.line(event)]

    def calls(self, texts: Any) -> list[bytes]:
        lines = [self.line(call) for call in self.session.pending_calls()]
        return [line.replace(b"=tool_call", b"=call", 1) for line in lines]

    def result(self, index: str, kind: str, _: str, texts: list[bytes]) -> list[bytes]:
        pending = self.session.pending_calls()
        known = int(index) < len(pending)
        number = pending[int(index)].id if known else 2**32 - 1
        left_out = self.session.tool_result(
            number, texts[0].decode(), kind == "error", self.taken()
        )
        return [entry("=left_out", left_out)]

    def retry(self, texts: Any) -> None:
        self.session.retry()

    def abort(self, texts: Any) -> None:
        self.session.abort()

    def compact(self, keep: str, _: str, texts: list[bytes]) -> None:
        self.session.compact(texts[0].decode(), int(keep))

    def make_room(self, texts: Any) -> list[bytes]:
        return [self.line(self.session.make_room())]

    def drop_oldest(self, texts: Any) -> list[bytes]:
        return [entry("=freed", self.session.drop_oldest())]

    def usage(self, texts: Any) -> list[bytes]:
        return [entry("=usage", *self.session.usage.__getnewargs__())]

    def failure(self, texts: Any) -> list[bytes]:
        failure = self.session.failure
        if failure is None:
            return [entry("=no_failure")]
        kind, detail = int(failure.error.code), failure.error.detail
        code, message = failure.code.encode(), failure.message.encode()
        return [entry("=failure", kind, detail, failure.status, code, message)]

    def snapshot(self, texts: Any) -> list[bytes]:
        return [entry("=snapshot", self.session.snapshot().hex().encode())]

    def resume(self, texts: Any) -> None:
        limits = Limits(**self.limits)
        self.session = Session.resume(self.session.snapshot(), **self.settings, limits=limits)


@pytest.mark.parametrize("chunk_bytes", [0, 1, 2, 7, 64])
@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector_gives_the_same_bytes(path: Path, chunk_bytes: int) -> None:
    data = path.read_bytes()
    assert Player(chunk_bytes).play(data).decode("utf-8", "replace") == data.decode(
        "utf-8", "replace"
    )


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 20
    assert zerostack.__version__
