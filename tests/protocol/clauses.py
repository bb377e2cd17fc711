"""The clauses of the protocol, each of which can be left out to see what breaks without it."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Clauses:
    """All of them hold unless said otherwise."""

    # --- markers
    own_marker: bool = True
    """A marker belongs to one writer; an expired one forces a new stamp."""
    announced: bool = True
    """The marker is published as well, and drops L1, before the write leaves."""
    unknown_waits: bool = True
    """A writer without an answer leaves its marker to expire."""
    fence: bool = True
    """The write leaves only while its marker covers the longest time it may take effect in."""
    widest_marker: bool = True
    """The marker covers all that the write might touch, not only what is known beforehand."""
    answer_narrows: bool = True
    """Only an answer narrows what a write touches; an unknown outcome never does."""
    reads_hold_all: bool = True
    """A read holds its relation's widest tag beside the narrower ones."""
    asked_first: bool = True
    """Filters that a read is kept by are known to writers before it is fetched."""
    # --- L1
    fill_position: bool = True
    """An L1 entry carries the position of its look; a later change of its tags ends it."""
    lease_from_sending: bool = True
    """L1's lease counts from the sending of the stream read, not from the reply."""
    lease_caught_up: bool = True
    """Only a stream read that left nothing behind renews the lease."""
    dense: bool = True
    """Positions have no holes: a gap drops L1."""
    # --- Valkey's life
    epoch: bool = True
    """Stamps, entries, positions and tokens name the epoch; a new one drops L1 and the lease."""
    adopt: bool = True
    """Every answer of Valkey carries the epoch, and an unknown one is adopted at once."""
    quarantine: bool = True
    """For one marker life after an epoch began nothing is filled."""
    # --- reads
    join_current: bool = True
    """A flight is joined only while its stamps and epoch are those that stand."""
    look_again: bool = True
    """Who waits for another process's fetch looks L2 up again instead of taking the value."""
    token_compared: bool = True
    """L1 answers a token only where this process has applied its position in its epoch."""
    live_stamps: bool = True
    """Stale-while-revalidate extends the TTL, never a dead stamp."""
    error_rule: bool = True
    """Stale-if-error serves no token, no strict table, and nothing from before an own write."""
    unfenced_bypass: bool = True
    """After a write without Valkey its process serves nothing until it has touched the tags."""
    debts_apart: bool = True
    """A touch that was under way before a debt arose does not pay it."""
    late_marker: bool = True
    """An unfenced write without an answer gets its marker as soon as Valkey is back."""


NAMES = tuple(field.name for field in fields(Clauses))


def without(*names: str) -> Clauses:
    """All clauses but these."""
    return replace(Clauses(), **dict.fromkeys(names, False))
