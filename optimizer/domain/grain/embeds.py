"""Which other relations a question reads: embedded ones, junction tables, computed columns.

What PostgREST would choose between several ways is not decided here: every way that there may be
counts. A name that leads nowhere known makes the question unresolved.
"""

from collections.abc import Iterator

from optimizer.domain.grain.schema import Relation, Schema
from optimizer.domain.language.filters import Path
from optimizer.domain.language.question import Question
from optimizer.domain.language.selects import Embed, Item, columns_of, embeds_of


class Unresolved(Exception):  # noqa: N818 - an answer to "which relations?", caught at the entry
    """A name that the schema does not explain."""


def relations_read(schema: Schema, relation: Relation, question: Question) -> set[str] | None:
    """The relations that a question reads beside its own; None where one is not resolved."""
    try:
        found = _Walk(schema, question)
        found.visit(relation, question.select, ())
    except Unresolved:
        return None
    return found.names if found.paths >= question.paths else None


class _Walk:
    """Goes through a select tree and collects what it reads."""

    def __init__(self, schema: Schema, question: Question) -> None:
        self._schema = schema
        self._question = question
        self.names: set[str] = set()
        self.paths: set[Path] = {()}

    def visit(self, relation: Relation, items: tuple[Item, ...], *paths: Path) -> None:
        """One relation of the tree, by the paths (names or aliases) that lead to it."""
        self.paths |= set(paths)
        embeds = list(embeds_of(items))
        labels = {label for embed in embeds for label in (embed.alias, embed.name)}
        named = {column.field.name for column in columns_of(items)} - {"*"}
        asked = {n for path in paths for n in self._question.names_at(path)} - labels
        if relation.kinds:  # otherwise nobody knows its columns
            self._computed(relation, (named | asked) - set(relation.kinds))
        for embed in embeds:
            self._embed(relation, embed, paths)

    def _embed(self, relation: Relation, embed: Embed, paths: tuple[Path, ...]) -> None:
        targets = list(_targets(self._schema, relation, embed))
        if not targets:
            raise Unresolved
        labels = {label for label in (embed.alias, embed.name) if label}
        below = [(*path, label) for path in paths for label in labels]
        for target, between in targets:
            self.names |= {target.name, *between}
            self.visit(target, embed.items, *below)

    def _computed(self, relation: Relation, columns: set[str]) -> None:
        """A column that the relation does not have is a function of its rows."""
        for column in columns:
            routine = self._schema.routines.get(f"{_schema_of(relation)}.{column}")
            if routine is None or routine.reads is None:
                raise Unresolved
            self.names |= routine.reads


Target = tuple[Relation, set[str]]  # with the junction tables that may lie between


def _targets(schema: Schema, relation: Relation, embed: Embed) -> Iterator[Target]:
    """Every relation that an embed may mean.

    It is named by the relation, by the constraint, or by the column that refers to it. A function
    of that name would come first in PostgREST, and may read anything; where its parameter has no
    name the document does not show it, and it counts once it is declared.
    """
    if f"{_schema_of(relation)}.{embed.name}" in schema.routines:
        raise Unresolved
    named = schema.relations.get(f"{_schema_of(relation)}.{embed.name}")
    if named is not None:
        yield named, _between(schema, relation, named, embed.hint)
    for key in relation.foreign_keys:
        if embed.name == key.name or (embed.name,) == key.columns:
            yield _known(schema, key.target), set()


def _known(schema: Schema, name: str) -> Relation:
    found = schema.relations.get(name)
    if found is None:
        raise Unresolved
    return found


def _between(schema: Schema, one: Relation, other: Relation, hint: str) -> set[str]:
    """The junction tables by which two relations may be joined; raises Unresolved for none known.

    With a direct key and a junction PostgREST wants a hint: the junction's name, or a key's.
    """
    junctions = set(_junctions(schema, one, other))
    hinted = f"{_schema_of(one)}.{hint}"
    if hint and hinted in schema.relations:
        junctions.add(hinted)
    if not (junctions or _refers(one, other) or _refers(other, one)):
        raise Unresolved
    if not (_refers(one, other) or _refers(other, one) or schema.keys_complete):
        raise Unresolved  # another junction may be the one, by a key that is not listed
    return junctions


def _refers(one: Relation, other: Relation) -> bool:
    return any(key.target == other.name for key in one.foreign_keys)


def _junctions(schema: Schema, one: Relation, other: Relation) -> Iterator[str]:
    for middle in schema.relations.values():
        if _refers(middle, one) and _refers(middle, other):
            yield middle.name


def _schema_of(relation: Relation) -> str:
    return relation.name.partition(".")[0]
