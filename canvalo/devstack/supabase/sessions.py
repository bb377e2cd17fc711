"""Who is signed in: refresh tokens, each good for one use, kept in memory."""

import secrets
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field

_MOST = 10_000  # sessions; the oldest end first


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one user."""

    user: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Sessions:
    """The sessions by their refresh tokens."""

    def __init__(self) -> None:
        self._by_token: OrderedDict[str, Session] = OrderedDict()

    def issue(self, session: Session) -> str:
        """A new refresh token of this session."""
        token = secrets.token_urlsafe(24)
        self._by_token[token] = session
        if len(self._by_token) > _MOST:
            self._by_token.popitem(last=False)
        return token

    def redeem(self, token: str) -> Session | None:
        """The session of a token, which is of no use afterwards; None where it was of none."""
        return self._by_token.pop(token, None)

    def end(self, user: str, session: str | None, scope: str) -> None:
        """Sign out: everywhere (`global`), here (`local`) or everywhere else (`others`)."""
        for token, other in list(self._by_token.items()):
            here = other.id == session
            if other.user == user and (scope == "global" or here == (scope == "local")):
                del self._by_token[token]
