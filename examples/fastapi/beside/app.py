"""The chat service of `../app.py`, written with pydantic-ai: `../compare.py` measures both.

It has no page, and only the events that the tests of the service read.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.usage import RunUsage, UsageLimits

MODEL = os.environ.get("CHAT_MODEL", "gpt-5.2")
SYSTEM = "You answer the customers of a bicycle shop. Be brief."
CHAT_TOKENS = int(os.environ.get("CHAT_TOKENS", "200000"))  # what a conversation may cost
STOCK = {"city bike": 4, "gravel bike": 0, "helmet": 31}


class Message(BaseModel):
    text: str = Field(min_length=1, max_length=20_000)


class Ticket(BaseModel):
    """What the shop does next about a conversation."""

    subject: str
    urgent: bool
    items: list[str]


def stock(item: str) -> int:
    """How many of an item are in the shop."""
    if item not in STOCK:
        raise ModelRetry(f"There is no {item}. The items are {', '.join(STOCK)}.")
    return STOCK[item]


async def reserve(item: str, name: str) -> str:
    """Puts an item aside for a customer."""
    if not STOCK.get(item):
        raise ModelRetry(f"No {item} is left.")
    STOCK[item] -= 1
    return f"One {item} is put aside for {name}."


agent = Agent(OpenAIChatModel(MODEL), instructions=SYSTEM, tools=[stock, reserve])


class Chats:
    """The conversations: their messages, and the tokens that each has used."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.open: set[str] = set()  # those with a turn that runs
        with closing(self._connect()) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS chats (id TEXT PRIMARY KEY, messages BLOB, tokens INTEGER)"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None)

    def load(self, chat: str) -> tuple[list[ModelMessage], int]:
        """The messages of a conversation, which may be new, and the tokens that are left to it."""
        with closing(self._connect()) as database:
            row = database.execute("SELECT messages, tokens FROM chats WHERE id = ?", (chat,)).fetchone()
        left = CHAT_TOKENS - (row[1] if row else 0)
        if left <= 0:
            raise HTTPException(429, "this conversation has used its tokens; start another one")
        return (ModelMessagesTypeAdapter.validate_json(row[0]) if row else []), left

    def save(self, chat: str, messages: list[ModelMessage], tokens: int) -> None:
        with closing(self._connect()) as database:
            database.execute(
                "INSERT INTO chats VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET"
                " messages = excluded.messages, tokens = excluded.tokens",
                (chat, ModelMessagesTypeAdapter.dump_json(messages), tokens),
            )

    def forget(self, chat: str) -> None:
        with closing(self._connect()) as database:
            database.execute("DELETE FROM chats WHERE id = ?", (chat,))


chats = Chats(os.environ.get("CHAT_DATABASE", "chats.sqlite"))
app = FastAPI(title="A chat service on pydantic-ai")


@app.get("/")
def page() -> Response:
    return Response("")


@app.post("/chats/{chat}/messages")
async def say(chat: str, message: Message) -> StreamingResponse:
    """Says something; the answer comes as server-sent events, one JSON object each."""
    return stream(chat, message.text)


@app.post("/chats/{chat}/resume")
async def resume(chat: str) -> StreamingResponse:
    """Goes on with a turn that was open when the server died."""
    return stream(chat, None)


@app.post("/chats/{chat}/ticket")
async def ticket(chat: str) -> Ticket:
    """What the shop has to do, as the model sees it."""
    messages, _ = begin(chat, "ticket")
    try:
        prompt = "Write a ticket about this conversation."
        result = await agent.run(prompt, message_history=messages, output_type=Ticket)
        return result.output
    except AgentRunError as error:
        raise HTTPException(502, str(error)) from error
    finally:
        chats.open.discard(chat)


@app.delete("/chats/{chat}", status_code=204)
def forget(chat: str) -> Response:
    chats.forget(chat)
    return Response(status_code=204)


def is_open(messages: list[ModelMessage]) -> bool:
    """Whether a turn has no answer yet: the model is asked, or has called tools without a result."""
    last = messages[-1] if messages else None
    calls = isinstance(last, ModelResponse) and any(isinstance(part, ToolCallPart) for part in last.parts)
    return calls or isinstance(last, ModelRequest)


def begin(chat: str, text: str | None) -> tuple[list[ModelMessage], int]:
    """The messages of a conversation in which no other turn runs."""
    if chat in chats.open:
        raise HTTPException(409, "an answer is still coming in this conversation")
    messages, left = chats.load(chat)
    if is_open(messages) != (text is None):
        problem = "no turn is open" if text is None else "a turn is open: POST /resume goes on with it"
        raise HTTPException(409, problem)
    chats.open.add(chat)
    return messages, left


def stream(chat: str, text: str | None) -> StreamingResponse:
    messages, left = begin(chat, text)
    return StreamingResponse(turn(chat, messages, left, text), media_type="text/event-stream")


async def turn(chat: str, messages: list[ModelMessage], left: int, text: str | None) -> AsyncIterator[str]:
    """The events of a turn. If the client disconnects, this is closed, and the turn with it."""
    before, used, usage, is_stopped = messages, CHAT_TOKENS - left, RunUsage(), False
    limits = UsageLimits(request_limit=10, total_tokens_limit=left)
    if text is not None:
        messages = [*messages, ModelRequest(parts=[UserPromptPart(text)])]
    try:
        async with asyncio.timeout(120):
            chats.save(chat, messages, used)
            async with agent.iter(text, message_history=before, usage_limits=limits, usage=usage) as run:
                async for node in run:
                    if Agent.is_model_request_node(node):
                        messages = [*run.all_messages(), node.request]
                        chats.save(chat, messages, used)
                        async with node.stream(run.ctx) as events:
                            async for event in events:
                                if line := line_of(event):
                                    yield line
                    elif Agent.is_call_tools_node(node):
                        messages = run.all_messages()
                        chats.save(chat, messages, used)
                        async with node.stream(run.ctx) as events:
                            async for event in events:
                                if line := line_of(event):
                                    yield line
                messages = run.all_messages()
    except (AgentRunError, TimeoutError) as error:
        is_stopped = True
        code = "status" if isinstance(error, ModelHTTPError) else "limit"
        problem = {"type": "error", "code": code, "message": str(error)}
        yield f"data: {json.dumps(problem)}\n\n"
    except (asyncio.CancelledError, GeneratorExit):
        is_stopped = True
        raise
    finally:
        # A turn that was stopped, not one whose server died, is taken out again.
        chats.save(chat, before if is_stopped else messages, used + usage.total_tokens)
        chats.open.discard(chat)


def line_of(event: object) -> str | None:
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(
            delta=TextPartDelta(content_delta=text)
        ):
            shown = {"type": "text", "text": text}
        case FunctionToolCallEvent(part=part):
            shown = {"type": "tool_call", "name": part.tool_name, "arguments": part.args_as_json_str()}
        case FunctionToolResultEvent(part=part):
            shown = {"type": "tool_result", "content": part.model_response_str()}
        case _:
            return None
    return f"data: {json.dumps(shown)}\n\n"
