"""Names of relations: `contacts` and `api.contacts`."""


def split_name(table: str, default_schema: str) -> tuple[str, str]:
    """The schema and the bare name of a table that is named with or without its schema."""
    schema, dot, name = table.rpartition(".")
    return (schema, name) if dot else (default_schema, name)
