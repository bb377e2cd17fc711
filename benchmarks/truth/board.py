"""Where workers leave the tokens of their writes for others: a file a row, exchanged as a whole."""

import json
from pathlib import Path


class Board:
    """A folder that all workers share. What is on it was acknowledged before it was put there."""

    def __init__(self, folder: Path, process: int) -> None:
        self._folder = folder
        self._process = process

    def put(self, row: int, value: int, token: str) -> None:
        """Leave the token of a write that was just acknowledged."""
        made = self._folder / f"{row}.{self._process}"
        made.write_text(json.dumps([value, token]))
        made.rename(self._folder / str(row))

    def get(self, row: int) -> tuple[int, str] | None:
        """The last write of the row whose token was left: its value and the token."""
        try:
            value, token = json.loads((self._folder / str(row)).read_text())
        except FileNotFoundError:
            return None
        return value, token
