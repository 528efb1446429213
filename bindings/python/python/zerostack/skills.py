"""Agent Skills: a folder with a ``SKILL.md``."""

from __future__ import annotations

import os
from pathlib import Path

from ._core import Prompt, skill_problems
from .errors import BadPrompt

__all__ = ["Skill"]


class Skill:
    """A skill: the model gets its name and description at once, and its body when it asks for it.

    ``text`` is the ``SKILL.md``, ``folder`` the name of the folder that it is in.
    """

    def __init__(self, folder: str, text: str) -> None:
        self.folder = folder
        self.prompt = Prompt(folder, text)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Skill:
        """Reads the skill in the folder ``path``, or the ``SKILL.md`` at ``path``."""
        file = Path(path)
        if file.is_dir():
            file = file / "SKILL.md"
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError as error:
            where = f"{file} is not UTF-8 at byte {error.start}"
            raise BadPrompt(where) from None
        return cls(file.resolve().parent.name, text)

    @property
    def name(self) -> str:
        """Its own name, else that of its folder."""
        return self.prompt.declared_name or self.folder

    @property
    def description(self) -> str:
        """What it is for, and when to use it."""
        return self.prompt.description or ""

    @property
    def body(self) -> str:
        """The text for a model that asks for the skill."""
        return self.prompt.body

    def problems(self) -> list[str]:
        """All faults by the published requirements, as sentences."""
        return skill_problems(self.prompt, self.folder)

    def __repr__(self) -> str:
        return f"<Skill {self.name}>"
