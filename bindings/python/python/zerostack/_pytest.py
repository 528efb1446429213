"""The pytest plugin of the package: pytest finds it by its entry point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

import pytest

from .testing import ScriptedProvider


@pytest.fixture
def scripted_provider() -> Iterator[Callable[..., ScriptedProvider]]:
    """Starts scripted providers, each with its own replies; see ``zerostack.testing``."""
    started: list[ScriptedProvider] = []

    def start(*replies: str | Mapping[str, Any]) -> ScriptedProvider:
        started.append(ScriptedProvider(*replies))
        return started[-1]

    yield start
    for provider in started:
        provider.close()
