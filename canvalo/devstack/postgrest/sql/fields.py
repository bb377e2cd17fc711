"""Terms → SQL expressions: columns, JSON paths, casts, aggregates, order."""

from ..catalog.model import Name
from ..plan.nodes import Export, Picked, Sort, Term
from ..query import JsonStep
from .fragments import Parameters, column, identifier


def value(p: Parameters, row: Name, term: Term) -> str:
    """The term's value in a row."""
    if term.is_row:
        return "1"  # anything that is not null will do to be counted
    plain = column(row, term.name)
    if not term.path:
        return plain
    is_json = term.base_type in ("json", "jsonb")
    steps = "".join(_step(p, step) for step in term.path)
    return (plain if is_json else f"to_jsonb({plain})") + steps


def _step(p: Parameters, step: JsonStep) -> str:
    arrow = "->>" if step.as_text else "->"
    return f"{arrow}{p.add(step.key)}" + ("::int" if step.is_index else "")


def picked(p: Parameters, row: Name, item: Picked) -> str:
    """A column of a select list."""
    text = value(p, row, item.term)
    if item.term.convert:
        text = f"{item.term.convert}({text})"
    text = _cast(text, item.cast)
    return _named(_aggregated(text, item.aggregate, item.aggregate_cast), item.alias)


def exported(lateral: str, item: Export) -> str:
    """A column of a spread relation in its parent's select list."""
    text = column(Name("", lateral), item.name)
    return _named(_aggregated(text, item.aggregate, item.aggregate_cast), item.alias)


def _aggregated(text: str, aggregate: str | None, cast: str | None) -> str:
    return _cast(f"{aggregate}({text})", cast) if aggregate else text


def _cast(text: str, type_name: str | None) -> str:
    # Unquoted, for `int` and its like are grammar, not names; the parser let only words through.
    return f"CAST( {text} AS {type_name} )" if type_name else text


def _named(text: str, alias: str | None) -> str:
    return text if alias is None else f"{text} AS {identifier(alias)}"


def sort_value(p: Parameters, row: Name, sort: Sort) -> str:
    """What a node is ordered by."""
    return value(p, Name("", sort.embed) if sort.embed else row, sort.term)


def sort_direction(sort: Sort) -> str:
    """The direction and the place of nulls, with a blank before each."""
    direction = f" {sort.direction}" if sort.direction else ""
    place = {"nullsfirst": " NULLS FIRST", "nullslast": " NULLS LAST"}
    return direction + (place[sort.nulls] if sort.nulls else "")


def order_by(p: Parameters, row: Name, order: tuple[Sort, ...]) -> str:
    """An ORDER BY clause, or nothing."""
    terms = [sort_value(p, row, sort) + sort_direction(sort) for sort in order]
    return f"ORDER BY {', '.join(terms)}" if terms else ""
