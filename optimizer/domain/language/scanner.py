"""Reads a text from left to right, and the pieces that every parameter is made of.

It is stricter than PostgREST, which ignores what follows a parameter that it has understood. What
is not read to its end here is refused, and whoever asked takes it as not understood.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from optimizer.errors import QueryError

_PART = r"[A-Za-z0-9_ $\u0080-\U0010ffff]+"
_NAME = re.compile(rf"{_PART}(?:-(?!>){_PART})*")
_KEY = re.compile(r"[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*")
_INDEX = re.compile(r"-?[0-9]+(?=->|::|[.,]|$)")
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class JsonStep:
    """One arrow of a JSON path: `->key`, `->>key`, `->0`."""

    key: str
    as_text: bool
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A column and the JSON path into it."""

    name: str
    path: tuple[JsonStep, ...] = ()


class Scanner:
    """A place in a text. Every method that reads raises QueryError where it cannot."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refuse(self, wanted: str) -> NoReturn:
        """Say what was wanted and where; never what the text holds, which may be personal."""
        raise QueryError(f"expected {wanted} at character {self.at + 1}")

    @property
    def ended(self) -> bool:
        """Whether everything was read."""
        return self.at >= len(self.text)

    def end(self) -> None:
        """Insist that everything was read."""
        if not self.ended:
            self.refuse("the end")

    def sees(self, word: str) -> bool:
        """Whether this text comes next."""
        return self.text.startswith(word, self.at)

    def take(self, word: str) -> bool:
        """Read this text if it comes next."""
        found = self.sees(word)
        self.at += len(word) if found else 0
        return found

    def expect(self, word: str) -> None:
        """Read this text."""
        if not self.take(word):
            self.refuse(repr(word))

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Read what the pattern matches here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def blanks(self) -> None:
        """Read blanks, if there are any."""
        self.match(_BLANKS)

    def until(self, stops: str) -> str:
        """Read up to one of these characters, or to the end."""
        start = self.at
        while not self.ended and self.text[self.at] not in stops:
            self.at += 1
        return self.text[start : self.at]

    def rest(self) -> str:
        """Read everything."""
        return self.until("")

    def quoted(self) -> str | None:
        """Read a text in double quotes, in which a backslash keeps what follows; None if none.

        Where no closing quote comes nothing is read.
        """
        start = self.at
        found: list[str] = []
        if not self.take('"'):
            return None
        while not self.ended:
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                return "".join(found)
            if char == "\\" and not self.ended:
                char = self.text[self.at]
                self.at += 1
            found.append(char)
        self.at = start
        return None

    def name(self) -> str:
        """Read a name, quoted or not."""
        quoted = self.quoted()
        if quoted is not None:
            return quoted
        found = self.match(_NAME)
        if found is None or not all(c.isascii() or c.isalpha() for c in found):
            self.refuse("a name")
        return "-".join(part.strip() for part in found.split("-"))

    def path(self) -> tuple[JsonStep, ...]:
        """Read the arrows of a JSON path, perhaps none."""
        steps = []
        while self.sees("->"):
            as_text = self.take("->>") or not self.take("->")
            steps.append(self._step(as_text))
        return tuple(steps)

    def field(self) -> Field:
        """Read a column and its JSON path, blanks around them."""
        self.blanks()
        found = Field(self.name(), self.path())
        self.blanks()
        return found

    def _step(self, as_text: bool) -> JsonStep:
        index = self.match(_INDEX)
        if index is not None:
            return JsonStep(index, as_text, is_index=True)
        quoted = self.quoted()
        key = quoted if quoted is not None else self.match(_KEY)
        if key is None:
            self.refuse("a key")
        if quoted is None:
            key = "-".join(part.strip() for part in key.split("-"))
        return JsonStep(key, as_text)
