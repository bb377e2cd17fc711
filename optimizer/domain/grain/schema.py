"""What is known of the database: relations, types, keys, and what only its owner can declare."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from optimizer.domain.sql.kinds import OTHER, Kind

COUNTED = ("int", "bool", "uuid", "enum")  # kinds of which equal values have one canonical form


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to rows of `target`; relations are named `schema.name`."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    name: str = ""  # the constraint's, where it is known


@dataclass(frozen=True, slots=True)
class Declared:
    """What no document of the upstream tells of a relation; None: nobody has declared it."""

    # Relations that its policies, its view's query or its computed columns read.
    sources: frozenset[str] | None = None
    # Relations that its triggers write, or that a view writes through to.
    targets: frozenset[str] | None = None
    # Columns whose value may differ from the payload's or change without it: triggers, generated.
    rewritten: frozenset[str] | None = None
    # Whether texts that differ in any byte differ: all collations are deterministic.
    exact_text: bool = False
    # Columns that are never told apart by value: domains with casts of their own, for example.
    uncounted: frozenset[str] = frozenset()
    # The policies' USING and WITH CHECK both say that this column is the caller's `sub`.
    owner_column: str = ""
    # Like `sources`, without a promise that these are all.
    also: frozenset[str] = frozenset()

    @property
    def reads(self) -> frozenset[str]:
        """Every source that was declared."""
        return self.also | (self.sources or frozenset())


@dataclass(frozen=True)
class Relation:
    """A table or a view."""

    name: str
    kinds: Mapping[str, Kind]
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    declared: Declared = field(default_factory=Declared)

    @property
    def is_fine(self) -> bool:
        """Whether rows and values may be told apart: nothing unknown reads or writes behind it."""
        return self.declared.sources is not None and self.declared.targets is not None

    @cached_property
    def counted(self) -> dict[str, Kind]:
        """The columns whose values have tags."""
        return {name: kind for name, kind in self.kinds.items() if self._counts(name, kind)}

    @cached_property
    def perhaps(self) -> tuple[str, ...]:
        """The columns whose values have tags in a process that has heard more of them."""
        texts = (name for name, kind in self.kinds.items() if kind.name == "text")
        return tuple(name for name in texts if name not in self.counted)

    @cached_property
    def certain(self) -> dict[str, Kind]:
        """The kinds of columns by which filters are decided as PostgreSQL decides them."""
        return {name: self._certain(name, kind) for name, kind in self.kinds.items()}

    def may_rewrite(self, column: str) -> bool:
        """Whether the database may put another value into a column than the payload says."""
        return self.declared.rewritten is None or column in self.declared.rewritten

    def _certain(self, name: str, kind: Kind) -> Kind:
        is_text = "text" in (kind.name, kind.element and kind.element.name)
        fuzzy = is_text and not self.declared.exact_text
        return OTHER if fuzzy or name in self.declared.uncounted else kind

    def _counts(self, name: str, kind: Kind) -> bool:
        text = kind.name == "text" and self.declared.exact_text
        return (text or kind.name in COUNTED) and name not in self.declared.uncounted


@dataclass(frozen=True, slots=True)
class Routine:
    """A function: the relations that it reads and writes, where that is declared."""

    reads: frozenset[str] | None = None
    writes: frozenset[str] | None = None


@dataclass(frozen=True)
class Schema:
    """Everything that is known; relations and functions are named `schema.name`.

    `keys_complete` declares that no foreign key is missing: PostgREST's document leaves out those
    of several columns, those from or to other schemas, and a column's second one.
    """

    relations: Mapping[str, Relation] = field(default_factory=dict)
    routines: Mapping[str, Routine] = field(default_factory=dict)
    keys_complete: bool = False

    def sources_of(self, names: Iterable[str]) -> frozenset[str]:
        """The declared sources of these relations, and theirs, and so on."""
        return _reached(names, lambda name: self._declared(name).reads)

    def written_by(self, name: str) -> frozenset[str]:
        """What triggers write when a relation is written, or a view writes through to.

        Where sources are declared and targets are not, the relation may be a view on them. A
        trigger may delete, so what hangs below its targets counts, as far as it is known.
        """
        targets = _reached([name], self._targets)
        return targets.union(*map(self._known_below, targets))

    def below(self, name: str) -> frozenset[str] | None:
        """What a vanished or changed key reaches along foreign keys and triggers; None: unknown."""
        if not (self.keys_complete and self._is_shown(name)):
            return None
        return self._known_below(name)

    def _known_below(self, name: str) -> frozenset[str]:
        return _reached([name], lambda n: (*self._targets(n), *self._referrers.get(n, ())))

    def hides(self, name: str) -> bool:
        """Whether a relation is not among those that the document shows of its schema.

        A partition is not, whose rows are another table's.
        """
        return name not in self.relations and name.partition(".")[0] in self._shown

    def referenced(self, name: str) -> frozenset[str]:
        """The columns of a relation that foreign keys refer to, its primary key among them."""
        relation = self.relations.get(name)
        own = relation.key if relation else ()
        return frozenset({*own, *self._referenced.get(name, ())})

    def _is_shown(self, name: str) -> bool:
        relation = self.relations.get(name)
        return relation is not None and bool(relation.kinds)

    @cached_property
    def _shown(self) -> frozenset[str]:
        """The schemas that the document tells of."""
        names = (relation.name for relation in self.relations.values() if relation.kinds)
        return frozenset(name.partition(".")[0] for name in names)

    def _declared(self, name: str) -> Declared:
        relation = self.relations.get(name)
        return relation.declared if relation else Declared()

    def _targets(self, name: str) -> Iterable[str]:
        declared = self._declared(name)
        return declared.reads if declared.targets is None else declared.targets

    @cached_property
    def _referrers(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for relation in self.relations.values():
            for key in relation.foreign_keys:
                found[key.target].add(relation.name)
        return found

    @cached_property
    def _referenced(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for relation in self.relations.values():
            for key in relation.foreign_keys:
                found[key.target].update(key.target_columns)
        return found


def _reached(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """Whatever is one step or more away; the start itself only where a step leads back."""
    found: set[str] = set()
    edge = list(start)
    while edge:
        fresh = set(step(edge.pop())) - found
        found |= fresh
        edge += fresh
    return frozenset(found)
