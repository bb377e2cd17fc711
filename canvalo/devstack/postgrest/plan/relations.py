"""Which relationship an embedded relation of the request means."""

from .. import lookup_errors
from ..catalog.model import COMPUTED, MANY_TO_ONE, ONE_TO_MANY, Catalog, Name, Relationship
from ..query import SelectRelation


def find(catalog: Catalog, origin: Name, wanted: SelectRelation) -> Relationship:
    """The one relationship from `origin` that fits; raises `Refusal` for none and for several."""
    candidates = lookup_errors.relationships_within(origin, catalog)
    found = [rel for rel in candidates if _fits(rel, wanted.name, wanted.hint)]
    if not found:
        raise lookup_errors.no_relationship(origin, wanted.name, wanted.hint, catalog)
    if len(found) > 1:
        raise lookup_errors.ambiguous_relationship(origin, wanted.name, found)
    return found[0]


def _fits(rel: Relationship, target: str, hint: str | None) -> bool:
    if rel.cardinality == COMPUTED:
        return rel.function is not None and rel.function.name == target
    if rel.is_self:
        return _fits_self(rel, target, hint)
    if hint is not None:
        return rel.target.name == target and _hinted(rel, hint)
    return rel.target.name == target or (not rel.target_is_view and _names_key(rel, target))


def _fits_self(rel: Relationship, target: str, hint: str | None) -> bool:
    """One foreign key, two directions: the relation's name means its children, the column's name
    the parent."""
    children = rel.cardinality == ONE_TO_MANY and rel.target.name == target
    if hint is not None:
        return children and _own_and_other(rel)[1] == hint
    return children or (rel.cardinality == MANY_TO_ONE and _own_and_other(rel)[0] == target)


def _hinted(rel: Relationship, hint: str) -> bool:
    if rel.junction:
        return rel.junction.table.name == hint
    return rel.constraint == hint or hint in _own_and_other(rel)


def _names_key(rel: Relationship, target: str) -> bool:
    return not rel.junction and target in (rel.constraint, _own_and_other(rel)[0])


def _own_and_other(rel: Relationship) -> tuple[str | None, str | None]:
    """The two columns of a foreign key that has just one on each side."""
    return rel.columns[0] if len(rel.columns) == 1 else (None, None)
