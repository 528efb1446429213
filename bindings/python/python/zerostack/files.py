"""Attached files: images, audio, documents, as paths, bytes, addresses or open files."""

from __future__ import annotations

import io
import mimetypes
import os
import threading
from collections.abc import Iterable
from typing import IO, Union

from ._core import Attachment, Session
from .errors import MissingAttachment

__all__ = ["File", "Files"]

Source = Union[str, "os.PathLike[str]", bytes, "IO[bytes]"]

_SCHEMES = ("https://", "http://", "gs://")

# The first bytes of files, except types that need more than these.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
)


class File:
    """A file to send with a text, or to return from a tool.

    ``source`` is a path, an address that the provider fetches, the bytes, or a binary file that is
    open and seekable; you close it. The media type is read from the first bytes, else
    taken from the name. ``tokens`` is its size in the model's context, if known.

    Nothing is read before it is sent, and then a piece at a time.
    """

    __slots__ = ("media_type", "name", "size", "source", "tokens", "url")

    def __init__(
        self, source: Source, media_type: str | None = None, name: str = "", tokens: int = 0
    ) -> None:
        self.source = source
        self.name = name
        self.tokens = tokens
        self.url = ""
        self.size = 0
        if isinstance(source, str) and source.startswith(_SCHEMES):
            self.url = source
            guessed = mimetypes.guess_type(source.partition("?")[0])[0]
            self.media_type = media_type or guessed or "image/*"
            return
        if isinstance(source, (str, os.PathLike)):
            self.size = os.stat(source).st_size
            self.name = name or os.path.basename(os.fspath(source))
        elif isinstance(source, (bytes, bytearray, memoryview)):
            self.source = bytes(source)
            self.size = len(self.source)
        elif hasattr(source, "read") and hasattr(source, "seek"):
            self.size = source.seek(0, io.SEEK_END)
            given = getattr(source, "name", "")
            self.name = name or (os.path.basename(given) if isinstance(given, str) else "")
        else:
            raise TypeError(
                f"a file is a path, an address, bytes or a binary file, not {type(source).__name__}"
            )
        if not self.size:
            raise ValueError(f"the file {self.name or 'of no bytes'} is empty: nothing can be sent")
        head = self.read(0, min(self.size, 16))
        self.media_type = media_type or _sniffed(head) or mimetypes.guess_type(self.name)[0] or ""
        if not self.media_type:
            raise ValueError(
                f"what kind of file {self.name or 'this'} is cannot be told: give its media_type"
            )

    def __repr__(self) -> str:
        return f"File({self.name or self.url!r}, {self.media_type!r}, {self.size} bytes)"

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of it; fewer at its end."""
        source = self.source
        if isinstance(source, bytes):
            return source[offset : offset + size]
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as opened:
                opened.seek(offset)
                return opened.read(size)
        source.seek(offset)
        return source.read(size)


Given = Union[File, Source]


class Files:
    """The files of a conversation, by the numbers that its transcript has for them."""

    __slots__ = ("_files", "_lock", "_next")

    def __init__(self, session: Session) -> None:
        self._files: dict[int, File] = {}
        self._lock = threading.Lock()
        parts = [entry.part for entry in session.transcript]
        numbers = [
            part.source
            for part in parts
            if isinstance(part, Attachment) and isinstance(part.source, int)
        ]
        self._next = max(numbers, default=-1) + 1

    def add(self, given: Iterable[Given]) -> list[Attachment]:
        """The descriptions of these files for the session."""
        return [self._added(each if isinstance(each, File) else File(each)) for each in given]

    def __bool__(self) -> bool:
        return bool(self._files)

    def read(self, number: int, offset: int, size: int) -> bytes:
        """The bytes that a request needs.

        Raises :class:`MissingAttachment` for a number of a saved conversation that continues
        without its files, and for a file that has become shorter.
        """
        file = self._files.get(number)
        if file is None:
            raise MissingAttachment(
                f"the conversation was resumed without the file of attachment {number}: "
                "session.leave_out_attachments() goes on without it",
                detail=number,
            )
        data = file.read(offset, size)
        if len(data) != size or (offset == 0 and file.read(file.size, 1)):
            raise MissingAttachment(
                f"{file!r} changed its length since it was attached: attach it again", detail=number
            )
        return data

    def _added(self, file: File) -> Attachment:
        name = file.name or None
        if file.url:
            return Attachment(file.media_type, file.url, 0, name, file.tokens)
        with self._lock:
            number = self._next
            self._next += 1
            self._files[number] = file
        return Attachment(file.media_type, number, file.size, name, file.tokens)


def _sniffed(head: bytes) -> str:
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return ""
