"""An agent core: one state machine, bytes in, bytes out, driven from Python.

:class:`Session` is the machine, and does no I/O. :class:`Agent` and :class:`AsyncAgent` give it
``httpx`` and run the tools. :class:`Tokenizer`, :class:`Prompt`, :class:`Skill` and :func:`decode`
are the other parts of the core; :func:`run` starts the ``zerostack`` command.
"""

from __future__ import annotations

from ._core import (
    Attachment,
    Compacting,
    Counter,
    End,
    Entry,
    Failure,
    Fit,
    Placeholder,
    Instruction,
    Limits,
    Checkpoint,
    Opaque,
    PartialJson,
    Prices,
    Prompt,
    Recovered,
    RefusalDelta,
    Repeating,
    Request,
    Restart,
    Session,
    SummaryFailed,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    Tokenizer,
    ToolCall,
    ToolResult,
    ToolSpec,
    Truncated,
    Usage,
    WindowTokens,
    __version__,
    estimate,
)
from .enums import (
    Budget,
    ErrorCode,
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
from .errors import (
    AttachmentLength,
    BadAnswer,
    BadArguments,
    BadAttachment,
    BadConfig,
    BadJson,
    BadLine,
    BadOption,
    BadPrompt,
    BadResponse,
    BadTape,
    BadTranscript,
    BadVocabulary,
    Busy,
    Cancelled,
    Closed,
    Cut,
    Full,
    Limit,
    MissingAttachment,
    MissingPlaceholder,
    ProviderStatus,
    ReplyTruncated,
    RunFailed,
    StaleCheckpoint,
    TooLong,
    UnknownCall,
    UnknownPrompt,
    UnknownToken,
    UnsupportedAttachment,
    UnsupportedOption,
    Unreachable,
    WindowTooLong,
    WrongStep,
    ZerostackError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._output import PartialOutput
    from ._settings import Answer
    from ._turn import AgentEvent, Retry, ToolAnswered
    from ._types import Event, Part
    from .agent import Agent, Turn
    from .aio import AsyncAgent, AsyncTurn
    from .command import LeftOut, RunResult, run
    from .decoding import Decoded, decode
    from .files import File
    from .skills import Skill
    from .tape import replay
    from .tools import Tool, ToolError, ToolOutput, tool

__all__ = [
    "Agent",
    "AgentEvent",
    "Answer",
    "AsyncAgent",
    "AsyncTurn",
    "Attachment",
    "AttachmentLength",
    "BadAnswer",
    "BadArguments",
    "BadAttachment",
    "BadConfig",
    "BadJson",
    "BadLine",
    "BadOption",
    "BadPrompt",
    "BadResponse",
    "BadTape",
    "BadTranscript",
    "BadVocabulary",
    "Budget",
    "Busy",
    "Cancelled",
    "Closed",
    "Compacting",
    "Counter",
    "Cut",
    "Decoded",
    "End",
    "Entry",
    "ErrorCode",
    "Event",
    "FailedTurn",
    "Failure",
    "File",
    "Fit",
    "Full",
    "Placeholder",
    "Instruction",
    "Dropped",
    "LeftOut",
    "Limit",
    "Limits",
    "Checkpoint",
    "MissingAttachment",
    "MissingPlaceholder",
    "Opaque",
    "OutputLimitKey",
    "Part",
    "PartialJson",
    "PartialOutput",
    "Prices",
    "Prompt",
    "Dialect",
    "ProviderStatus",
    "Recovered",
    "RefusalDelta",
    "Repeating",
    "ReplyTruncated",
    "Request",
    "Restart",
    "Retry",
    "Role",
    "RoomPolicy",
    "RunFailed",
    "RunResult",
    "Session",
    "Skill",
    "StaleCheckpoint",
    "Step",
    "StopReason",
    "SummaryFailed",
    "Text",
    "TextDelta",
    "Thinking",
    "ThinkingDelta",
    "Tokenizer",
    "TooLong",
    "Tool",
    "ToolAnswered",
    "ToolCall",
    "ToolError",
    "ToolMode",
    "ToolOutput",
    "ToolResult",
    "ToolSpec",
    "Truncated",
    "Turn",
    "UnknownCall",
    "UnknownPrompt",
    "UnknownToken",
    "UnsupportedAttachment",
    "UnsupportedOption",
    "Unreachable",
    "Usage",
    "WindowTokens",
    "WindowTooLong",
    "WrongStep",
    "ZerostackError",
    "__version__",
    "decode",
    "estimate",
    "replay",
    "run",
    "tool",
]

# What is imported when it is first asked for, and from where: `import zerostack` stays quick.
_LATER = {
    "Agent": "agent",
    "AgentEvent": "_turn",
    "Answer": "_settings",
    "AsyncAgent": "aio",
    "AsyncTurn": "aio",
    "Decoded": "decoding",
    "Event": "_types",
    "File": "files",
    "LeftOut": "command",
    "Part": "_types",
    "PartialOutput": "_output",
    "Retry": "_turn",
    "RunResult": "command",
    "Skill": "skills",
    "Tool": "tools",
    "ToolAnswered": "_turn",
    "ToolError": "tools",
    "ToolOutput": "tools",
    "Turn": "agent",
    "decode": "decoding",
    "replay": "tape",
    "run": "command",
    "tool": "tools",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        from importlib import import_module

        value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
