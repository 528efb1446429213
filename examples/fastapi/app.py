"""A chat service: answers stream to the browser, conversations live in SQLite, budgets hold.

A client that goes away ends its turn, and a conversation goes on after a crash of the server.
"""

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field
from zerostack import AsyncAgent, End, Limits, Session, Step, ToolAnswered, ToolError, ZerostackError

DIALECT = os.environ.get("CHAT_DIALECT", "openai-chat")
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
        raise ToolError(f"There is no {item}. The items are {', '.join(STOCK)}.")
    return STOCK[item]


async def reserve(item: str, name: str) -> str:
    """Puts an item aside for a customer."""
    if not STOCK.get(item):
        raise ToolError(f"No {item} is left.")
    STOCK[item] -= 1
    return f"One {item} is put aside for {name}."


TOOLS: list[Callable[..., Any]] = [stock, reserve]


class Chats:
    """The conversations: snapshots of sessions, and the tokens that each has used."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.open: set[str] = set()  # those with a turn that runs
        with closing(self._connect()) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS chats (id TEXT PRIMARY KEY, snapshot BLOB, tokens INTEGER)"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None)

    def load(self, chat: str) -> tuple[Session, int]:
        """The session of a conversation, which may be new, and the tokens that are left to it."""
        with closing(self._connect()) as database:
            row = database.execute("SELECT snapshot, tokens FROM chats WHERE id = ?", (chat,)).fetchone()
        left = CHAT_TOKENS - (row[1] if row else 0)
        if left <= 0:
            raise HTTPException(429, "this conversation has used its tokens; start another one")
        limits = Limits(max_rounds=10, max_turn_tokens=left)
        if row is None:
            return Session(DIALECT, MODEL, system=SYSTEM, tools=TOOLS, limits=limits), left
        return Session.resume(row[0], DIALECT, MODEL, system=SYSTEM, tools=TOOLS, limits=limits), left

    def save(self, chat: str, session: Session, tokens: int) -> None:
        with closing(self._connect()) as database:
            database.execute(
                "INSERT INTO chats VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET"
                " snapshot = excluded.snapshot, tokens = excluded.tokens",
                (chat, session.snapshot(), tokens),
            )

    def forget(self, chat: str) -> None:
        with closing(self._connect()) as database:
            database.execute("DELETE FROM chats WHERE id = ?", (chat,))


chats = Chats(os.environ.get("CHAT_DATABASE", "chats.sqlite"))
app = FastAPI(title="A chat service on zerostack")


@app.get("/")
def page() -> FileResponse:
    return FileResponse(Path(__file__).with_name("index.html"))


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
    session, _ = begin(chat, "ticket")
    try:
        async with AsyncAgent(session) as agent:
            return await agent.run("Write a ticket about this conversation.", output_type=Ticket)
    except ZerostackError as error:
        raise HTTPException(502, str(error)) from error
    finally:
        chats.open.discard(chat)


@app.delete("/chats/{chat}", status_code=204)
def forget(chat: str) -> Response:
    chats.forget(chat)
    return Response(status_code=204)


def begin(chat: str, text: str | None) -> tuple[Session, int]:
    """The session of a conversation in which no other turn runs."""
    if chat in chats.open:
        raise HTTPException(409, "an answer is still coming in this conversation")
    session, left = chats.load(chat)
    if (session.step is not Step.IDLE) != (text is None):
        problem = "no turn is open" if text is None else "a turn is open: POST /resume goes on with it"
        raise HTTPException(409, problem)
    chats.open.add(chat)
    return session, left


def stream(chat: str, text: str | None) -> StreamingResponse:
    session, left = begin(chat, text)
    return StreamingResponse(turn(chat, session, left, text), media_type="text/event-stream")


async def turn(chat: str, session: Session, left: int, text: str | None) -> AsyncIterator[str]:
    """The events of a turn. Where the client goes away, this is closed, and with it the turn."""
    used = CHAT_TOKENS - left
    try:
        async with AsyncAgent(session, tools=TOOLS, time_limit_s=120) as agent:
            async with agent.stream(text) as running:
                chats.save(chat, session, used)
                async for event in running:
                    if isinstance(event, (End, ToolAnswered)):
                        chats.save(chat, session, used)
                    yield f"data: {event.to_json()}\n\n"
    except ZerostackError as error:
        problem = {"type": "error", "code": error.code.name.lower(), "message": str(error)}
        yield f"data: {json.dumps(problem)}\n\n"
    finally:
        counts = session.usage
        chats.save(chat, session, used + counts.input_tokens + counts.output_tokens)
        chats.open.discard(chat)
