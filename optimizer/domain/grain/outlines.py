"""What of a schema tags rest on, as texts that processes compare: keys, types, foreign keys.

Two processes that know another type of a column would name one value by two tags.
"""

import json

from optimizer.domain.grain.schema import Relation, Schema
from optimizer.domain.sql.kinds import Kind

KEYS = ""  # under this name stand all foreign keys


def outlines(schema: Schema) -> dict[str, str]:
    """By relation its key and the types of its columns; and all foreign keys."""
    found = {name: _outline(relation) for name, relation in schema.relations.items()}
    keys = sorted(
        [name, key.columns, key.target, key.target_columns]
        for name, relation in schema.relations.items()
        for key in relation.foreign_keys
    )
    return {**found, KEYS: json.dumps(keys)}


def rested_on(schema: Schema) -> frozenset[str]:
    """The names of those outlines that tags of today rest on."""
    fine = {name for name, relation in schema.relations.items() if relation.is_fine}
    return frozenset(fine | ({KEYS} if schema.keys_complete else set()))


def _outline(relation: Relation) -> str:
    columns = {name: _said(kind) for name, kind in relation.kinds.items()}
    return json.dumps({"key": relation.key, "columns": columns}, sort_keys=True)


def _said(kind: Kind) -> str:
    """A type in one text, its name first."""
    within = [_said(kind.element)] if kind.element else []
    return " ".join([kind.name, *within, *map(json.dumps, kind.labels)])
