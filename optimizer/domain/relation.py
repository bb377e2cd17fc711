"""Names of relations: `contacts` and `api.contacts`, alone or in a list with commas."""


def split_name(table: str, default_schema: str) -> tuple[str, str]:
    """The schema and the bare name of a table that is named with or without its schema."""
    schema, dot, name = table.rpartition(".")
    return (schema, name) if dot else (default_schema, name)


def names_in(text: str) -> tuple[str, ...]:
    """The names of a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
