"""The unions of the native values, for annotations."""

from typing import Union

from ._core import (
    Attachment,
    Compacting,
    End,
    Instruction,
    Opaque,
    Recovered,
    RefusalDelta,
    Repeating,
    Restart,
    SummaryFailed,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Truncated,
    Usage,
)

Event = Union[
    TextDelta,
    ThinkingDelta,
    RefusalDelta,
    ToolCallDelta,
    ToolCall,
    Usage,
    Truncated,
    Compacting,
    SummaryFailed,
    Repeating,
    Recovered,
    End,
    Restart,
]
"""The events of ``Session.feed``."""

Part = Union[Text, Instruction, Thinking, ToolCall, ToolResult, Attachment, Opaque]
"""The content of an ``Entry`` of the transcript."""

BytesLike = Union[bytes, bytearray, memoryview]
"""What has bytes."""
