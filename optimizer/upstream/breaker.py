"""The circuit breaker before Supabase: the circuit's decisions, with a clock and somebody told."""

from collections.abc import Callable
from typing import Protocol

from optimizer.domain.circuit import Circuit, Terms
from optimizer.domain.facts import CircuitMoved, Emit, LoadShed
from optimizer.errors import CircuitOpen


class Limits(Protocol):
    """What the breaker asks of the settings, at each request anew."""

    @property
    def breaker_enabled(self) -> bool: ...


class Breaker:
    """Refuses requests while Supabase fails; each that was let through must be reported."""

    def __init__(
        self, limits: Limits, emit: Emit, clock: Callable[[], float], terms: Terms | None = None
    ) -> None:
        self._limits = limits
        self._emit = emit
        self._clock = clock
        self._circuit = Circuit(terms)
        self._told = self._circuit.state

    @property
    def state(self) -> str:
        """What the circuit is: "closed", "open" or "half-open"."""
        return self._circuit.state

    def enter(self) -> None:
        """Let a request through; raises CircuitOpen."""
        if not self._limits.breaker_enabled:
            return
        now = self._clock()
        admitted = self._circuit.admit(now)
        self._tell()
        if not admitted:
            self._emit(LoadShed("circuit open"))
            said = "Supabase fails too often now; nothing was sent"
            raise CircuitOpen(said, self._circuit.opens_in(now))

    def report(self, well: bool | None) -> None:
        """Say how a request ended; None where that says nothing of Supabase."""
        if self._limits.breaker_enabled:
            self._circuit.report(well, self._clock())
            self._tell()

    def _tell(self) -> None:
        if self._circuit.state is not self._told:
            self._told = self._circuit.state
            self._emit(CircuitMoved(self._told))
