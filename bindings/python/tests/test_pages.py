"""The code of the pages and of the example, run against a scripted provider."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY, Provider, program

HERE = Path(__file__).resolve().parents[1]
PAGES = sorted([HERE / "README.md", *(HERE / "docs").glob("*.md")])
EXAMPLE = REPOSITORY / "examples" / "python" / "example.py"


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, provider: Provider, tmp_path: Path) -> None:
    replies = re.search(r"<!-- replies: (.*?)-->", page.read_text(), re.DOTALL)
    scripted = provider(*(json.loads(replies[1]) if replies else []))
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(page)))
    (tmp_path / "words.txt").write_text("one two three\n")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": scripted.url,
            "ZEROSTACK": program("zerostack"),
            "ZEROSTACK_BASE_URL": f"{scripted.url}/v1",
            "SANDBOX": "off",
        },
    )
    assert done.returncode == 0, done.stderr
    if page.name == "README.md":
        assert done.stdout == "There are 3.\n"


def test_the_example_is_the_code_of_the_readme() -> None:
    assert EXAMPLE.read_text() == blocks(HERE / "README.md")[0]


def test_every_page_has_code() -> None:
    assert len(PAGES) == 6
    assert all(blocks(page) for page in PAGES)
