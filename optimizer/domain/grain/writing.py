"""Write → the tags that it touches: before it leaves, and as its answer narrows them."""

from typing import Any

from optimizer.domain import tags
from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain import returned
from optimizer.domain.grain.asked import Texts
from optimizer.domain.grain.doubts import contradicted
from optimizer.domain.grain.evidence import NOTHING, Evidence, Outcome, beyond, touched
from optimizer.domain.grain.ours import as_update
from optimizer.domain.grain.pins import Key, Pins, Values, keys_in, pins, values_in
from optimizer.domain.grain.reading import owned
from optimizer.domain.grain.requests import Row, Write, may_move
from optimizer.domain.grain.schema import Relation, Schema

Rows = tuple[Row, ...] | None


def widest(write: Write, schema: Schema) -> frozenset[str]:
    """Every tag that the write might touch: what its marker covers."""
    return _touched(write, schema, None)


def narrowed(
    write: Write, schema: Schema, answer: Answer, texts: Texts | None = None
) -> frozenset[str]:
    """The tags that it touched, by its answer. An unknown outcome never narrows anything."""
    return outcome(write, schema, answer, texts).touched


def outcome(write: Write, schema: Schema, answer: Answer, texts: Texts | None = None) -> Outcome:
    """What its answer proves; `texts` are the filters by which reads of its relation are kept."""
    if returned.changed_nothing(write, answer):
        return Outcome(frozenset())
    rows, name = returned.shown(write, answer), write.change.name
    found = _touched(write, schema, rows, texts)
    doubted = contradicted(write, schema.relations.get(name), rows)
    return Outcome(found | {tags.of_relation(name)} if doubted else found, doubted)


def by_filters(write: Write, schema: Schema) -> bool:
    """Whether its answer could leave alone what is kept by filters, were they known."""
    relation = schema.relations.get(write.change.name)
    return write.shows and relation is not None and relation.is_fine


def _touched(
    write: Write, schema: Schema, rows: Rows, texts: Texts | None = None
) -> frozenset[str]:
    change = write.change
    if change.operation is Operation.RPC:
        ours = as_update(write)
        return _touched(ours, schema, None) if ours else _by_function(write, schema)
    vanishes = change.operation is Operation.DELETE
    relation = schema.relations.get(change.name)
    if relation is None or not relation.kinds:
        return _coarse(write, schema, vanishes or may_move(write))
    proof = _Proof(relation, write, rows)
    vanishes = vanishes or proof.moves_key(schema)
    return proof.tags(texts) | beyond(schema, change.name, vanishes=vanishes)


def _coarse(write: Write, schema: Schema, vanishes: bool) -> frozenset[str]:
    own = frozenset({tags.of_relation(write.change.name)})
    return own | beyond(schema, write.change.name, vanishes=vanishes)


def _by_function(write: Write, schema: Schema) -> frozenset[str]:
    """Nothing is known of a function's deletes, so all that hangs below counts."""
    change = write.change
    routine = schema.routines.get(f"{change.schema}.{change.relation.removeprefix('rpc/')}")
    if routine is None or routine.writes is None:
        return frozenset({tags.EVERYTHING})
    below = (beyond(schema, name, vanishes=True) for name in routine.writes)
    return frozenset(map(tags.of_relation, routine.writes)).union(*below)


