"""The model: what is true, what was acknowledged to whom, and what each reader is owed by it.

A relation's rows are one version number, counted up by each change. Times are seconds on the fake
clocks of the machine.
"""

from collections import defaultdict
from dataclasses import dataclass, field

BOUND = 1.0  # s for which a process may serve L1 without having heard anything


@dataclass
class Promises:
    """Versions as they are, and lower bounds for what a read may return."""

    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # relation → (when on the lease's clock, version): seen by all within the bound
    announced: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    # (process, relation) → version that this process itself was told of
    own: dict[tuple[object, str], int] = field(default_factory=lambda: defaultdict(int))
    # relation → (when by the wall clock, version), for changes that nobody announces
    commits: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    latest: float = 0.0  # on the wall clock, before it was set back
    # process → writes of which Valkey has not heard
    debts: dict[object, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def commit(self, relation: str, wall: float) -> int:
        """Something changed; the version that it made."""
        self.versions[relation] += 1
        if wall >= self.latest:
            self.commits[relation].append((wall, self.versions[relation]))
        return self.versions[relation]

    def acknowledge(self, process: object, relation: str, version: int) -> None:
        """A writer was told, by this process."""
        mine = (process, relation)
        self.own[mine] = max(self.own[mine], version)

    def announce(self, relation: str, version: int, now: float) -> None:
        """Valkey heard of a change, and whoever waited for it was told."""
        self.announced[relation].append((now, version))

    def settle(self, process: object, now: float) -> None:
        """What this process owed to Valkey is there."""
        for relation, version in self.debts.pop(process, []):
            self.announce(relation, version, now)

    def set_back(self, wall: float) -> None:
        """The wall clock is set back from there; what was asked before is of the future."""
        self.latest = max(self.latest, wall)

    def strict(self, relation: str) -> int:
        """What a read of a strict relation returns at least."""
        return max((version for _, version in self.announced[relation]), default=0)

    def plain(self, process: object, relation: str, now: float) -> int:
        """What any read in this process returns at least."""
        heard = [v for at, v in self.announced[relation] if at <= now - BOUND]
        return max([self.own[process, relation], *heard])

    def aged(self, relation: str, wall: float, ttl: float) -> int:
        """What a hit returns at least, though nobody announced anything."""
        return max((v for at, v in self.commits[relation] if at <= wall - ttl), default=0)
