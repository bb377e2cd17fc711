"""Every table that was asked, to be sorted by what matters."""

from collections.abc import Callable, Mapping, Sequence

from dashboard.content import Cell, Column, Content, Listing, Tile, cell, link, tile
from dashboard.formats import Measure, change, count, duration, percent, size
from dashboard.page import Page, Scene
from dashboard.pages.relations import address_of
from dashboard.traffic import avoided_bytes_share, avoided_share, needed_bytes, to_supabase
from optimizer import selectors
from optimizer.domain.figures import Figures, summed

Make = Callable[[Figures], Cell]
By = Mapping[str, Figures]


def _number(take: Callable[[Figures], int]) -> Make:
    return lambda f: cell(count(take(f)), take(f))


def _share(take: Callable[[Figures], float | None]) -> Make:
    return lambda f: cell(percent(take(f)), take(f))


def _bytes(take: Callable[[Figures], int]) -> Make:
    return lambda f: cell(size(take(f)), take(f))


def _time(take: Callable[[Figures], float | None]) -> Make:
    return lambda f: cell(duration(take(f)), take(f))


HIT_RATE = (Column("hit_rate", "Hit rate"), _share(lambda f: f.hit_rate))
REQUESTS: Sequence[tuple[Column, Make]] = (
    (Column("asked", "Asked"), _number(lambda f: f.asked)),
    (Column("sent", "Sent"), _number(lambda f: f.sent)),
    (Column("avoided_share", "Avoided"), _share(avoided_share)),
    HIT_RATE,
    (Column("misses", "Misses"), _number(lambda f: f.misses)),
    (Column("bypassed", "Bypassed"), _number(lambda f: f.bypassed)),
    (Column("errors", "Errors"), _number(lambda f: f.errors)),
    (Column("writes", "Writes"), _number(lambda f: f.writes)),
    (Column("cached_seconds", "Cached"), _time(lambda f: f.seconds_cached)),
    (Column("fetched_seconds", "Fetched"), _time(lambda f: f.seconds_fetched)),
)
BYTES: Sequence[tuple[Column, Make]] = (
    (Column("needed_bytes", "Needed"), _bytes(needed_bytes)),
    (Column("received_bytes", "Received"), _bytes(lambda f: f.received)),
    (Column("avoided_bytes", "Avoided"), _bytes(lambda f: f.avoided_bytes)),
    (Column("avoided_bytes_share", "Avoided share"), _share(avoided_bytes_share)),
    HIT_RATE,
    (Column("uploaded_bytes", "Sent up"), _bytes(lambda f: f.uploaded)),
    (Column("asked", "Asked"), _number(lambda f: f.asked)),
)


def build(scene: Scene) -> Content:
    """Read the sums of each table, and of the period before where that is compared."""
    before = selectors.relations(scene.wanted.before()) if scene.asked.compare else None
    found = selectors.relations(scene.wanted)
    addresses = {name: address_of(scene, name) for name in found}
    return tables(found, before, addresses, scene.asked.sort, in_bytes=scene.asked.in_bytes)


def tables(
    found: By, before: By | None, addresses: Mapping[str, str], sort: str, *, in_bytes: bool
) -> Content:
    """The page of some tables."""
    made = [*(BYTES if in_bytes else REQUESTS)]
    columns = [Column("relation", "Table", numeric=False), *(column for column, _ in made)]
    rows = [
        [link(name, addresses[name]), *(make(figures) for _, make in made)]
        for name, figures in found.items()
    ]
    if before is not None:
        columns.append(Column("change", f"{made[0][0].label}, against before"))
        rows = [[*row, _changed(found, before, str(row[0].raw), made[0][1])] for row in rows]
    caption = "Each table or view that was asked in this range; its name leads to its own page."
    usual = f"-{made[0][0].key}"
    listing = Listing("tables", "Tables", caption, columns, rows, sort=sort or usual)
    return Content(tiles=_tiles(found, in_bytes=in_bytes), sections=[listing], empty=not found)


def _changed(found: By, before: By, name: str, make: Make) -> Cell:
    """How much more of the first column there is than in the period before."""
    now, then = make(found[name]).raw, make(before.get(name, Figures())).raw
    if not isinstance(now, int) or not isinstance(then, int) or not then:
        return Cell("new" if now else "", None)
    return Cell(change(now, then), (now - then) / then)


def _tiles(found: By, *, in_bytes: bool) -> list[Tile]:
    total = summed(found.values())
    first = tile("tables", "Tables asked", Measure(count(len(found))), "in this range")
    if in_bytes:
        needed, got = size(needed_bytes(total)), size(total.received)
        return [
            first,
            tile("needed-bytes", "Bytes needed", needed, "without the cache"),
            tile("received-bytes", "Bytes received", got, "from Supabase"),
            _most(found, lambda f: f.received),
        ]
    return [
        first,
        tile("asked", "Calls asked", Measure(count(total.asked)), "of all tables"),
        tile("sent", "Calls sent", Measure(count(total.sent)), to_supabase(total)),
        _most(found, lambda f: f.sent),
    ]


def _most(found: By, take: Callable[[Figures], int]) -> Tile:
    """Which table had the largest part of what the tile before says."""
    total = sum(take(figures) for figures in found.values())
    most = max(found, key=lambda name: take(found[name]), default="")
    share = take(found[most]) / total if total else None
    return tile("most", "Largest share of these", percent(share), most if total else "none")


PAGE = Page("tables", "Tables", "tables/", build)
