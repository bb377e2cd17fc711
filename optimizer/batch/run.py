"""One batch under way: pieces are sent, failing ones cut in two until the bad rows stand alone."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, Self, TypeVar

from optimizer.batch.judging import error_of, is_incurable, is_unknown
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, RowOutcome, RowStatus
from optimizer.errors import OutcomeUnknown, UpstreamUnreachable


class Piece(Protocol):
    """Rows that go in one request, with their places in the input."""

    @property
    def indexes(self) -> tuple[int, ...]: ...
    def halves(self) -> tuple[Self, Self]: ...


P = TypeVar("P", bound=Piece)


class Run(Generic[P]):
    """Sends pieces and notes one outcome for each row; `accept` reads a successful answer."""

    def __init__(
        self,
        send: Callable[[P], Awaitable[Answer]],
        accept: Callable[["Run[P]", P, Answer], None],
    ) -> None:
        self._send = send
        self._accept = accept
        self._outcomes: dict[int, RowOutcome] = {}
        self._stopped = False
        self.calls = 0

    async def carry_out(self, piece: P) -> None:
        """Send a piece, in halves where it fails; nothing is sent once all is known to fail."""
        if self._stopped:
            return
        self.calls += 1
        try:
            answer = await self._send(piece)
        except UpstreamUnreachable as error:
            self._stopped = True
            self.note(piece, RowStatus.NOT_ATTEMPTED, {"message": str(error)})
        except OutcomeUnknown as error:
            self.note(piece, RowStatus.UNKNOWN, {"message": str(error)})
        else:
            await self._take(piece, answer)

    async def _take(self, piece: P, answer: Answer) -> None:
        if answer.status < 300:
            self._accept(self, piece, answer)
        elif is_unknown(answer):
            self.note(piece, RowStatus.UNKNOWN, error_of(answer))  # again it might count twice
        elif len(piece.indexes) > 1 and not is_incurable(answer):
            for half in piece.halves():
                await self.carry_out(half)
        else:
            self._stopped = self._stopped or is_incurable(answer)
            self.note(piece, RowStatus.FAILED, error_of(answer))

    def done(self, index: int, row: Any) -> None:
        """A row is stored, or gone, as it should be."""
        self._outcomes[index] = RowOutcome(index, RowStatus.DONE, row)

    def note(self, piece: P, status: RowStatus, error: dict[str, Any]) -> None:
        """All rows of a piece share an outcome."""
        for index in piece.indexes:
            self.note_one(index, status, error)

    def note_one(self, index: int, status: RowStatus, error: dict[str, Any]) -> None:
        """One row's outcome, with PostgREST's words or ours."""
        self._outcomes[index] = RowOutcome(
            index, status, None, error.get("code"), error.get("message"), error.get("details")
        )

    def result(self, count: int, seconds: float) -> BatchResult:
        """One outcome for each of `count` rows; those that were never sent are not attempted."""
        missing = (RowOutcome(i, RowStatus.NOT_ATTEMPTED) for i in range(count))
        outcomes = tuple(self._outcomes.get(o.index, o) for o in missing)
        return BatchResult(outcomes, self.calls, seconds)
