"""Random filters in PostgREST's words: every operator, on the columns that it is for."""

import json

from .specs import FORMS, values

ANY = ["eq", "neq", "gt", "gte", "lt", "lte", "in", "isdistinct", "is"]
TEXT = ["like", "ilike", "match", "imatch", "fts", "plfts", "phfts", "wfts", "like"]
ARRAY = ["cs", "cd", "ov"]
RANGE = ["cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj"]
DOCUMENT = ["cs", "cd"]
TEXTS = ("text", "varchar(4) default 'new'")
WORDS = {"is": ["null", "not_null"], "ok": ["true", "false", "unknown", "null"]}
PATTERNS = ["*b*", "a_b", "A%", "*", "_o_", "50\\%", "x,*"]


def spelled(random, column, value):
    """One of several spellings of a value in a filter."""
    if value is None:
        value = values(column)[0]
    if isinstance(value, bool):
        return random.choice(["true", "t", "on"] if value else ["false", "f", "off"])
    if isinstance(value, int):
        forms = ["{}", "{}", "0{}"] + (["{}.0"] if column in ("score", "ratio") else [])
        return random.choice(forms).format(value)
    if isinstance(value, list):
        return "{" + ",".join("NULL" if one is None else str(one) for one in value) + "}"
    if isinstance(value, dict):
        return json.dumps(value)
    return _text(random, column, str(value))


def _text(random, column, value):
    if column == "at":
        return random.choice([value, value.replace("+00:00", "Z"), value[:19]])
    if column.endswith("uid") or column == "other":
        return random.choice([value, value.upper(), value.replace("-", "")])
    return value


def one(random, column, *, plain=False):
    """An operation on a column: its operator, and what follows the name, in a tree or outside."""
    operator = random.choice(_operators(random, column))
    value = _operand(random, column, operator, plain)
    if operator in ("eq", "gt", "like") and random.chance(10):
        listed = ",".join(_in_array(random, column, operator) for _ in range(2))
        operator, value = f"{operator}({random.choice(['any', 'all'])})", "{" + listed + "}"
    negated = "not." if random.chance(25) else ""
    return operator.partition("(")[0], f"{negated}{operator}.{value}"


def _operators(random, column):
    form = FORMS.get(column, "")
    own = {"int[]": ARRAY, "int4range": RANGE, "jsonb": DOCUMENT}.get(form, [])
    own = TEXT if form in TEXTS or column in ("slug", "two", "who") else own
    return own if own and random.chance(50) else ANY


def _in_array(random, column, operator):
    if operator == "like":
        return "*b*"
    return quoted(spelled(random, column, random.choice(values(column))))


def _operand(random, column, operator, plain):
    if operator == "is":
        return random.choice(WORDS.get(column, WORDS["is"]))
    if operator == "in":
        found = [spelled(random, column, random.choice(values(column))) for _ in range(2)]
        return f"({','.join(map(quoted, found))})"
    if operator in TEXT:
        found = random.choice(PATTERNS) if operator.endswith("like") else "bob"
    elif operator == "cs" and column == "doc" and random.chance(50):
        found = '{"a":1}'
    else:
        found = spelled(random, column, random.choice(values(column)))
    return found if plain else quoted(found)


def quoted(text):
    """As a value stands in lists and trees."""
    if text.startswith("{") and '"' not in text:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pin(random, column):
    """An `eq` or an `in`."""
    if random.chance(70):
        return column, f"eq.{spelled(random, column, random.choice(values(column)))}"
    found = [spelled(random, column, random.choice(values(column))) for _ in range(2)]
    return column, f"in.({','.join(map(quoted, found))})"


def loose(random, table):
    """A filter that may pin nothing: one condition, one of a JSON path, or a tree."""
    columns = table.readable
    if "doc" in columns and random.chance(10):
        return random.choice([("doc->>a", "eq.x"), ("doc->a", "eq.1"), ("doc->b->>0", "is.null")])
    if random.chance(70):
        column = random.choice(columns)
        return column, one(random, column, plain=True)[1]
    name = random.choice(["or", "or", "and", "not.or", "not.and"])
    return name, f"({','.join(_term(random, columns) for _ in range(2))})"


def _term(random, columns, depth=0):
    if depth < 2 and random.chance(20):
        terms = ",".join(_term(random, columns, depth + 1) for _ in range(2))
        return f"{random.choice(['or', 'not.and'])}({terms})"
    column = random.choice(columns)
    return f"{column}.{one(random, column)[1]}"
