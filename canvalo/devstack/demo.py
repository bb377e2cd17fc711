"""What the demo's visitors ask next: chosen by a seeded generator, without I/O and without a clock.

Most of it is reading, and much of that is repeated, as in an office: the same screens, the same few
contacts. What is written bears a mark, and only marked rows are removed.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CONTACTS = "/api/contacts"
MARK = "@demo-traffic.invalid"  # how every e-mail address ends that the demo makes up
_VISITORS = {"alice": 6, "bob": 3, "carol": 1}  # and how busy each is
_KINDS = {"list": 60, "get": 25, "search": 11, "create": 1, "update": 2, "delete": 1}
_PAGES: tuple[tuple[str, dict[str, str], int], ...] = (
    (CONTACTS, {}, 7),
    (CONTACTS, {"contact_type": "customer"}, 4),
    (CONTACTS, {"order": "created_at.desc", "limit": "20"}, 3),
    (CONTACTS, {"offset": "50"}, 1),
    ("/api/overview", {}, 6),
    ("/api/projects", {"status": "active"}, 3),
    ("/api/invoices", {"status": "sent", "order": "due_on.asc"}, 3),
    ("/api/appointments", {"order": "starts_at.desc", "limit": "20"}, 2),
)
_SEARCHES = ("garcía", "acme", "ada", "helios", "novak")
_NAMES = ("Ines Quandt", "Tomás Rey", "Yuki Mori", "Olu Bello", "Nora Lang")
_REMEMBERED = 6  # contacts a visitor goes back to
_OWN = 3  # rows of its own that a visitor has at most
_LONGEST_PAUSE = 5.0  # mean pauses; without a bound the exponential has none

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Ask:
    """One request, and who makes it."""

    user: str
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None


class Visitors:
    """Says what is asked next, and learns from the answers which rows there are."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - traffic, not a secret
        self._seen: dict[str, list[str]] = {user: [] for user in _VISITORS}
        self._made: dict[str, list[str]] = {user: [] for user in _VISITORS}

    def next(self) -> Ask:
        """Choose a visitor and what the visitor asks."""
        user = self._one_of(_VISITORS)
        asks = {
            "list": self._list,
            "get": self._get,
            "search": self._search,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }
        return asks[self._kind(user)](user)

    def pause(self, rate: float) -> float:
        """Seconds until the next request, so that there are `rate` a second on average."""
        return min(self._random.expovariate(rate), _LONGEST_PAUSE / rate)

    def learn(self, ask: Ask, status: int, rows: Sequence[Row]) -> None:
        """Remember the rows that an answer showed, and forget one that is gone."""
        if ask.method == "POST":
            self._made[ask.user] += [str(row["id"]) for row in rows]
        elif ask.method == "DELETE" or status == 404:
            self._forget(ask.user, ask.path.rpartition("/")[2])
        elif ask.path == CONTACTS and rows:
            others = [str(row["id"]) for row in rows if not is_ours(row)]
            self._seen[ask.user] = others[:_REMEMBERED]

    def _kind(self, user: str) -> str:
        """Choose among what this visitor can do now."""
        cannot = set()
        if not self._seen[user]:
            cannot.add("get")
        if not self._made[user]:
            cannot |= {"update", "delete"}
        if len(self._made[user]) >= _OWN:
            cannot.add("create")
        return self._one_of({k: w for k, w in _KINDS.items() if k not in cannot})

    def _list(self, user: str) -> Ask:
        weights = [weight for _, _, weight in _PAGES]
        path, params, _ = self._random.choices(_PAGES, weights)[0]
        return Ask(user, "GET", path, params)

    def _search(self, user: str) -> Ask:
        return Ask(user, "GET", CONTACTS, {"search": self._random.choice(_SEARCHES)})

    def _get(self, user: str) -> Ask:
        return Ask(user, "GET", f"{CONTACTS}/{self._random.choice(self._seen[user])}")

    def _create(self, user: str) -> Ask:
        name, number = self._random.choice(_NAMES), self._random.randrange(10_000)
        email = f"{name.split()[0].lower()}.{number}{MARK}"
        body = {"name": name, "email": email, "company": "Canvalo's demo traffic"}
        return Ask(user, "POST", CONTACTS, body=body)

    def _update(self, user: str) -> Ask:
        path = f"{CONTACTS}/{self._random.choice(self._made[user])}"
        phone = f"+49 30 {self._random.randrange(1_000_000):06}"
        return Ask(user, "PATCH", path, body={"phone": phone})

    def _delete(self, user: str) -> Ask:
        return _removal(user, self._made[user][0])

    def _forget(self, user: str, id_: str) -> None:
        for known in (self._made[user], self._seen[user]):
            if id_ in known:
                known.remove(id_)

    def _one_of(self, weighted: Mapping[str, int]) -> str:
        return self._random.choices(list(weighted), list(weighted.values()))[0]


def is_ours(row: Row) -> bool:
    """Whether the demo made this row, in this run or another."""
    return str(row.get("email") or "").endswith(MARK)


def searches() -> list[Ask]:
    """The searches that find the rows of this run and of others, one for each visitor."""
    search = {"search": MARK, "limit": "200"}
    return [Ask(user, "GET", CONTACTS, search) for user in _VISITORS]


def removals(ask: Ask, rows: Iterable[Row]) -> list[Ask]:
    """The requests that remove, of the rows that an answer showed, those of our making."""
    return [_removal(ask.user, str(row["id"])) for row in rows if is_ours(row)]


def _removal(user: str, id_: str) -> Ask:
    return Ask(user, "DELETE", f"{CONTACTS}/{id_}")
