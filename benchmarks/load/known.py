"""What a row may say: judged from what its one writer was answered. Pure; times are seconds.

A row holds a number that its writer only ever raises. Whoever reads must find at least what was
acknowledged early enough, and at most what was attempted.
"""

from dataclasses import dataclass, field

BOUND = 1.0  # s for which another process may answer from its own tier unasked


@dataclass(slots=True)
class Known:
    """One row's number: what was acknowledged, and what may have arrived besides."""

    key: str
    acked: int = 0
    attempted: int = 0
    # (when it was acknowledged, the number) of writes that every process hears of, eldest first
    announced: list[tuple[float, int]] = field(default_factory=list)

    def attempt(self) -> int:
        """The number that is written next."""
        self.attempted += 1
        return self.attempted

    def acknowledge(self, number: int, at: float, announced: bool) -> None:
        """A write of this number was answered; unannounced, others may miss it for a TTL."""
        self.acked = number
        if announced:
            old = [one for one in self.announced if one[0] < at - 2 * BOUND]
            self.announced = [*old[-1:], *self.announced[len(old) :], (at, number)]

    def least(self, start: float) -> int:
        """What a read that began then must find, in whatever process and without a token."""
        early = [number for at, number in self.announced if at < start - BOUND]
        return early[-1] if early else 0

    def holds(self, found: int, least: int) -> bool:
        """Whether an answer keeps the promise."""
        return least <= found <= self.attempted
