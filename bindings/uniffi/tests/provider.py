"""The scripted provider, and a loop that drives a session over HTTP."""

import contextlib
import http.client
import json
import os
import subprocess
import tempfile
import time
import urllib.parse

from zerostack_uniffi import ZerostackError

PROVIDER = os.environ["ZEROSTACK_SCRIPTED"]


class Provider:
    """`zerostack-scripted` with a script, for the length of a `with`."""

    def __init__(self, replies):
        self.replies = replies

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        script = os.path.join(self.folder.name, "script.json")
        self.record = os.path.join(self.folder.name, "requests.jsonl")
        with open(script, "w", encoding="utf-8") as file:
            json.dump({"replies": self.replies}, file)
        command = [PROVIDER, "--script", script, "--record", self.record]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = urllib.parse.urlsplit(self.process.stdout.readline().strip()).netloc
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    def requests(self):
        """What was sent, in order."""
        with open(self.record, encoding="utf-8") as file:
            return [json.loads(line) for line in file]


class Turn:
    """What a turn showed: the events, the waits, the errors."""

    def __init__(self):
        self.events = []
        self.waits = []
        self.error = None

    def text(self):
        """What a person still sees at the end: a restart takes back what was shown."""
        text = ""
        for event in self.events:
            if event.is_restart():
                text = ""
            elif event.is_text_delta():
                text += event.text
        return text


def drive(session, address, tools, piece_bytes=1024, show=lambda event: None):
    """Drives the turn of `session` to its end. `show` may abort the session."""
    turn = Turn()

    def saw(event):
        turn.events.append(event)
        show(event)

    try:
        while not (step := session.step()).is_idle():
            if step.is_send():
                receive(session, address, piece_bytes, saw)
            elif step.is_run_tools():
                # The last call first: any order will do.
                for call in reversed(session.pending_calls()):
                    arguments = json.loads(call.arguments)
                    session.tool_result(call.id, tools[call.name](**arguments), False)
            elif step.is_wait():
                turn.waits.append(step.millis)
                time.sleep(step.millis / 1000)
                session.retry()
            else:
                raise AssertionError(f"no script leads to {step}")
    except ZerostackError.Core as error:
        turn.error = error.fault
    return turn


def receive(session, address, piece_bytes, saw):
    """Sends the request and feeds the reply."""
    request = session.request()
    headers = {header.name: header.value for header in request.headers}
    connection = http.client.HTTPConnection(address, timeout=20)
    with contextlib.closing(connection):
        try:
            connection.request(request.method, "/v1" + request.path, request.body, headers)
            response = connection.getresponse()
        except OSError:
            saw(session.end_response())
            return
        with response:
            wish = response.headers["retry-after"]
            session.begin_response(response.status, None if wish is None else int(wish) * 1000)
            while session.step().is_receive():
                feed(session, response, piece_bytes, saw)


def feed(session, response, piece_bytes, saw):
    """Feeds the next piece, or says that the body ended."""
    try:
        piece = response.read1(piece_bytes)
    except (OSError, http.client.HTTPException):
        piece = b""
    if not piece:
        saw(session.end_response())
        return
    fed = session.feed(piece)
    for event in fed.events:
        saw(event)
    if fed.fault:
        raise ZerostackError.Core(fed.fault)
