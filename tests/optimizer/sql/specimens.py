"""Columns of every type that matters, values for them, and operands to compare them with."""

import json
from dataclasses import dataclass
from random import Random

WORDS = ["", "a", "A", "ab", "a%b", "a_b", "a\\b", "x,y", 'q"q', "o'k", "(p)", "{c}", "é", "ß", "I",
         "i", " a ", "%", "_", "\\", "null", "NULL", "aXb", "a\nb", "日本", "ab" * 40]  # fmt: skip
PATTERNS = [
    "a%", "%b", "*b*", "a_b", "a\\%b", "a\\_b", "%", "", "_", "__", "%a%b%", "A*", "é%", "\\",
    "%\\", "a*B", "\\\\", "_b%", "I%", "i%", "%%", "ab*ab", "x,y", "^a", "a.b",
]  # fmt: skip
INTS = [
    "0", "1", "01", "-1", "+7", " 7 ", "7", "42", "2147483647", "-2147483648", "x", "1.0", "0x7",
]  # fmt: skip
BIGS = [
    *INTS[:10], "9007199254740993", "9007199254740992", "-9223372036854775808",
]  # fmt: skip
NUMBERS = [
    "0", "0.0", "-0", "1", "1.0", "1.00", "1e0", "0.1", ".1", "1.", "NaN", "nan", "Infinity",
    "-Infinity", "9007199254740993", "0.1000000000000000055511151231257827", "1e30", "-2.5",
    "12345678901234567890.123456789", "+3", " 4 ", "0x1", "1_0",
]  # fmt: skip
DOUBLES = [
    "0", "-0", "0.1", "1", "1e300", "NaN", "Infinity", "-Infinity", "0.30000000000000004",
    "9007199254740993", "1e-320", "2.5", "0.3",
]  # fmt: skip
BOOLS = [
    "true", "false", "t", "F", "yes", "off", "1", "0", "o", " on ",
]  # fmt: skip
UUIDS = [
    "00000000-0000-0000-0000-000000000001", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
    "a0eebc999c0b4ef8bb6d6bb9bd380a11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
    "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "ffffffff-ffff-ffff-ffff-ffffffffffff",
]  # fmt: skip
DATES = [
    "2024-02-29", "2024-01-31", "1999-12-31", "0001-01-01", "9999-12-31", "infinity",
    "-infinity", "0044-03-15 BC", "20240229", "Feb 29 2024", "10000-01-01",
]  # fmt: skip
MOMENTS = [
    "2024-02-29", "2024-02-29 10:00", "2024-02-29T10:00:00", "2024-02-29 10:00:00.5",
    "2024-02-29 10:00:00.123456", "2024-02-29 10:00:00.1234567", "infinity", "-infinity",
    "2024-02-29 23:59:60", "1800-01-01 00:00:00", "2024-02-29 10:00:00+05",
]  # fmt: skip
INSTANTS = [
    "2024-02-29T10:00:00Z", "2024-02-29 10:00:00+00", "2024-02-29T15:30:00+05:30",
    "2024-02-29T05:00:00-0500", "2024-02-29 10:00", "infinity", "-infinity",
    "2024-02-29 10:00:00.000001+00", "1800-01-01 00:00:00+00", "2024-02-28 24:00:00+00",
]  # fmt: skip
MOODS = [
    "sad", "ok", "happy",
]  # fmt: skip
DOCUMENTS = [
    "null", "1", "1.0", "1e0", '"a"', "true", "[]", "{}", "[1]", "[1,2]", "[[1],2]", '["a"]',
    '{"a":1}', '{"a":{"b":[1,2]}}', '{"a":null}', '{"a":"1","b":"x"}', '[{"a":1},{"a":2}]',
    '{"a":true}', '{"a":1.10}', "[true]", "[1,[1,[2]]]", "9007199254740993", "[null]",
    '{"a":[]}', '{"b":"a,b"}', '{"a":1,"a":2}', '"é"',
]  # fmt: skip
INT_RANGES = [
    "empty", "[1,5)", "[1,5]", "(1,5]", "(1,2)", "[,5)", "[5,)", "(,)", "[5,5]", "[5,6)",
    "[3,4)", "[5,1]", "[-3,0]", " [1,5) ",
]  # fmt: skip
NUM_RANGES = [
    "empty", "[1,5)", "[1.0,5.00)", "[1,5]", "(1,5]", "(1,2)", "[,5)", "[5,)", "(5,6)", "[5,5]",
    "(5,5)", "[0.5,1)",
]  # fmt: skip
DATE_RANGES = [
    "empty", "[2024-01-01,2024-01-31]", "[2024-01-01,2024-02-01)", "(2023-12-31,2024-02-01)",
    "[2024-02-01,)", "(,2024-01-01)", "[2024-01-05,2024-01-06]",
]  # fmt: skip
TIME_RANGES = [
    "empty", '["2024-01-01 00:00:00+00","2024-01-02 00:00:00+00")', "[2024-01-02T00:00:00Z,)",
    "(,2024-01-01T00:00:00Z]", "[2024-01-01T05:30:00+05:30,2024-01-01T12:00:00Z]",
]  # fmt: skip
INT_ARRAYS = [
    "{}", "{1}", "{1,2}", "{2,1}", "{1,1}", "{NULL}", "{1,NULL}", "{{1,2},{3,4}}", "{ 01 , 2 }",
    "[0:1]={1,2}", "{3}", "{null,null}",
]  # fmt: skip
TEXT_ARRAYS = [
    "{}", "{a}", '{"a"}', '{a,"b c"}', '{"x,y"}', '{"NULL"}', "{NULL}", "{null}", '{"a\\"b"}',
    "{a b}", '{""}', "{é}", '{"{c}"}', "{a,NULL,b}",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column: its type, texts that may be its values, texts to compare it with."""

    name: str
    type: str
    values: list[str]
    operands: list[str]
    labels: tuple[str, ...] = ()


COLUMNS = [
    Column("small", "smallint", INTS[:8], INTS),
    Column("num", "integer", INTS[:10], INTS),
    Column("big", "bigint", BIGS, BIGS),
    Column("price", "numeric", NUMBERS, NUMBERS),
    Column("cents", "numeric(12,2)", ["0", "1", "1.10", "2.5", "NaN"], NUMBERS),
    Column("ratio", "double precision", DOUBLES, DOUBLES),
    Column("half", "real", ["0.1", "1", "NaN"], DOUBLES),
    Column("ok", "boolean", BOOLS[:8], BOOLS),
    Column("name", "text", WORDS, WORDS + PATTERNS),
    Column("code", "varchar(90)", WORDS, WORDS + PATTERNS),
    Column("pad", "char(3)", ["a", "ab", " a"], ["a", "a  ", "ab"]),
    Column("uid", "uuid", UUIDS[:4], UUIDS),
    Column("day", "date", DATES[:8], DATES),
    Column("at", "timestamp", MOMENTS[:10], MOMENTS),
    Column("since", "timestamptz", INSTANTS, INSTANTS),
    Column("mood", "mood", MOODS, [*MOODS, "odd"], tuple(MOODS)),
    Column("doc", "jsonb", DOCUMENTS, DOCUMENTS),
    Column("raw", "json", DOCUMENTS, DOCUMENTS),
    Column("ints", "int[]", INT_ARRAYS, INT_ARRAYS),
    Column("tags", "text[]", TEXT_ARRAYS, TEXT_ARRAYS),
    Column(
        "uids",
        "uuid[]",
        ["{}", "{" + UUIDS[0] + "}"],
        ["{}", "{" + UUIDS[0] + "," + UUIDS[2] + "}"],
    ),
    Column("span", "int4range", [r for r in INT_RANGES if r != "[5,1]"], INT_RANGES),
    Column("wide", "numrange", NUM_RANGES, NUM_RANGES),
    Column("days", "daterange", DATE_RANGES, DATE_RANGES),
    Column("during", "tstzrange", TIME_RANGES, TIME_RANGES),
]
BY_NAME = {column.name: column for column in COLUMNS}
PLAIN = ("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "isdistinct")
SETS = ("cs", "cd", "ov", "sl", "sr", "nxl", "nxr", "adj")
SEARCHES = ("fts", "plfts", "phfts", "wfts")
LETTERS = "aabbAI%_*\\,\"' é"
QUANTIFIED = ("eq", "gt", "gte", "lt", "lte", "like", "ilike")


def operand(random: Random, column: Column) -> str:
    """A text to compare a column with: one that was thought of, or a random one."""
    return _random_text(random, column) or random.choice(column.operands)


def value(random: Random, column: Column) -> str:
    """A text that may be a value of the column."""
    return _random_text(random, column) or random.choice(column.values)


def _random_text(random: Random, column: Column) -> str:
    """Short, so that two are equal or like each other now and then."""
    if random.random() < 0.5:
        return ""
    if column.type in ("text", "varchar(90)"):
        return "".join(random.choice(LETTERS) for _ in range(random.randint(1, 4)))
    if column.type.startswith("numeric") or column.type == "double precision":
        return f"{random.randint(-30, 30)}.{random.randint(0, 9)}e{random.randint(-2, 2)}"
    if column.type in ("int[]", "text[]"):
        return "{" + ",".join(random.choice("123") for _ in range(random.randint(1, 3))) + "}"
    if column.type in ("int4range", "numrange"):
        low = random.randint(0, 5)
        ends = random.choice("[("), random.choice("])")
        return f"{ends[0]}{low},{low + random.randint(0, 4)}{ends[1]}"
    return ""


def filters(random: Random) -> tuple[str, str]:
    """A random parameter: name and value."""
    if random.random() < 0.15:
        return random.choice(["and", "or", "not.and", "not.or"]), f"({_terms(random)})"
    column = random.choice(COLUMNS)
    return _name(random, column), _negated(random) + _operation(random, column, quoting=False)


def _terms(random: Random) -> str:
    return ",".join(_term(random) for _ in range(random.randint(1, 3)))


def _term(random: Random) -> str:
    if random.random() < 0.2:
        return f"{_negated(random)}{random.choice(['and', 'or'])}({_terms(random)})"
    column = random.choice(COLUMNS)
    return f"{_name(random, column)}.{_negated(random)}{_operation(random, column, quoting=True)}"


def _negated(random: Random) -> str:
    return random.choice(["", "", "not."])


def _name(random: Random, column: Column) -> str:
    if column.name != "doc" or random.random() < 0.6:
        return column.name
    return column.name + random.choice(
        ["->a", "->>a", "->a->>b", "->0", "->>0", "->-1", "->a->b->0"]
    )


def _operation(random: Random, column: Column, *, quoting: bool) -> str:
    operator = random.choice(
        [*_suited(column) * 3, *PLAIN, *SETS, *SEARCHES, "in", "in", "is", "quantified"]
    )
    if operator == "is":
        return "is." + random.choice(["null", "not_null", "true", "false", "unknown"])
    if operator == "in":
        return f"in.({','.join(_quoted(operand(random, column)) for _ in range(3))})"
    if operator == "quantified":
        return _quantified(random, column, quoting=quoting)
    text = operand(random, column)
    return f"{operator}.{_quoted(text) if quoting else text}"


def _suited(column: Column) -> list[str]:
    if "range" in column.type or column.type.endswith("[]") or column.type == "jsonb":
        return [*SETS, "eq"]
    return ["like", "ilike", "eq", "neq", "gte"] if column.type == "text" else list(PLAIN[:6])


def _quantified(random: Random, column: Column, *, quoting: bool) -> str:
    chosen = [random.choice([*column.operands, None]) for _ in range(random.randint(0, 3))]
    array = "{" + ",".join("NULL" if c is None else _quoted(c) for c in chosen) + "}"
    operator, word = random.choice(QUANTIFIED), random.choice(["any", "all"])
    return f"{operator}({word}).{_quoted(array) if quoting else array}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\\n", "\n")


def rows(random: Random, number: int) -> list[dict[str, str | None]]:
    """Random rows as texts; every column is NULL now and then."""
    return [
        {c.name: None if random.random() < 0.1 else value(random, c) for c in COLUMNS}
        for _ in range(number)
    ]
