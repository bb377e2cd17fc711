"""Write → the tags that it touches: before it leaves, and as its answer narrows them."""

from optimizer.domain import tags
from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain import returned
from optimizer.domain.grain.evidence import NOTHING, Evidence, Values, beyond, touched
from optimizer.domain.grain.pins import Key, Pins, key_of, pins, value_of
from optimizer.domain.grain.reading import owned
from optimizer.domain.grain.requests import Row, Write
from optimizer.domain.grain.schema import Relation, Schema

Rows = tuple[Row, ...] | None


def widest(write: Write, schema: Schema) -> frozenset[str]:
    """Every tag that the write might touch: what its marker covers."""
    return _touched(write, schema, None)


def narrowed(write: Write, schema: Schema, answer: Answer) -> frozenset[str]:
    """The tags that it touched, by its answer. An unknown outcome never narrows anything."""
    if returned.changed_nothing(write, answer):
        return frozenset()
    return _touched(write, schema, returned.shown(write, answer))


def _touched(write: Write, schema: Schema, rows: Rows) -> frozenset[str]:
    change = write.change
    if change.operation is Operation.RPC:
        return _by_function(write, schema)
    vanishes = change.operation is Operation.DELETE
    relation = schema.relations.get(change.name)
    if relation is None:
        return _coarse(write, schema, vanishes)
    proof = _Proof(relation, write, rows)
    vanishes = vanishes or proof.moves_key(schema)
    return proof.tags() | beyond(schema, change.name, vanishes=vanishes)


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
        self._pins = pins(write.question, relation) if write.question else Pins()
        self._operation = _effect(write)
        self._own = owned(relation, write.caller)  # what the policy says of each of its rows

    def tags(self) -> frozenset[str]:
        """The tags of the relation itself."""
        found = touched(self._relation, self._evidence())
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
        )

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
            found = _keys_in(self._relation, self._rows)
        if found is None:
            return None
        new = _keys_in(self._relation, self._rows) or _keys_in(self._relation, self._write.payload)
        return found | (new or frozenset())

    def _shows_old_keys(self) -> bool:
        """Whether the keys in the answer are those that the rows had before."""
        gone = self._operation is Operation.DELETE
        return gone or not any(self._sets(c) or self._relation.may_rewrite(c) for c in self._key)

    def _upserted(self) -> frozenset[Key] | None:
        """Only a conflict on the key itself tells which row is overwritten."""
        if not self._on_key:
            return None
        shown = _keys_in(self._relation, self._rows)
        if shown is not None or any(map(self._relation.may_rewrite, self._key)):
            return shown
        return _keys_in(self._relation, self._write.payload)

    # ---- which values

    def _before(self, column: str) -> Values | None:
        if self._operation is Operation.INSERT:
            return NOTHING
        if column in self._own:
            return frozenset({self._own[column]})
        if column in self._pins.values and self._operation is not Operation.UPSERT:
            return frozenset({self._pins.values[column]})
        if self._operation is Operation.DELETE or self._stays(column):
            shown = _values_in(self._relation, self._rows, column)
            return self._given(column) if shown is None else shown
        return None

    def _after(self, column: str) -> Values | None:
        if self._operation is Operation.DELETE:
            return NOTHING
        if column in self._own:
            return frozenset({self._own[column]})
        shown = _values_in(self._relation, self._rows, column)
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
        found = _values_in(self._relation, self._write.payload, column)
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


def _keys_in(relation: Relation, rows: Rows) -> frozenset[Key] | None:
    """The keys of rows, where each of them has one."""
    found = [key_of(relation, row) for row in rows or ()]
    known = frozenset(key for key in found if key is not None)
    return known if rows is not None and None not in found else None


def _values_in(relation: Relation, rows: Rows, column: str) -> Values | None:
    """The values of a column in rows, where each of them has it or says that it is NULL."""
    if rows is None:
        return None
    found = set()
    for row in rows:
        value = value_of(relation, row, column)
        if value is not None:
            found.add(value)
        elif column not in row or row[column] is not None:
            return None
    return frozenset(found)
