"""Fields of a request → terms: with the column's type, where the catalog knows it."""

from dataclasses import replace

from ..catalog.model import Catalog, Name
from ..query import Field
from .nodes import Term


def plain(catalog: Catalog, table: Name, field: Field) -> Term:
    """The field as it stands in the database."""
    column = catalog.columns_of(table).get(field.name)
    if column is None:
        return Term(field.name, field.path)
    return Term(field.name, field.path, column.type, column.base_type)


def output(catalog: Catalog, table: Name, field: Field) -> Term:
    """The field as an answer shows it: a domain may have a JSON form of its own."""
    term = plain(catalog, table, field)
    return replace(term, convert=catalog.representations.get((term.type, "json")))


def compared(catalog: Catalog, table: Name, field: Field) -> Term:
    """The field as a filter's text is compared with it."""
    term = plain(catalog, table, field)
    return replace(term, convert=catalog.representations.get(("text", term.type)))


def written(catalog: Catalog, table: Name, name: str) -> Term:
    """The column as a JSON payload fills it; `type` is what the JSON is read as."""
    term = plain(catalog, table, Field(name))
    convert = catalog.representations.get(("json", term.type))
    return replace(term, type="json", convert=convert) if convert else term
