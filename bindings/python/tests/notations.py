"""Types whose hints are texts, as ``from __future__ import annotations`` makes them."""

from __future__ import annotations

from typing import Annotated, TypedDict

from typing_extensions import NotRequired, ReadOnly, Required


class Loose(TypedDict, total=False):
    text: Required[str]
    deep: int


class Filter(Loose):
    limit: NotRequired[int]
    most: ReadOnly[NotRequired[int]]
    least: Annotated[NotRequired[int], "how many"]
