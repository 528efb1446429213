"""What is written in Rust."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from os import PathLike
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Optional, Protocol, Union, final, type_check_only

from typing_extensions import Self

from ._types import BytesLike, Event, Part
from .enums import (
    FailedTurn,
    Dropped,
    OutputLimitKey,
    Dialect,
    Role,
    RoomPolicy,
    Step,
    StopReason,
    ToolMode,
)
from .errors import ZerostackError

__all__ = [
    "Attachment",
    "Compacting",
    "Counter",
    "End",
    "Entry",
    "Failure",
    "Fit",
    "Placeholder",
    "HttpResponse",
    "Instruction",
    "Limits",
    "Checkpoint",
    "Opaque",
    "PartialJson",
    "Prices",
    "Prompt",
    "Recovered",
    "RefusalDelta",
    "Repeating",
    "Request",
    "Restart",
    "ScriptedServer",
    "Session",
    "SummaryFailed",
    "Text",
    "TextDelta",
    "Thinking",
    "ThinkingDelta",
    "Tokenizer",
    "ToolCall",
    "ToolCallDelta",
    "ToolResult",
    "ToolSpec",
    "Truncated",
    "Usage",
    "WindowTokens",
    "__version__",
    "another_session",
    "checked_arguments",
    "estimate",
    "known_server",
    "skill_problems",
]

__version__: Final[str]

@type_check_only
class _Tool(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> str: ...
@final
class TextDelta:
    """More of the answer. Whole characters only.
    """
    __match_args__: ClassVar[tuple[Literal["text"]]]
    def __new__(cls, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The text."""

