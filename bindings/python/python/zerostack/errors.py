"""The exceptions. All of them are a :class:`ZerostackError`, with a ``code`` and a ``detail``."""

from __future__ import annotations

from .enums import Budget, ErrorCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar

    from ._types import Event
    from .approvals import DeferredCalls


class ZerostackError(Exception):
    """Something was refused, or a turn failed.

    ``code`` says what, ``detail`` is a number whose meaning the code gives, and ``events`` are
    those before the error in the chunk that was fed.
    """

    CODE: ClassVar[ErrorCode | None] = None

    def __init__(
        self,
        message: str,
        *,
        detail: int = 0,
        code: ErrorCode | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        super().__init__(message)
        code = code or self.CODE
        if code is None:
            raise TypeError("a ZerostackError needs a code")
        self.code: ErrorCode = code
        self.detail: int = detail
        self.events: tuple[Event, ...] = tuple(events)

    def __reduce__(self) -> tuple[Any, ...]:
        # A class whose arguments have names cannot be called again with `args`.
        return (_again, (type(self), self.args, self.__dict__))


class Full(ZerostackError):
    """The storage has no room for it; ``detail`` is the bytes missing. Nothing was added."""

    CODE = ErrorCode.FULL


class WrongStep(ZerostackError):
    """The call does not fit the step; ``detail`` is the current step. Nothing changed."""

    CODE = ErrorCode.WRONG_STEP


class BadResponse(ZerostackError):
    """The response is not what the dialect promises; ``detail`` is the byte offset in the body."""

    CODE = ErrorCode.BAD_RESPONSE


class Cut(ZerostackError):
    """The response ended before the reply was complete; ``detail`` is the number of received
    bytes."""

    CODE = ErrorCode.CUT


class ProviderStatus(ZerostackError):
    """The provider answered with an error.

    ``status`` is the HTTP status (200 for an error inside a stream), ``provider_code`` its code or
    type of the error, ``provider_message`` its message.
    """

    CODE = ErrorCode.STATUS
    status: int = 0
    provider_code: str = ""
    provider_message: str = ""


class Unreachable(ZerostackError):
    """The provider could not be reached, or broke off before the head."""

    CODE = ErrorCode.UNREACHABLE


class ReplyTruncated(ZerostackError):
    """The reply hit the token limit in the middle of a tool call; ``detail`` is the number of
    complete calls.
    """

    CODE = ErrorCode.TRUNCATED


class Limit(ZerostackError):
    """A limit is used up; ``detail`` is the :class:`Budget`, or, for one of a format, its value."""

    CODE = ErrorCode.LIMIT

    @property
    def budget(self) -> Budget | None:
        """The exhausted budget; ``None`` for a limit of a format."""
        return self.detail if isinstance(self.detail, Budget) else None


class UnknownCall(ZerostackError):
    """No open call has this id; ``detail`` is the id."""

    CODE = ErrorCode.UNKNOWN_CALL


class WindowTooLong(ZerostackError):
    """The request does not fit the model's context; ``detail`` is the number of excess tokens."""

    CODE = ErrorCode.WINDOW_TOO_LONG


class StaleCheckpoint(ZerostackError):
    """The transcript was rewritten since the checkpoint was made. Nothing changed."""

    CODE = ErrorCode.STALE_CHECKPOINT


class BadTranscript(ZerostackError):
    """A saved transcript is damaged; ``detail`` is the offset of the first bad byte."""

    CODE = ErrorCode.BAD_TRANSCRIPT


class BadLine(ZerostackError):
    """A line of a transcript as JSON Lines is refused; ``detail`` is its number, from 1 on."""

    CODE = ErrorCode.BAD_LINE


class BadSchema(ZerostackError):
    """A JSON Schema is wrong, or has a part that the server would ignore or refuse; ``detail`` is
    the byte of that part.
    """

    CODE = ErrorCode.BAD_SCHEMA


class BadOption(ZerostackError):
    """A request option is out of range or malformed, or ``extra`` replaces a member that the
    session writes; ``detail`` is the number of the option, and the message has its name."""

    CODE = ErrorCode.BAD_OPTION


class UnsupportedOption(ZerostackError):
    """The dialect has no field for a request option, or not for this value of it; ``detail`` is the
    number of the option, and the message has its name."""

    CODE = ErrorCode.UNSUPPORTED_OPTION


class BadAttachment(ZerostackError):
    """An attachment cannot be used as described: its media type, name, length or address.
    ``detail`` is its index."""

    CODE = ErrorCode.BAD_ATTACHMENT


class UnsupportedAttachment(ZerostackError):
    """The dialect has no place for an attachment of this kind or media type, or not from this
    source. ``detail`` is its index.
    """

    CODE = ErrorCode.UNSUPPORTED_ATTACHMENT


class MissingAttachment(ZerostackError):
    """The bytes of an attachment are needed and were not given.
    ``detail`` is its number."""

    CODE = ErrorCode.MISSING_ATTACHMENT


class AttachmentLength(ZerostackError):
    """The bytes of an attachment are fewer or more than declared.
    ``detail`` is its number."""

    CODE = ErrorCode.ATTACHMENT_LENGTH


class BadAnswer(ZerostackError):
    """The answer does not fit the response schema, and the model was asked again as often as
    allowed; ``detail`` is where in its JSON, in bytes. The answer is in the transcript.
    """

    CODE = ErrorCode.BAD_ANSWER


class MediaOnly(ZerostackError):
    """The reply holds only images, sound or other media, which are not kept; ``detail`` is their
    length in bytes, as they were sent."""

    CODE = ErrorCode.MEDIA_ONLY


class BadConfig(ZerostackError):
    """The configuration cannot be used; ``detail`` is the index of the bad tool, or 2**32 - 1."""

    CODE = ErrorCode.BAD_CONFIG


class BadJson(ZerostackError):
    """JSON text is not valid; ``detail`` is the offset, in characters."""

    CODE = ErrorCode.BAD_JSON


class TooLong(ZerostackError):
    """A text is longer than its format allows; ``detail`` is the longest length in bytes."""

    CODE = ErrorCode.TOO_LONG


class BadPrompt(ZerostackError):
    """A prompt's front matter is not understood; the message has the place and the reason."""

    CODE = ErrorCode.BAD_PROMPT


class MissingPlaceholder(ZerostackError):
    """A placeholder of a prompt has no value; ``detail`` is its offset in the prompt's text."""

    CODE = ErrorCode.MISSING_PLACEHOLDER


class UnknownPrompt(ZerostackError):
    """No prompt of that name."""

    CODE = ErrorCode.UNKNOWN_PROMPT


class BadArguments(ZerostackError):
    """The arguments of a call do not fit the tool; the message has the place."""

    CODE = ErrorCode.BAD_ARGUMENTS


class BadVocabulary(ZerostackError):
    """A packed vocabulary is refused; the message has the reason."""

    CODE = ErrorCode.BAD_VOCABULARY


class UnknownToken(ZerostackError):
    """A token id is not of this vocabulary; ``detail`` is its index."""

    CODE = ErrorCode.UNKNOWN_TOKEN


class Busy(ZerostackError):
    """The session is in use by another thread."""

    CODE = ErrorCode.BUSY


class Closed(ZerostackError):
    """It was closed."""

    CODE = ErrorCode.CLOSED


class Cancelled(ZerostackError):
    """The turn was ended by ``cancel()``."""

    CODE = ErrorCode.CANCELLED


class BadTape(ZerostackError):
    """A tape cannot be played; ``detail`` is the line."""

    CODE = ErrorCode.BAD_TAPE


class RunFailed(ZerostackError):
    """A run of the command gave no result; ``detail`` is its exit code, ``kind`` its word for it.
    """

    CODE = ErrorCode.RUN_FAILED
    kind: str = ""


class BadCall(ZerostackError):
    """The model made a call that cannot run, and the policy was to fail; or it made too many of
    them.
    """

    CODE = ErrorCode.BAD_CALL


class CallsDeferred(ZerostackError):
    """Calls wait for approval, so there is no value yet: ``calls`` are these. The turn is open;
    the answer of ``agent.resume(...)`` is the JSON text of the value."""

    CODE = ErrorCode.CALLS_DEFERRED

    def __init__(self, calls: DeferredCalls) -> None:
        names = ", ".join(call.name for call in calls.calls)
        super().__init__(f"calls wait for approval ({names}): resume() goes on with the turn")
        self.calls = calls


_BUDGETS = frozenset(int(budget) for budget in Budget)

_BY_CODE: dict[int, type[ZerostackError]] = {
    int(error.CODE): error for error in ZerostackError.__subclasses__() if error.CODE is not None
}


def make(
    number: int,
    detail: int,
    message: str,
    said: tuple[int, str, str],
    events: Sequence[Event],
) -> ZerostackError:
    """The exception for an error of the core. ``said`` is the provider's status, code and
    message."""
    code = ErrorCode(number)
    if code is ErrorCode.LIMIT and detail in _BUDGETS:
        detail = Budget(detail)
    error = _BY_CODE.get(number, ZerostackError)(message, code=code, detail=detail, events=events)
    if isinstance(error, ProviderStatus):
        # For an error inside a stream the detail is 200, the status of the head.
        error.status = detail
        _, error.provider_code, error.provider_message = said
    return error


def _again(
    error: type[ZerostackError], args: tuple[str, ...], fields: dict[str, Any]
) -> ZerostackError:
    made = error.__new__(error, *args)
    made.__dict__.update(fields)
    return made
