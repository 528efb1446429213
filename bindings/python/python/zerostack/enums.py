"""The enums. Those that are strings equal their value, so ``"anthropic"`` is as good as a
member."""

from enum import Enum, IntEnum


class Step(IntEnum):
    """What to do now; see :class:`zerostack.Session`."""

    IDLE = 0
    """Nothing is open: add a message with ``user()``, or stop."""
    SEND = 1
    """Send ``request()``, then call ``begin_response()``."""
    RECEIVE = 2
    """Give the body to ``feed()``, then call ``end_response()``."""
    RUN_TOOLS = 3
    """Answer each of ``pending_calls()`` by ``tool_result()``."""
    WAIT = 4
    """Wait for ``wait_ms``, then call ``retry()``."""
    MAKE_ROOM = 5
    """Call ``compact()`` or ``drop_oldest()``."""


class Dialect(str, Enum):
    """A wire format that providers speak."""

    OPENAI_CHAT = "openai-chat"
    """OpenAI chat completions, and the many servers compatible with it."""
    ANTHROPIC = "anthropic"
    """Anthropic messages."""
    OPENAI_RESPONSES = "openai-responses"
    """OpenAI responses, and the servers compatible with it."""
    GEMINI = "gemini"
    """Google Gemini; also spoken by Vertex AI and others."""
    OLLAMA = "ollama"
    """Ollama's own chat."""


class StopReason(str, Enum):
    """Why the model stopped."""

    END_TURN = "end_turn"
    """It finished its answer."""
    TOOL_USE = "tool_use"
    """It waits for the results of its calls."""
    MAX_TOKENS = "max_tokens"
    """The token limit of the reply was reached."""
    STOP_SEQUENCE = "stop_sequence"
    """It wrote one of the stop sequences."""
    REFUSAL = "refusal"
    """It refused."""
    CONTENT_FILTER = "content_filter"
    """The provider's filter stopped it."""
    PAUSE = "pause"
    """A long turn was paused; sending the conversation again continues it."""
    OTHER = "other"
    """A word that this version does not know; ``Session.raw_stop_reason`` has it."""


class Role(str, Enum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Dropped(str, Enum):
    """What was dropped."""

    REPLY = "reply"
    """Parts of a reply: text or reasoning that did not fit the storage; images, sound and other media,
    which are never kept."""
    TOOL_RESULT = "tool_result"
    """A tool result above ``max_result_bytes``."""
    OLD_RESULTS = "old_results"
    """Old tool results, each replaced by a line that describes it."""
    OLD_EXCHANGES = "old_exchanges"
    """The oldest exchanges, without a replacement."""
    SUMMARISED = "summarised"
    """The oldest exchanges, replaced by a summary."""


class FailedTurn(str, Enum):
    """What happens to a turn that fails."""

    TAKE_OUT = "take_out"
    """All of it is removed, including the user's text, as if it had never begun."""
    KEEP = "keep"
    """The rounds that were complete stay."""


class RoomPolicy(str, Enum):
    """How room is made when the window passes its high mark, or the storage lacks room."""

    ASK = "ask"
    """The caller makes it, by ``compact()`` or ``drop_oldest()``."""
    ELIDE_RESULTS = "elide"
    """Old tool results are replaced by a line; when that is not enough, as ``DROP_OLDEST``."""
    DROP_OLDEST = "drop"
    """The oldest exchanges go."""
    SUMMARISE = "summarise"
    """The model is asked for a summary of the oldest messages; if it writes none, as
    ``DROP_OLDEST``."""


class ToolMode(str, Enum):
    """How the tools are described to the model, and how it calls them."""

    NATIVE = "native"
    """By the fields that the dialect has for it."""
    LENIENT = "lenient"
    """The same; where the model writes its calls into the text, they are found there."""
    TEXT = "text"
    """By words, for servers that know no tools."""
    SCHEMA = "schema"
    """The same, and the server holds the model to a JSON Schema of its reply."""


class BadCallPolicy(str, Enum):
    """What to do with a call of an unknown tool, or with arguments that do not fit."""

    TELL = "tell"
    """It is not run, and the model gets the reason."""
    REPAIR = "repair"
    """Arguments that were plainly meant otherwise are repaired: a string that is exactly one JSON value
    of the expected type, a single value where a list is expected. Any other is reported to the
    model."""
    FAIL = "fail"
    """The turn fails with :class:`BadCall`."""


class OutputLimitKey(str, Enum):
    """The key under which OpenAI chat receives ``max_output_tokens``."""

    MAX_TOKENS = "max_tokens"
    """The key of compatible servers."""
    MAX_COMPLETION_TOKENS = "max_completion_tokens"
    """The key of OpenAI's own reasoning models."""


class Budget(IntEnum):
    """The budgets of a turn: the ``detail`` of :class:`zerostack.Limit`."""

    ROUNDS = 1
    """``max_rounds``."""
    TOKENS = 2
    """``max_turn_tokens``."""
    COST = 3
    """``max_turn_cost_micros``."""
    TIME = 4
    """``max_turn_ms``, or the ``time_limit_s`` of an agent."""
    REPEATS = 5
    """``max_repeats``."""
    CALLS = 6
    """``max_calls``."""


class ErrorCode(IntEnum):
    """The class of an error. The numbers are those of the C ABI; from 1001 on they are Python's."""

    FULL = 1
    WRONG_STEP = 2
    BAD_RESPONSE = 3
    CUT = 4
    STATUS = 5
    UNREACHABLE = 6
    TRUNCATED = 7
    LIMIT = 8
    UNKNOWN_CALL = 9
    BAD_TRANSCRIPT = 10
    BAD_CONFIG = 11
    BAD_JSON = 12
    UNSUPPORTED = 13
    TOO_LONG = 14
    BAD_PROMPT = 15
    MISSING_PLACEHOLDER = 16
    UNKNOWN_PROMPT = 17
    INCLUDE_DEPTH = 18
    WRITE_FAILED = 19
    BAD_REQUEST = 20
    BAD_HTTP = 21
    HTTP_TOO_LONG = 22
    HTTP_ENCODING = 23
    HTTP_CUT = 24
    BAD_ARGUMENTS = 25
    BAD_SCHEMA = 26
    TOO_DEEP = 27
    TOO_MUCH_WORK = 28
    BAD_VOCABULARY = 29
    UNKNOWN_TOKEN = 30
    WINDOW_TOO_LONG = 31
    STALE_CHECKPOINT = 32
    BAD_LINE = 33
    BAD_OPTION = 34
    UNSUPPORTED_OPTION = 35
    BAD_ATTACHMENT = 36
    UNSUPPORTED_ATTACHMENT = 37
    MISSING_ATTACHMENT = 38
    ATTACHMENT_LENGTH = 39
    BAD_ANSWER = 40
    MEDIA_ONLY = 41

    BUSY = 1001
    CLOSED = 1002
    CANCELLED = 1003
    BAD_TAPE = 1004
    RUN_FAILED = 1005
    BAD_CALL = 1006
    CALLS_DEFERRED = 1007

