"""What the tests share: the scripted provider, the real one that all bindings are tested with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


def program(name: str) -> str:
    """A program of the workspace: from ``$NAME``, else what cargo built, else from PATH."""
    variable = name.upper().replace("-", "_")
    built = [REPOSITORY / "target" / profile / name for profile in ("debug", "release")]
    found = [path for path in built if path.exists()]
    newest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    path = os.environ.get(variable) or (str(newest) if newest else shutil.which(name))
    if not path:
        pytest.exit(f"{name} is not built: cargo build -p zerostack-tests", returncode=2)
    return path


class Scripted:
    """A provider that plays a script, and what it was asked."""

    def __init__(self, folder: Path, replies: list[dict[str, Any]]) -> None:
        script, self._record = folder / "script.json", folder / "requests.jsonl"
        script.write_text(json.dumps({"replies": replies}))
        command = [program("zerostack-scripted"), "--script", str(script)]
        self._process = subprocess.Popen(
            [*command, "--record", str(self._record)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.url

    @property
    def requests(self) -> list[dict[str, Any]]:
        """All requests so far: method, path, headers, body."""
        # The last line may be half written.
        whole = self._record.read_text().split("\n")[:-1]
        lines = [json.loads(line) for line in whole]
        return [{**line, "headers": dict(line["headers"])} for line in lines]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


class Provider:
    """Starts scripted providers, each with its own replies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Scripted] = []

    def __call__(self, *replies: dict[str, Any]) -> Scripted:
        folder = self._folder / f"provider-{len(self._started)}"
        folder.mkdir()
        self._started.append(Scripted(folder, list(replies)))
        return self._started[-1]

    def stop(self) -> None:
        for scripted in self._started:
            scripted.stop()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    started = Provider(tmp_path)
    yield started
    started.stop()


def say(*texts: str, **more: Any) -> dict[str, Any]:
    """A reply that says these texts, a delta each."""
    return {"parts": [{"text": text} for text in texts], **more}


def call(name: str, arguments: Any, *more: tuple[str, Any]) -> dict[str, Any]:
    """A reply that makes calls."""
    calls = [(name, arguments), *more]
    return {"parts": [{"call": {"name": n, "arguments": a}} for n, a in calls]}
