"""Runs the service as a process of its own, against a scripted provider.

``CHAT_SERVICE=beside`` tests the one of that folder instead.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from zerostack.testing import ScriptedProvider, call, say

Events = list[dict[str, Any]]
SERVICE = Path(__file__).parent / os.environ.get("CHAT_SERVICE", "")


class Service:
    """The service over one database, which outlives it."""

    def __init__(self, folder: Path, provider: ScriptedProvider, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"]
        self._environment = {
            **os.environ,
            "CHAT_DATABASE": str(folder / "chats.sqlite"),
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "test-key",
            **settings,
        }
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, cwd=SERVICE, env=self._environment)
        for _ in range(1200):
            try:
                assert self.client.get("/").status_code == 200
                return
            except httpx.TransportError:
                assert self.process.poll() is None, "the service ended"
                time.sleep(0.05)
        pytest.fail("the service does not answer")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.client.close()

    @contextmanager
    def stream(self, path: str, **body: str) -> Iterator[Iterator[dict[str, Any]]]:
        with self.client.stream("POST", path, json=body) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield (json.loads(line[len("data: ") :]) for line in response.iter_lines() if line)

    def say(self, chat: str, text: str) -> Events:
        with self.stream(f"/chats/{chat}/messages", text=text) as events:
            return list(events)


@contextmanager
def service(folder: Path, *replies: Any, **settings: str) -> Iterator[tuple[Service, ScriptedProvider]]:
    with ScriptedProvider(*replies) as provider:
        running = Service(folder, provider, **settings)
        try:
            yield running, provider
        finally:
            running.close()


def text(events: Events) -> str:
    return "".join(event["text"] for event in events if event["type"] == "text")


def test_an_answer_streams_and_the_conversation_is_kept(tmp_path: Path) -> None:
    replies = call("stock", {"item": "helmet"}), say("There are ", "31."), say("You are welcome.")
    with service(tmp_path, *replies) as (shop, provider):
        events = shop.say("a", "Are there helmets?")
        assert text(events) == "There are 31."
        answered = [event for event in events if event["type"] == "tool_result"]
        assert [event["content"] for event in answered] == ["31"]
        assert text(shop.say("a", "Thanks!")) == "You are welcome."
        provider.assert_played()
        provider.assert_grows()  # the second turn begins with the bytes of the first


def test_a_client_that_goes_away_ends_the_turn(tmp_path: Path) -> None:
    slow = say("one ", "two " * 2000, stall=1500)  # the rest never comes
    with service(tmp_path, slow, say("Hello again.")) as (shop, _):
        with shop.stream("/chats/a/messages", text="Count.") as events:
            assert next(event for event in events if event["type"] == "text")["text"] == "one "
            busy = shop.client.post("/chats/a/messages", json={"text": "Faster!"})
            assert busy.status_code == 409 and "still coming" in busy.json()["detail"]
        for _ in range(100):  # the server sees the closed connection a moment later
            again = shop.client.post("/chats/a/messages", json={"text": "Are you there?"})
            if again.status_code != 409:
                break
            time.sleep(0.05)
        assert again.status_code == 200 and "Hello again." in again.text


def test_a_turn_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    waits = say("Let me see.", "It takes long. " * 2000, stall=1500)
    replies = call("stock", {"item": "city bike"}), waits, say("There are 4.")
    with service(tmp_path, *replies) as (shop, provider):
        with pytest.raises(httpx.TransportError):
            with shop.stream("/chats/a/messages", text="Any city bikes?") as events:
                for event in events:
                    if event["type"] == "text":
                        shop.kill()
        shop.start()
        refused = shop.client.post("/chats/a/messages", json={"text": "Hello?"})
        assert refused.status_code == 409 and "/resume" in refused.json()["detail"]
        with shop.stream("/chats/a/resume") as events:
            assert text(list(events)) == "There are 4."
        provider.assert_requests(3)  # the tool ran once


def test_a_conversation_has_a_budget(tmp_path: Path) -> None:
    reply = say("Hello.", usage={"input": 90, "output": 20})
    with service(tmp_path, reply, CHAT_TOKENS="100") as (shop, _):
        shop.say("a", "Hello")
        refused = shop.client.post("/chats/a/messages", json={"text": "And again"})
        assert refused.status_code == 429 and "tokens" in refused.json()["detail"]


def test_a_ticket_is_an_object(tmp_path: Path) -> None:
    ticket = {"subject": "Helmet", "urgent": False, "items": ["helmet"]}
    with service(tmp_path, say("Sure."), say(json.dumps(ticket))) as (shop, _):
        shop.say("a", "I want a helmet.")
        assert shop.client.post("/chats/a/ticket").json() == ticket


def test_a_provider_that_refuses_is_an_event(tmp_path: Path) -> None:
    refusal = {"status": 401, "error": {"code": "invalid_api_key", "message": "no such key"}}
    with service(tmp_path, refusal, say("Now it works.")) as (shop, _):
        (problem,) = (event for event in shop.say("a", "Hello") if event["type"] == "error")
        assert problem["code"] == "status" and "no such key" in problem["message"]
        assert text(shop.say("a", "Hello")) == "Now it works."


def test_bad_messages(tmp_path: Path) -> None:
    with service(tmp_path) as (shop, _):
        for body in {"text": ""}, {"text": "x" * 20_001}, {}:
            assert shop.client.post("/chats/a/messages", json=body).status_code == 422
        assert shop.client.post("/chats/a/resume").status_code == 409
        assert shop.client.delete("/chats/a").status_code == 204