@final
class ThinkingDelta:
    """More of the model's reasoning. Whole characters only.
    """
    __match_args__: ClassVar[tuple[Literal["text"]]]
    def __new__(cls, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The text."""

@final
class RefusalDelta:
    """More of a refusal, if the provider distinguishes it from an answer. Whole characters only.
    """
    __match_args__: ClassVar[tuple[Literal["text"]]]
    def __new__(cls, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The text."""

@final
class ToolCall:
    """A call that the model made.
    """
    __match_args__: ClassVar[tuple[Literal["id"], Literal["name"], Literal["arguments"], Literal["provider_id"]]]
    def __new__(cls, id: int, name: str, arguments: str, provider_id: str) -> Self: ...
    def __getnewargs__(self) -> tuple[int, str, str, str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def id(self) -> int:
        """The call that `Session.tool_result` answers."""
    @property
    def name(self) -> str:
        """The tool's name, as the model wrote it."""
    @property
    def arguments(self) -> str:
        """JSON text as the model wrote it; may be empty or malformed. `parse()` reads it."""
    @property
    def provider_id(self) -> str:
        """The provider's own id of the call; empty if it has none."""
    def parse(self) -> dict[str, Any]:
        """The arguments as Python values. Nothing at all counts as no arguments.

        Raises `BadJson` when the model's JSON is malformed, or is no object.
        """

@final
class ToolCallDelta:
    """More of the arguments of a call, where `call_deltas` asks for it: the name and the provider's id as
    far as they are known. The call that is run is that of `ToolCall`.
    """
    __match_args__: ClassVar[tuple[Literal["id"], Literal["name"], Literal["arguments"], Literal["provider_id"]]]
    def __new__(cls, id: int, name: str, arguments: str, provider_id: str) -> Self: ...
    def __getnewargs__(self) -> tuple[int, str, str, str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def id(self) -> int:
        """The id of the call."""
    @property
    def name(self) -> str:
        """The tool's name."""
    @property
    def arguments(self) -> str:
        """The new piece. Whole characters only."""
    @property
    def provider_id(self) -> str:
        """The provider's own id of the call."""

@final
class Usage:
    """Tokens, as the provider counted them.
    
    Anthropic leaves the cached tokens out of `input_tokens`, the others count them in.
    """
    __match_args__: ClassVar[tuple[Literal["input_tokens"], Literal["output_tokens"], Literal["cache_read_tokens"], Literal["cache_write_tokens"], Literal["reasoning_tokens"]]]
    def __new__(cls, input_tokens: int = 0, output_tokens: int = 0, cache_read_tokens: int = 0, cache_write_tokens: int = 0, reasoning_tokens: int = 0) -> Self: ...
    def __getnewargs__(self) -> tuple[int, int, int, int, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def input_tokens(self) -> int:
        """Tokens of the request."""
    @property
    def output_tokens(self) -> int:
        """Tokens of the reply, reasoning included."""
    @property
    def cache_read_tokens(self) -> int:
        """Tokens of the request that came from the provider's cache."""
    @property
    def cache_write_tokens(self) -> int:
        """Tokens of the request that were put into the provider's cache."""
    @property
    def reasoning_tokens(self) -> int:
        """Tokens of the reply that were reasoning, if the provider reports it."""
    def __add__(self, other: Usage, /) -> Usage:
        """The sum of both."""
    def __radd__(self, other: Usage, /) -> Usage: ...

@final
class Compacting:
    """Room is made: the next request is one of the session's own, for a summary of the oldest
    messages. Only the usage of its reply is shown; it ends with `Truncated` or
    `SummaryFailed`.
    """
    __match_args__: ClassVar[tuple[()]]
    def __new__(cls) -> Self: ...
    def __getnewargs__(self) -> tuple[()]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""

@final
class SummaryFailed:
    """The model wrote no summary: the oldest messages are removed without one.
    """
    __match_args__: ClassVar[tuple[Literal["error"]]]
    def __new__(cls, error: ZerostackError) -> Self: ...
    def __getnewargs__(self) -> tuple[ZerostackError]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def error(self) -> ZerostackError:
        """Why."""

@final
class Repeating:
    """The model makes the same call for the third time in a row, or more often; the previous event
    reported the call.
    """
    __match_args__: ClassVar[tuple[Literal["name"], Literal["count"]]]
    def __new__(cls, name: str, count: int) -> Self: ...
    def __getnewargs__(self) -> tuple[str, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def name(self) -> str:
        """The tool's name, as the model wrote it."""
    @property
    def count(self) -> int:
        """How many times in a row."""

@final
class Recovered:
    """The text of the reply was read as calls, or as JSON that contains the text: the transcript's
    text replaces the text shown before. Comes from `Session.end_response`, which is
    called once more for the end; see `ToolMode`.
    """
    __match_args__: ClassVar[tuple[Literal["calls"]]]
    def __new__(cls, calls: int) -> Self: ...
    def __getnewargs__(self) -> tuple[int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def calls(self) -> int:
        """How many calls; they are pending when the reply has ended."""

@final
class WindowTokens:
    """Tokens of the next request.
    """
    __match_args__: ClassVar[tuple[Literal["measured"], Literal["estimated"]]]
    def __new__(cls, measured: int, estimated: int) -> Self: ...
    def __getnewargs__(self) -> tuple[int, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def measured(self) -> int:
        """Counted by the provider: everything up to its last reply, unless some of it was
        removed."""
    @property
    def estimated(self) -> int:
        """Counted by the session in addition: everything since."""
    @property
    def total(self) -> int:
        """Both together."""

@final
class Truncated:
    """Something is not in the transcript, or not any more. Of a reply, all of it was shown.
    """
    __match_args__: ClassVar[tuple[Literal["what"], Literal["bytes"]]]
    def __new__(cls, what: Dropped, bytes: int) -> Self: ...
    def __getnewargs__(self) -> tuple[Dropped, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def what(self) -> Dropped:
        """What was not kept completely."""
    @property
    def bytes(self) -> int:
        """Bytes that are not in the transcript."""

@final
class End:
    """The reply is complete. The last event of a reply.
    """
    __match_args__: ClassVar[tuple[Literal["reason"]]]
    def __new__(cls, reason: StopReason) -> Self: ...
    def __getnewargs__(self) -> tuple[StopReason]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def reason(self) -> StopReason:
        """Why the model stopped."""

@final
class Restart:
    """The reply was cut off and is requested again: discard everything shown since the request.
    """
    __match_args__: ClassVar[tuple[()]]
    def __new__(cls) -> Self: ...
    def __getnewargs__(self) -> tuple[()]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""

@final
class Text:
    """A part of the transcript: plain text.
    """
    __match_args__: ClassVar[tuple[Literal["text"]]]
    def __new__(cls, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The text."""

@final
class Instruction:
    """A part of the transcript: an instruction of the program in addition to the user's text, by
    `Session.instruct`.
    """
    __match_args__: ClassVar[tuple[Literal["text"]]]
    def __new__(cls, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The text."""

@final
class Thinking:
    """A part of the transcript: the model's reasoning, if the provider returns it.
    """
    __match_args__: ClassVar[tuple[Literal["text"]]]
    def __new__(cls, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The text."""

@final
class ToolResult:
    """A part of the transcript: the answer to a call.
    """
    __match_args__: ClassVar[tuple[Literal["id"], Literal["content"], Literal["is_error"]]]
    def __new__(cls, id: int, content: str, is_error: bool = False) -> Self: ...
    def __getnewargs__(self) -> tuple[int, str, bool]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def id(self) -> int:
        """Which call it answers."""
    @property
    def content(self) -> str:
        """The tool's output for the model."""
    @property
    def is_error(self) -> bool:
        """Whether the call failed."""

@final
class Opaque:
    """A part of the transcript: text that only its provider understands (signatures, encrypted
    reasoning). It is sent back unchanged, and left out for another provider.
    """
    __match_args__: ClassVar[tuple[Literal["dialect"], Literal["subtype"], Literal["text"]]]
    def __new__(cls, dialect: Dialect, subtype: int, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[Dialect, int, str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def dialect(self) -> Dialect:
        """The dialect that made it."""
    @property
    def subtype(self) -> int:
        """Its kind among the opaque data of this provider."""
    @property
    def text(self) -> str:
        """As it came."""

@final
class Attachment:
    """A file attached to a user's text or a tool's result, without its bytes. Given to
    `Session.user` or `Session.tool_result`, and a part of the transcript.
    """
    __match_args__: ClassVar[tuple[Literal["media_type"], Literal["source"], Literal["bytes"], Literal["name"], Literal["tokens"]]]
    def __new__(cls, media_type: str, source: Union[int, str], bytes: int = 0, name: Optional[str] = None, tokens: int = 0) -> Self: ...
    def __getnewargs__(self) -> tuple[str, Union[int, str], int, Optional[str], int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def media_type(self) -> str:
        """Its media type, `image/png`."""
    @property
    def source(self) -> Union[int, str]:
        """The number by which whoever sends the request knows its bytes; or a text: the address
        (`https://`, `http://`, `gs://`) from which the provider fetches them, or the provider's
        id of the file."""
    @property
    def bytes(self) -> int:
        """Its length; 0 where the provider has the bytes."""
    @property
    def name(self) -> Optional[str]:
        """The name of the file; may be empty."""
    @property
    def tokens(self) -> int:
        """Its size in tokens; 0: by the rule of the dialect."""

@final
class Entry:
    """One part of the transcript, and its place.
    """
    __match_args__: ClassVar[tuple[Literal["role"], Literal["part"], Literal["starts_message"], Literal["is_cut"]]]
    def __new__(cls, role: Role, part: Part, starts_message: bool = False, is_cut: bool = False) -> Self: ...
    def __getnewargs__(self) -> tuple[Role, Part, bool, bool]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def role(self) -> Role:
        """Its author."""
    @property
    def part(self) -> Part:
        """The content: `Text`, `Instruction`, `Thinking`, `ToolCall`, `ToolResult`, `Attachment` or
        `Opaque`."""
    @property
    def starts_message(self) -> bool:
        """Whether it begins a message; else it continues the previous one."""
    @property
    def is_cut(self) -> bool:
        """Whether it is kept in part only; of a tool result, that it was left out to make
        room."""

@final
class Failure:
    """Why the last turn failed, or the last attempt of this one.
    """
    __match_args__: ClassVar[tuple[Literal["error"], Literal["code"], Literal["message"], Literal["status"]]]
    def __new__(cls, error: ZerostackError, code: str, message: str, status: int) -> Self: ...
    def __getnewargs__(self) -> tuple[ZerostackError, str, str, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def error(self) -> ZerostackError:
        """The error that the call raised, or would have raised without another attempt."""
    @property
    def code(self) -> str:
        """The provider's code or type of the error, if it sent one."""
    @property
    def message(self) -> str:
        """The provider's message, if it sent one."""
    @property
    def status(self) -> int:
        """The HTTP status, 0 if there was no response."""

@final
class Request:
    """A request to send. It holds no secret: whoever sends it adds the key.
    """
    __match_args__: ClassVar[tuple[Literal["method"], Literal["path"], Literal["headers"], Literal["body"]]]
    def __new__(cls, method: str, path: str, headers: dict[str, str], body: bytes) -> Self: ...
    def __getnewargs__(self) -> tuple[str, str, dict[str, str], bytes]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def method(self) -> str:
        """The HTTP method."""
    @property
    def path(self) -> str:
        """Path under the provider's base URL."""
    @property
    def headers(self) -> dict[str, str]:
        """Header names, in lower case, and values; the key is not among them."""
    @property
    def body(self) -> bytes:
        """The body. It is the same each time until the session changes."""

@final
class ToolSpec:
    """A tool that the model may call.
    """
    __match_args__: ClassVar[tuple[Literal["name"], Literal["description"], Literal["parameters"]]]
    def __new__(cls, name: str, description: str, parameters: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str, str, str]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def name(self) -> str:
        """`[a-zA-Z0-9_-]`, 64 bytes at most."""
    @property
    def description(self) -> str:
        """Its description for the model."""
    @property
    def parameters(self) -> str:
        """JSON Schema of the arguments: the text of one JSON object."""

@final
class Prices:
    """The price of a million tokens, in millionths of a currency: 3 dollars are 3,000,000.
    """
    __match_args__: ClassVar[tuple[Literal["input"], Literal["output"], Literal["cache_read"], Literal["cache_write"]]]
    def __new__(cls, input: int = 0, output: int = 0, cache_read: int = 0, cache_write: int = 0) -> Self: ...
    def __getnewargs__(self) -> tuple[int, int, int, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    def cost_micros(self, usage: Usage) -> int:
        """What `usage` costs, in millionths of the currency, rounded up."""
    @property
    def input(self) -> int:
        """Tokens of requests that no cache knows."""
    @property
    def output(self) -> int:
        """Tokens of replies."""
    @property
    def cache_read(self) -> int:
        """Tokens of requests that came from the provider's cache."""
    @property
    def cache_write(self) -> int:
        """Tokens of requests that were put into it."""

@final
class Fit:
    """How much of a text fits.
    """
    __match_args__: ClassVar[tuple[Literal["text"], Literal["tokens"]]]
    def __new__(cls, text: str, tokens: int) -> Self: ...
    def __getnewargs__(self) -> tuple[str, int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def text(self) -> str:
        """The longest prefix of whole characters that fits."""
    @property
    def tokens(self) -> int:
        """Its tokens."""

@final
class Placeholder:
    """A place of a prompt that is to be filled.
    """
    __match_args__: ClassVar[tuple[Literal["name"], Literal["default"], Literal["offset"]]]
    def __new__(cls, name: str, default: Optional[str], offset: int) -> Self: ...
    def __getnewargs__(self) -> tuple[str, Optional[str], int]: ...
    def to_dict(self) -> dict[str, Any]:
        """The value as a `dict` that `json` knows, with its `type` in lower case."""
    def to_json(self) -> str:
        """The same as JSON text, on one line."""
    @property
    def name(self) -> str:
        """The name of its value."""
    @property
    def default(self) -> Optional[str]:
        """The default value; `None` if a value is required."""
    @property
    def offset(self) -> int:
        """Where it is, in bytes of the prompt's text."""

@final
class Limits:
    """The numbers of a session. Reaching a limit is always reported.

    A number that is not given has a default that suits a program with an operating system.
    """

    def __new__(
        cls,
        *,
        max_output_tokens: Optional[int] = None,
        context_tokens: Optional[int] = None,
        high_water_tokens: Optional[int] = None,
        low_water_tokens: Optional[int] = None,
        max_result_bytes: Optional[int] = None,
        max_response_bytes: Optional[int] = None,
        reply_bytes: Optional[int] = None,
        max_rounds: Optional[int] = None,
        max_turn_tokens: Optional[int] = None,
        max_turn_cost_micros: Optional[int] = None,
        max_turn_ms: Optional[int] = None,
        max_repeats: Optional[int] = None,
        max_calls: Optional[int] = None,
        max_attempts: Optional[int] = None,
        retry_base_ms: Optional[int] = None,
        retry_max_ms: Optional[int] = None,
        seed: Optional[int] = None,
        room: Optional[Union[RoomPolicy, str]] = None,
        prices: Optional[Prices] = None,
        failed_turn: Optional[Union[FailedTurn, str]] = None,
    ) -> Self: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...
    @property
    def max_output_tokens(self) -> int:
        """Tokens of one reply; 0 leaves it to the provider."""
    @property
    def context_tokens(self) -> int:
        """Tokens of the request and the reply together; 0 leaves it to the provider."""
    @property
    def max_result_bytes(self) -> int:
        """Bytes of one tool result; a longer one is cut in the middle, with a note of the cut."""
    @property
    def max_response_bytes(self) -> int:
        """Bytes of one response body, stored or not; a server that never ends is refused
        here."""
    @property
    def reply_bytes(self) -> int:
        """Bytes of the storage that must be free before a request is sent."""
    @property
    def max_rounds(self) -> int:
        """Requests of one turn."""
    @property
    def max_attempts(self) -> int:
        """Times that one request is sent, the first included."""
    @property
    def retry_base_ms(self) -> int:
        """The wait before the first retry; it doubles with each further one."""
    @property
    def retry_max_ms(self) -> int:
        """The longest wait, even if the provider asks for a longer one."""
    @property
    def seed(self) -> int:
        """The seed of the jitter of the waits."""
    @property
    def high_water_tokens(self) -> int:
        """Tokens of the request above which room is made; 0 is four fifths of the part of
        `context_tokens` that the reply leaves."""
    @property
    def low_water_tokens(self) -> int:
        """Tokens of the request down to which room is made; 0 is two thirds of the high mark."""
    @property
    def max_turn_tokens(self) -> int:
        """Tokens of all requests and replies of one turn; 0 is no limit. As with the next three,
        no further request is sent when more is used up."""
    @property
    def max_turn_cost_micros(self) -> int:
        """The cost limit of one turn by `prices`, in millionths of their currency; 0 is no
        limit."""
    @property
    def max_turn_ms(self) -> int:
        """The time limit of one turn in milliseconds, see `Session.set_turn_elapsed_ms`; 0 is no
        limit."""
    @property
    def max_repeats(self) -> int:
        """How many times the model may make the same call in a row; 0 is no limit."""
    @property
    def max_calls(self) -> int:
        """Calls of one reply; a reply with more fails the turn."""
    @property
    def room(self) -> RoomPolicy:
        """How room is made."""
    @property
    def prices(self) -> Prices:
        """The prices of tokens."""
    @property
    def failed_turn(self) -> FailedTurn:
        """What happens to a turn that fails."""

@final
class ScriptedServer:
    """A provider that plays a script on a port of 127.0.0.1. `zerostack.testing` makes it easy to use."""
    def __new__(cls, script: str) -> Self: ...
    def address(self) -> Optional[str]:
        """Host and port; nothing when it is closed."""
    def requests(self) -> list[tuple[str, str, list[tuple[str, str]], bytes]]:
        """All requests so far, without their keys."""
    def replies_left(self) -> int:
        """How many replies of the script were not played."""
    def close(self) -> None:
        """Ends it, and closes its connections."""

def another_session(
    session: Session,
    snapshot: Optional[bytes] = None,
    *,
    capacity_bytes: Optional[int] = None,
) -> Session:
    """A conversation with the configuration of `session`, which both share: empty, or from a
    snapshot."""

@final
class Session:
    """One conversation with a model: the state machine that a runtime drives.

    Ask `step` what to do, do it, ask again. A call that does not fit the step raises `WrongStep`
    and changes nothing. The session does no I/O, and any HTTP client will do:

    | step | what the caller does |
    |---|---|
    | `IDLE` | `user()`, or stop |
    | `SEND` | send `request()`, then `begin_response()` |
    | `RECEIVE` | `feed()` the body, then `end_response()` |
    | `RUN_TOOLS` | answer each of `pending_calls()` by `tool_result()` |
    | `WAIT` | sleep for `wait_ms`, then `retry()` |
    | `MAKE_ROOM` | `make_room()`; or `compact()`, `drop_oldest()` |

    A session may go from thread to thread, but two threads that use it at once are told so by
    `Busy`. `dialect` is a `Dialect` or its name, `model` the model's name, `system` the system
    prompt, `tools` are functions or `ToolSpec`s, `limits` bounds a turn and what is sent.
    `tool_mode` is how the model calls tools, `output_limit_key` the name under which OpenAI chat is
    told the limit of a reply; `profile` is what the server refuses or demands beyond its dialect: a
    mapping of fields, or a text such as `"mistral,stream=false"`; `call_deltas=True` shows the arguments of
    calls while they come in (`ToolCallDelta`); `counting` is what counts tokens until the provider has:
    `"estimate"`, `"o200k"`, `"cl100k"` or `"rough"` (four bytes a token); `capacity_bytes` is the
    most that the transcript may take.

    `temperature` to `extra` are the options of requests: numbers, strings, a list of strings for
    `stop`, `True` or `False` for `parallel_tool_calls`, JSON as a string or a mapping
    for `response_schema` and `extra`. `UnsupportedOption` names one that the dialect has no field
    for, `BadOption` one that is out of range.
    """

    def __new__(
        cls,
        dialect: Union[Dialect, str],
        model: str,
        *,
        system: Optional[str] = None,
        tools: Optional[Iterable[Union[_Tool, Callable[..., Any]]]] = None,
        limits: Optional[Limits] = None,
        tool_mode: Optional[Union[ToolMode, str]] = None,
        output_limit_key: Optional[Union[OutputLimitKey, str]] = None,
        profile: Optional[Union[str, Mapping[str, Union[bool, str]]]] = None,
        call_deltas: Optional[bool] = None,
        counting: Optional[str] = None,
        temperature: Optional[Union[float, Decimal]] = None,
        top_p: Optional[Union[float, Decimal]] = None,
        top_k: Optional[int] = None,
        frequency_penalty: Optional[Union[float, Decimal]] = None,
        presence_penalty: Optional[Union[float, Decimal]] = None,
        seed: Optional[int] = None,
        stop: Optional[Union[str, Iterable[str]]] = None,
        reasoning_effort: Optional[str] = None,
        tool_choice: Optional[str] = None,
        parallel_tool_calls: Optional[bool] = None,
        service_tier: Optional[str] = None,
        user: Optional[str] = None,
        cache_ttl: Optional[str] = None,
        response_schema: Optional[Union[str, Mapping[str, Any]]] = None,
        extra: Optional[Union[str, Mapping[str, Any]]] = None,
        capacity_bytes: Optional[int] = None,
    ) -> Self: ...
    @staticmethod
    def resume(
        snapshot: BytesLike,
        dialect: Union[Dialect, str],
        model: str,
        *,
        system: Optional[str] = None,
        tools: Optional[Iterable[Union[_Tool, Callable[..., Any]]]] = None,
        limits: Optional[Limits] = None,
        tool_mode: Optional[Union[ToolMode, str]] = None,
        output_limit_key: Optional[Union[OutputLimitKey, str]] = None,
        profile: Optional[Union[str, Mapping[str, Union[bool, str]]]] = None,
        call_deltas: Optional[bool] = None,
        counting: Optional[str] = None,
        temperature: Optional[Union[float, Decimal]] = None,
        top_p: Optional[Union[float, Decimal]] = None,
        top_k: Optional[int] = None,
        frequency_penalty: Optional[Union[float, Decimal]] = None,
        presence_penalty: Optional[Union[float, Decimal]] = None,
        seed: Optional[int] = None,
        stop: Optional[Union[str, Iterable[str]]] = None,
        reasoning_effort: Optional[str] = None,
        tool_choice: Optional[str] = None,
        parallel_tool_calls: Optional[bool] = None,
        service_tier: Optional[str] = None,
        user: Optional[str] = None,
        cache_ttl: Optional[str] = None,
        response_schema: Optional[Union[str, Mapping[str, Any]]] = None,
        extra: Optional[Union[str, Mapping[str, Any]]] = None,
        capacity_bytes: Optional[int] = None,
    ) -> Session:
        """Continues a conversation from the bytes of `snapshot()`. They are checked, not trusted:
        `BadTranscript` has the place of a fault. The step is the one of the saved session.
        The other arguments are those of `Session`."""
    @staticmethod
    def from_json_lines(
        lines: Union[str, BytesLike],
        dialect: Union[Dialect, str],
        model: str,
        *,
        system: Optional[str] = None,
        tools: Optional[Iterable[Union[_Tool, Callable[..., Any]]]] = None,
        limits: Optional[Limits] = None,
        tool_mode: Optional[Union[ToolMode, str]] = None,
        output_limit_key: Optional[Union[OutputLimitKey, str]] = None,
        profile: Optional[Union[str, Mapping[str, Union[bool, str]]]] = None,
        call_deltas: Optional[bool] = None,
        counting: Optional[str] = None,
        temperature: Optional[Union[float, Decimal]] = None,
        top_p: Optional[Union[float, Decimal]] = None,
        top_k: Optional[int] = None,
        frequency_penalty: Optional[Union[float, Decimal]] = None,
        presence_penalty: Optional[Union[float, Decimal]] = None,
        seed: Optional[int] = None,
        stop: Optional[Union[str, Iterable[str]]] = None,
        reasoning_effort: Optional[str] = None,
        tool_choice: Optional[str] = None,
        parallel_tool_calls: Optional[bool] = None,
        service_tier: Optional[str] = None,
        user: Optional[str] = None,
        cache_ttl: Optional[str] = None,
        response_schema: Optional[Union[str, Mapping[str, Any]]] = None,
        extra: Optional[Union[str, Mapping[str, Any]]] = None,
        capacity_bytes: Optional[int] = None,
    ) -> Session:
        """Continues a conversation from the JSON Lines of `json_lines()`, or written by hand: text,
        or bytes in UTF-8. `BadLine` names the wrong line and the reason."""
    @property
    def step(self) -> Step:
        """What to do now. Cheap, and the same until it is done."""
    @property
    def options(self) -> dict[str, Any]:
        """The options of requests that are set: a new `dict` of the keyword
        arguments."""
    @property
    def wait_ms(self) -> int:
        """How long to wait in the step `WAIT`, in milliseconds; else 0."""
    @property
    def missing_bytes(self) -> int:
        """Bytes of the transcript's storage that are missing in the step `MAKE_ROOM`; else 0."""
    @property
    def transcript(self) -> list[Entry]:
        """All parts, oldest first; in the step `RECEIVE` what came of the reply too."""
    @property
    def answer(self) -> str:
        """The model's last answer: the text of the reply at the end of the conversation."""
    @property
    def answer_json(self) -> str:
        """Its JSON, without white space and a fence around it, for
        `response_schema`."""
    @property
    def usage(self) -> Usage:
        """Tokens of the turn, as the provider counted them, all its rounds together."""
    @property
    def window_tokens(self) -> WindowTokens:
        """Tokens of the next request: the provider's count, and the session's count of the
        rest."""
    @property
    def is_compacting(self) -> bool:
        """Whether the current request is the session's own: it asks for a summary, and its reply is
        not shown."""
    @property
    def raw_stop_reason(self) -> str:
        """The provider's own stop reason; empty until it sends one."""
    @property
    def is_reply_complete(self) -> bool:
        """Whether the reply is complete, so that the rest of the body need not be read."""
    @property
    def failure(self) -> Optional[Failure]:
        """Why the last turn failed, or the last attempt of this one; `None` after a good reply."""
    @property
    def dialect(self) -> Dialect:
        """The dialect that is spoken."""
    @property
    def model(self) -> str:
        """The model, as the provider names it."""
    @property
    def system(self) -> str:
        """What the model receives first."""
    @property
    def tools(self) -> list[ToolSpec]:
        """The tools that the model may call."""
    @property
    def tool_mode(self) -> ToolMode:
        """How the tools are described to the model, and how it calls them."""
    @property
    def output_limit_key(self) -> OutputLimitKey:
        """The key under which OpenAI chat receives `max_output_tokens`."""
    @property
    def profile(self) -> dict[str, Union[bool, str]]:
        """The profile of the next request: a new `dict` of the fields that are
        set."""
    @property
    def switched_off(self) -> Optional[str]:
        """The field of the profile that the server has refused in the last attempt, after `Restart`, or
        `None`: later requests omit it."""
    @property
    def limits(self) -> Limits:
        """The numbers."""
    def pending_calls(self) -> list[ToolCall]:
        """All tool calls without an answer, in the order of the model."""
    def snapshot(self) -> bytes:
        """The conversation as plain versioned bytes, for `resume()`. It does not include the reply
        being received."""
    def json_lines(self) -> str:
        """The conversation as JSON Lines, one part a line, for people, `grep` and scripts.
        `from_json_lines()` reads them again."""
    def user(self, text: str, attachments: Optional[Iterable[Attachment]] = None) -> None:
        """Adds the user's text and starts a turn. `IDLE` to `SEND`. With `Full` nothing was
        added.

        `attachments` are `Attachment`s; `BadAttachment` and `UnsupportedAttachment` name the first
        that cannot be sent."""
    def set_response_schema(self, schema: Union[str, Mapping[str, Any], None]) -> None:
        """Sets the form of the answers from the next turn on: JSON Schema as the keyword
        `response_schema` takes it, or `None` for plain text. `WrongStep` while a turn is open."""
    def set_tools(self, tools: Iterable[Any]) -> None:
        """The tools that the model may call from the next turn on, as the keyword `tools` takes them.
        `WrongStep` while a turn is open."""
    def instruct(self, text: str) -> None:
        """Adds an instruction for the model besides the user's text: another mode, other skills,
        another prompt. Earlier messages stay unchanged, so the provider's cache keeps hitting. It
        starts no turn. With `Full` nothing was added."""
    def request(self, read: Optional[Callable[[int, int, int], bytes]] = None) -> Request:
        """The request of this step; another call returns the same bytes.

        `read` supplies the bytes of attachments: it is called with number, offset and size, and
        returns exactly that many bytes. `MissingAttachment` if one is needed and there is no
        `read`."""
    def body_with_hashes(self, hashes: Mapping[int, str]) -> tuple[int, bytes]:
        """The length of the request's body, and the body as a tape has it: `sha1:` and a hash, which
        `hashes` has for each attachment's number, in place of the bytes of a file. It reads no file."""
    def leave_out_attachments(self) -> int:
        """Replaces each attachment whose bytes `request` would need by a line that describes it:
        for a conversation that continues without them. Returns how many there are."""
    def begin_response(self, status: int, retry_after_ms: Optional[int] = None) -> None:
        """The head of the response arrived, with any status. `SEND` to `RECEIVE`: the body of a
        refusal decides about another attempt. `retry_after_ms` is the wait that the server asks
        for, if any."""
    def feed(self, chunk: BytesLike) -> list[Event]:
        """Takes all bytes of a chunk of the body, split anywhere, even inside a character, and
        returns their events. Bytes after the end of the reply are used and ignored.

        The last event is `Restart` if the reply was interrupted: it is removed, the step is no
        longer `RECEIVE`, and it will be requested again.

        If the reply cannot be used, `BadResponse`, `Full`, `TooLong` or `Limit` is raised, and its
        `events` are those before the fault. Then the turn failed, or `step` is `MAKE_ROOM` if room
        can be made.
        """
    def end_response(self) -> Optional[Event]:
        """The body ended, or the connection broke, or the caller stops reading after
        `is_reply_complete`. Here the reply is judged: `RECEIVE` leads to `RUN_TOOLS` or `IDLE`
        with `End`, or with `Restart` to `WAIT`, or to `MAKE_ROOM` when the provider refused the
        request as too long. In the step `SEND` it says that no response came at all.

        After `Recovered` the step is still `RECEIVE`, and the next call gives the end.

        Raises why the turn failed: `ProviderStatus`, `Cut`, `BadResponse`, `ReplyTruncated`,
        `Unreachable`.
        """
    def tool_result(
        self,
        id: int,
        content: str,
        is_error: bool = False,
        attachments: Optional[Iterable[Attachment]] = None,
    ) -> int:
        """Answers one call, in any order; returns the number of bytes left out of the middle
        because of `max_result_bytes`. After the last one the step is `SEND`.

        Raises `UnknownCall` for an id that is not pending, `Limit` when the turn has no round left.
        """
    def retry(self) -> None:
        """The wait is over. `WAIT` to `SEND`."""
    def abort(self) -> None:
        """Ends the turn now, in any step. The current reply is removed, and open calls get the
        result "aborted"."""
    def set_turn_elapsed_ms(self, turn_ms: int) -> None:
        """Sets how long the turn has taken so far, by the caller's clock. Raises `Limit` if that
        reaches `max_turn_ms`: the turn was ended, as by `abort()`."""
    def checkpoint(self) -> Checkpoint:
        """Marks the current end of the conversation, without the reply being received."""
    def rollback(self, checkpoint: Checkpoint) -> None:
        """Removes everything added since `checkpoint` was made, in any step; an open turn ends.
        Raises `StaleCheckpoint` when room was made since, or its place no longer exists."""
    def fork(
        self,
        *,
        dialect: Optional[Union[Dialect, str]] = None,
        model: Optional[str] = None,
        system: Optional[str] = None,
        tools: Optional[Iterable[Union[_Tool, Callable[..., Any]]]] = None,
        limits: Optional[Limits] = None,
        tool_mode: Optional[Union[ToolMode, str]] = None,
        output_limit_key: Optional[Union[OutputLimitKey, str]] = None,
        profile: Optional[Union[str, Mapping[str, Union[bool, str]]]] = None,
        call_deltas: Optional[bool] = None,
        counting: Optional[str] = None,
        temperature: Optional[Union[float, Decimal]] = None,
        top_p: Optional[Union[float, Decimal]] = None,
        top_k: Optional[int] = None,
        frequency_penalty: Optional[Union[float, Decimal]] = None,
        presence_penalty: Optional[Union[float, Decimal]] = None,
        seed: Optional[int] = None,
        stop: Optional[Union[str, Iterable[str]]] = None,
        reasoning_effort: Optional[str] = None,
        tool_choice: Optional[str] = None,
        parallel_tool_calls: Optional[bool] = None,
        service_tier: Optional[str] = None,
        user: Optional[str] = None,
        cache_ttl: Optional[str] = None,
        response_schema: Optional[Union[str, Mapping[str, Any]]] = None,
        extra: Optional[Union[str, Mapping[str, Any]]] = None,
        capacity_bytes: Optional[int] = None,
    ) -> Session:
        """The same conversation in a session of its own, to go on with it apart, as a subagent
        does. What is not given is as here; another model, dialect and other tools are fine. Open
        calls are open there too."""
    def make_room(self) -> Optional[Event]:
        """Makes room by the policy `Limits.room`, down to the low mark, and returns the result:
        `Truncated`, or `Compacting` if the model is asked for a summary first. Afterwards ask for
        the step again. Raises `Full` or `WindowTooLong` if nothing more can be removed: the turn
        failed."""
    def compact(self, summary: str, keep_turns: int) -> None:
        """Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
        `keep_turns` stay, and always the running one."""
    def drop_oldest(self) -> int:
        """Takes out the oldest exchange: the oldest turn, or the oldest round of the running turn.
        Gives the bytes that this freed."""
    def close(self) -> None:
        """Frees the conversation. Any other call then raises `Closed`."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        *_exception: Union[type[BaseException], BaseException, TracebackType, None],
    ) -> None: ...

@final
class PartialJson:
    """One JSON document that arrives in pieces, as values that grow: for arguments and answers that
    are shown while they stream.

    `feed()` takes the next piece of text, split anywhere. `value` is the value so far: objects and
    arrays with the members that have begun, strings received so far; a number or a word appears
    when it is complete. It is the same object each time, and grows.
    """

    def __new__(cls) -> Self: ...
    def feed(self, text: str) -> bool:
        """Reads more. Returns whether `value` is another one now. `BadJson` for what is no JSON,
        `TooLong` and `TooDeep` for a path of more than 192 bytes and more than 64 levels. After an
        error every call raises it again, and `value` stays."""
    @property
    def value(self) -> Any:
        """The value so far; `None` before the document begins, and for `null`."""
    @property
    def is_done(self) -> bool:
        """Whether the document is complete."""

@final
class HttpResponse:
    """One HTTP/1.1 response that arrives in pieces.

    `feed()` takes what was received, split anywhere, and `end()` the end of the connection. `status`
    is 0 until the head is complete.
    """

    def __new__(cls) -> Self: ...
    def feed(self, received: bytes) -> bytes:
        """The bytes of the body that are in `received`. Raises `ZerostackError` with the code
        `BAD_HTTP`, `HTTP_TOO_LONG` or `HTTP_ENCODING` for a response that cannot be read, here and in
        every later call."""
    def end(self) -> None:
        """The connection ended. Raises the code `HTTP_CUT` if the response is not complete."""
    @property
    def status(self) -> int:
        """The status code; 0 until the head is complete."""
    @property
    def head(self) -> bytes:
        """The bytes of the head, and of the interim ones before it; nothing when the status means
        success."""
    @property
    def is_done(self) -> bool:
        """Whether the whole response was read."""
    @property
    def keeps_open(self) -> bool:
        """Whether the connection can carry another request; known when the response is done."""

@final
class Checkpoint:
    """A place in a conversation to return to, by `Session.rollback`. Checkpoints are a stack: a
    rollback makes later ones invalid."""

@final
class Tokenizer:
    """Counts, makes and reads tokens, exactly as the vocabulary's own tokenizer.

    `vocabulary` is `"o200k"` or `"cl100k"`, with or without `_base`; `open()` reads a packed file.

    Text may be `str` or bytes. Bytes that are not UTF-8 count as the text that
    `bytes.decode("utf-8", "replace")` makes of them.
    """

    def __new__(cls, vocabulary: str = "o200k") -> Self: ...
    @staticmethod
    def open(path: Union[str, PathLike[str]]) -> Tokenizer:
        """Reads the packed vocabulary in the file `path`, and checks every byte of it."""
    @property
    def name(self) -> str:
        """The vocabulary's name."""
    @property
    def specials(self) -> dict[str, int]:
        """The special tokens that can stand in a text, and their ids."""
    def __len__(self) -> int:
        """Number of tokens without the special ones."""
    def count(self, text: Union[str, BytesLike]) -> int:
        """Tokens of `text`. Text that looks like a special token counts as ordinary text."""
    def encode(
        self, text: Union[str, BytesLike], *, specials: Optional[list[str]] = None
    ) -> list[int]:
        """The ids of `text`. Only the special tokens in `specials` (texts such as
        `<|endoftext|>`) are encoded as themselves, so that untrusted text cannot add others."""
    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`. Bytes that are not complete characters become U+FFFD; `decode_bytes()`
        returns them unchanged."""
    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of `ids`. They need not be UTF-8: a token may be part of a character."""
    def count_until(self, text: Union[str, BytesLike], limit: int) -> Fit:
        """The longest prefix of `text` that has at most `limit` tokens, cut at a character."""
    def counter(self) -> Counter:
        """A count of a text that arrives in parts."""

@final
class Counter:
    """Counts the tokens of a text while it arrives, in any chunking, even inside a character.
    `Tokenizer.counter()` makes it."""

    @property
    def count(self) -> int:
        """Tokens of all the text so far. A character that is not complete yet counts as the U+FFFD
        it would become if the text ended here."""
    def push(self, text: Union[str, BytesLike]) -> int:
        """Appends `text` (`str` or bytes, split anywhere) and returns the count so far."""
    def clear(self) -> None:
        """Starts again with an empty text."""

def checked_arguments(parameters: str, arguments: str, *, repair: bool = True) -> str:
    """The arguments of a call, checked against the JSON Schema `parameters`. With `repair`, obvious
    mistakes are repaired: a string that is exactly one JSON value of the expected type, and a
    single value where an array is expected.

    Raises `BadArguments` with the sentence for the model."""

def estimate(text: Union[str, BytesLike]) -> tuple[int, int]:
    """How many tokens a text probably has, without a vocabulary: the best guess, and the upper
    bound of every byte-level vocabulary."""

@final
class Prompt:
    """A named text with placeholders: Markdown with front matter. Commands and agents in the form of
    Claude Code, prompt templates of pi and Agent Skills (`SKILL.md`) are read as they are.

    `name` is what it is called by, the stem of its file. `BadPrompt` gives line, column and reason.
    """

    def __new__(cls, name: str, text: str) -> Self: ...
    def __getnewargs__(self) -> tuple[str, str]: ...
    @staticmethod
    def built_in(name: str) -> Prompt:
        """The built-in prompt of that name, such as `"code"` or `"review"`."""
    @staticmethod
    def built_in_names() -> list[str]:
        """The names of the built-in prompts."""
    @property
    def name(self) -> str:
        """The name of the prompt."""
    @property
    def text(self) -> str:
        """The whole file."""
    @property
    def body(self) -> str:
        """The text after the front matter, placeholders not filled."""
    @property
    def declared_name(self) -> Optional[str]:
        """The name in the prompt's front matter."""
    @property
    def description(self) -> Optional[str]:
        """What the prompt is for, and when to use it."""
    @property
    def output(self) -> Optional[str]:
        """The kind of its result: `text`, `patch`, `findings` or `json`; `None` if it is not
        set."""
    @property
    def schema(self) -> Optional[str]:
        """The JSON Schema of its result, as JSON text."""
    @property
    def tools(self) -> Optional[list[str]]:
        """The tools it may use, as written; `None` means all but `excluded_tools`."""
    @property
    def excluded_tools(self) -> list[str]:
        """The tools that it may not use, as written."""
    @property
    def mode(self) -> Optional[str]:
        """The mode that it asks for."""
    @property
    def model(self) -> Optional[str]:
        """The model that it asks for; `inherit` counts as none."""
    @property
    def argument_names(self) -> Optional[list[str]]:
        """The names of its arguments, in their order."""
    @property
    def argument_hint(self) -> Optional[str]:
        """The description of its arguments for a person."""
    @property
    def includes(self) -> list[str]:
        """The prompts that precede this one."""
    @property
    def check(self) -> list[str]:
        """The commands that must pass before its result counts."""
    @property
    def is_model_invocable(self) -> bool:
        """Whether it is offered to the model, which may ask for it."""
    @property
    def placeholders(self) -> list[Placeholder]:
        """The placeholders of the body, in order; a name can occur more than once."""
    def render(self, arguments: Optional[str] = None, /, **values: str) -> str:
        """The body with its placeholders filled. `arguments` is what a person writes after the prompt's
        name, for `$ARGUMENTS`, `$1` and the like; `values` are for placeholders with a name.

        Raises `MissingPlaceholder`, which names the placeholder that has neither value nor default.
        """

def known_server(host: str, local_port: Optional[int] = None) -> Optional[str]:
    """The name of the known server at `host`, in lower case and without its port, or `None`.
    `local_port` is the port where the host is this machine."""

def skill_problems(prompt: Prompt, folder: str) -> list[str]:
    """All faults of a prompt as an Agent Skill in the folder of that name, in
    sentences."""