class _Proof:
    """What is proven of one write to a known relation; `rows` are those that its answer shows."""

    def __init__(self, relation: Relation, write: Write, rows: Rows) -> None:
        self._relation = relation
        self._write = write
        self._rows = rows
        self._operation = _effect(write)
        # A POST's filters are not looked at, and those of a PUT are on what is sent.
        filtered = self._operation in (Operation.UPDATE, Operation.DELETE)
        self._pins = pins(write.question, relation) if filtered and write.question else Pins()
        self._own = owned(relation, write.caller)  # what the policy says of each of its rows

    def tags(self, texts: Texts | None) -> frozenset[str]:
        """The tags of the relation itself."""
        found = touched(self._relation, self._evidence(), texts)
        owner = self._relation.declared.owner_column
        if owner in self._relation.counted and self._is_any_owners():
            found |= {tags.of_column(self._relation.name, owner)}
        return found

    def moves_key(self, schema: Schema) -> bool:
        """Whether a column that foreign keys refer to may get another value in a standing row."""
        if self._operation not in (Operation.UPDATE, Operation.UPSERT):
            return False
        referenced = schema.referenced(self._relation.name)
        return any(map(self._may_change, referenced))

    def _evidence(self) -> Evidence:
        columns = list(self._relation.counted)
        before = {c: self._before(c) for c in columns}
        after = {c: self._after(c) for c in columns}
        return Evidence(
            self._keys(),
            {c: values for c, values in before.items() if values is not None},
            {c: values for c, values in after.items() if values is not None},
            self._operation is not Operation.INSERT and any(map(self._may_change, self._key)),
            self._seen(),
        )

    def _seen(self) -> Rows:
        """Every row as it is and, as far as that is sure, as it was."""
        if self._rows is None or self._operation is Operation.INSERT:
            return self._rows
        was = tuple(self._was(row) | dict(self._pins.values) | self._own for row in self._rows)
        return was if self._operation is Operation.DELETE else (*was, *self._rows)

    def _was(self, row: Row) -> dict[str, Any]:
        gone = self._operation is Operation.DELETE
        return {name: value for name, value in row.items() if gone or self._stays(name)}

    # ---- which columns change

    @property
    def _key(self) -> tuple[str, ...]:
        return self._relation.key

    def _sets(self, column: str) -> bool:
        return self._write.columns is None or column in self._write.columns

    def _may_change(self, column: str) -> bool:
        """Whether a standing row may get another value here."""
        if self._operation in (Operation.INSERT, Operation.DELETE):
            return False
        if self._operation is Operation.UPSERT and self._on_key and column in self._key:
            return self._is_rewritten(column)
        if not self._sets(column):
            return self._is_rewritten(column)
        same = self._pins.values.get(column)
        return (
            same is None or self._is_rewritten(column) or self._given(column) != frozenset({same})
        )

    def _is_rewritten(self, column: str) -> bool:
        """Declared so: what nobody declared rewrites no key."""
        return column in (self._relation.declared.rewritten or ())

    @property
    def _on_key(self) -> bool:
        conflict = self._write.conflict
        return bool(self._key) and (conflict is None or conflict == frozenset(self._key))

    # ---- which rows

    def _keys(self) -> frozenset[Key] | None:
        """The keys of the rows that stood before, and new ones where the payload names them."""
        if self._operation is Operation.INSERT:
            return frozenset()
        if self._operation is Operation.UPSERT:
            return self._upserted()
        found = self._pins.rows
        if found is None and self._shows_old_keys():
            found = keys_in(self._relation, self._rows)
        if found is None:
            return None
        new = keys_in(self._relation, self._rows) or keys_in(self._relation, self._write.payload)
        return found | (new or frozenset())

    def _shows_old_keys(self) -> bool:
        """Whether the keys in the answer are those that the rows had before."""
        gone = self._operation is Operation.DELETE
        return gone or not any(self._sets(c) or self._relation.may_rewrite(c) for c in self._key)

    def _upserted(self) -> frozenset[Key] | None:
        """Only a conflict on the key itself tells which row is overwritten."""
        if not self._on_key:
            return None
        shown = keys_in(self._relation, self._rows)
        if shown is not None or any(map(self._relation.may_rewrite, self._key)):
            return shown
        return keys_in(self._relation, self._write.payload)

    # ---- which values

    def _before(self, column: str) -> Values | None:
        if self._operation is Operation.INSERT:
            return NOTHING
        if column in self._own:
            return frozenset({self._own[column]})
        if column in self._pins.values:
            return frozenset({self._pins.values[column]})
        if self._operation is Operation.DELETE or self._stays(column):
            shown = values_in(self._relation, self._rows, column)
            return self._given(column) if shown is None else shown
        return None

    def _after(self, column: str) -> Values | None:
        if self._operation is Operation.DELETE:
            return NOTHING
        if column in self._own:
            return frozenset({self._own[column]})
        shown = values_in(self._relation, self._rows, column)
        if shown is not None:
            return shown
        if self._operation is not Operation.INSERT and self._stays(column):
            return self._before(column)
        return None if self._relation.may_rewrite(column) else self._given(column)

    def _stays(self, column: str) -> bool:
        """Whether a standing row keeps its value, and that is proven: it is not set, or it is what
        an upsert found the row by."""
        if self._operation is Operation.UPSERT and self._on_key and column in self._key:
            return not self._relation.may_rewrite(column)
        return not (self._sets(column) or self._relation.may_rewrite(column))

    def _given(self, column: str) -> Values | None:
        """The values that the payload puts into a column, where every row of it has one.

        Blanks at the end may be cut off to fit the column's length.
        """
        if not self._sets(column) or self._operation is Operation.DELETE:
            return None
        found = values_in(self._relation, self._write.payload, column)
        return None if found is None or any(v.endswith(" ") for v in found) else found

    def _is_any_owners(self) -> bool:
        """Whether the policy proves nothing of the owners: its caller passes by it, or the owner
        changes."""
        if not self._own:
            return True
        owner = self._relation.declared.owner_column
        given = self._operation is not Operation.DELETE and self._sets(owner)
        return given and self._given(owner) != frozenset(self._own.values())


def _effect(write: Write) -> Operation:
    """An upsert that leaves standing rows alone is an insert."""
    operation = write.change.operation
    return Operation.INSERT if operation is Operation.UPSERT and write.ignores else operation
