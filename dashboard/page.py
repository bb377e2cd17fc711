"""A page as the frame sees it: where it stands, what it may ask, and who builds it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.urls import reverse

from dashboard.asked import RANGES, Asked
from dashboard.content import Content
from dashboard.marks import Mark
from optimizer.domain.recency import Freshness
from optimizer.domain.request import Wanted

RANGE, COMPARE, UNIT = "range", "compare", "unit"  # the controls of a page's head
ALL_CONTROLS = (RANGE, COMPARE, UNIT)


@dataclass(frozen=True, slots=True)
class Scene:
    """What every page is built from: the question, its time, and how new the data is."""

    asked: Asked
    wanted: Wanted
    now: datetime
    zone: tzinfo
    fresh: Freshness
    marks: Sequence[Mark] = ()
    may_change: bool = False  # whether links to the settings lead anywhere
    shared: bool = False  # by a link: it shows figures, not who works here

    @property
    def query(self) -> str:
        """The state of the page for a link to another page, with its question mark."""
        return self.asked.with_(sort="").query(self.zone)

    def address(self, page: str, **kwargs: str) -> str:
        """The address of another page in this state."""
        return reverse(f"dashboard:{page}", kwargs=kwargs or None) + self.query


def nothing(scene: Scene) -> object:
    """A page that shows stored series alone changes with them."""
    return None


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `build` reads through `optimizer.selectors` and answers what to show."""

    name: str  # in addresses and for `reverse`
    title: str
    path: str  # below the root; may hold `<str:relation>`
    build: Callable[[Scene], Content]
    controls: Sequence[str] = ALL_CONTROLS
    ranges: Sequence[str] = RANGES  # that the picker offers; the first is the usual one
    in_menu: bool = True
    under: str = ""  # the page of the menu that this one belongs to
    version: Callable[[Scene], object] = nothing  # what else its ETag depends on
    template: str = "dashboard/page.html"
    says: str = ""  # one sentence below the figures on how they were counted

    def kwargs(self, asked: Asked) -> dict[str, str]:
        """The parts of its path."""
        return {"relation": asked.relation} if "<" in self.path else {}

    def heading(self, asked: Asked) -> str:
        """What stands at its head."""
        return asked.relation or self.title
