"""Parser combinators that fail as Haskell's Parsec does.

PostgREST hands Parsec's own words to the client as `message` and `details`, so a stand-in must
know what Parsec would have expected at the place where it stopped. Four outcomes are told apart:
success or failure, each with or without input consumed; messages of alternatives that stopped at
the same place are merged.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")

SYSTEM, UNEXPECTED, EXPECTED, MESSAGE = range(4)
Note = tuple[int, str]


class Trouble(NamedTuple):
    """Where parsing stopped, and what is known about it."""

    at: int
    notes: tuple[Note, ...] = ()


class Outcome(NamedTuple, Generic[T]):
    """What a parser returns: `position` is where it stopped reading."""

    ok: bool
    consumed: bool
    position: int
    trouble: Trouble
    value: Any = None


def merge(first: Trouble, second: Trouble) -> Trouble:
    """Keep what got further; at the same place keep both."""
    if not second.notes and first.notes:
        return first
    if not first.notes and second.notes:
        return second
    if first.at != second.at:
        return first if first.at > second.at else second
    return Trouble(first.at, first.notes + second.notes)


def _expecting(trouble: Trouble, what: str) -> Trouble:
    others = tuple(note for note in trouble.notes if note[0] != EXPECTED)
    return Trouble(trouble.at, ((EXPECTED, what), *others))


Run = Callable[[str, int], Outcome[Any]]


class Parser(Generic[T_co]):
    """A parser of T_co, combined with `|`, `>>`, `<<`, `+` and the functions below."""

    __slots__ = ("run",)

    def __init__(self, run: Run) -> None:
        self.run: Final = run

    def then(self, make: "Callable[[T_co], Parser[U]]") -> "Parser[U]":
        """Continue with the parser that `make` returns for the value."""
        run = self.run

        def bound(text: str, position: int) -> Outcome[U]:
            first = run(text, position)
            return _continue(first, make(first.value), text) if first.ok else first

        return Parser(bound)

    def map(self, change: Callable[[T_co], U]) -> "Parser[U]":
        """Change the value."""
        run = self.run

        def mapped(text: str, position: int) -> Outcome[U]:
            out = run(text, position)
            if not out.ok:
                return out
            return Outcome(True, out.consumed, out.position, out.trouble, change(out.value))

        return Parser(mapped)

    def into(self, value: U) -> "Parser[U]":
        """Put `value` in place of what was read."""

        def given(_: Any) -> U:
            return value

        return self.map(given)

    def __rshift__(self, other: "Parser[U]") -> "Parser[U]":
        run = self.run

        def sequence(text: str, position: int) -> Outcome[U]:
            first = run(text, position)
            return _continue(first, other, text) if first.ok else first

        return Parser(sequence)

    def __lshift__(self, other: "Parser[U]") -> "Parser[T_co]":
        return (self + other).map(lambda pair: pair[0])

    def __add__(self, other: "Parser[U]") -> "Parser[tuple[T_co, U]]":
        run = self.run

        def both(text: str, position: int) -> Outcome[tuple[T_co, U]]:
            first = run(text, position)
            if not first.ok:
                return first
            out = _continue(first, other, text)
            if not out.ok:
                return out  # type: ignore[return-value]
            pair = (first.value, out.value)
            return Outcome(True, out.consumed, out.position, out.trouble, pair)

        return Parser(both)

    def __or__(self, other: "Parser[U]") -> "Parser[T_co | U]":
        run, run_other = self.run, other.run

        def either(text: str, position: int) -> Outcome[T_co | U]:
            first = run(text, position)
            if first.ok or first.consumed:
                return first
            second = run_other(text, position)
            if second.consumed:
                return second
            trouble = merge(first.trouble, second.trouble)
            return Outcome(second.ok, False, second.position, trouble, second.value)

        return Parser(either)

    def label(self, what: str) -> "Parser[T_co]":
        """Say `expecting what` where nothing was consumed."""
        run = self.run

        def labelled(text: str, position: int) -> Outcome[T_co]:
            out = run(text, position)
            if out.consumed or (out.ok and not out.trouble.notes):
                return out
            return Outcome(out.ok, False, out.position, _expecting(out.trouble, what), out.value)

        return Parser(labelled)


def _continue(first: Outcome[Any], rest: Parser[U], text: str) -> Outcome[U]:
    second = rest.run(text, first.position)
    if second.consumed:
        return second
    trouble = merge(first.trouble, second.trouble) if first.trouble.notes else second.trouble
    return Outcome(second.ok, first.consumed, second.position, trouble, second.value)


def always(value: T) -> Parser[T]:
    """Succeed without reading."""
    return Parser(lambda text, position: Outcome(True, False, position, Trouble(position), value))


def never() -> Parser[Any]:
    """Fail without reading and without a word."""
    return Parser(lambda text, position: Outcome(False, False, position, Trouble(position)))


def attempt(parser: Parser[T]) -> Parser[T]:
    """Fail as if nothing had been consumed, so that alternatives are tried."""

    def tried(text: str, position: int) -> Outcome[T]:
        out = parser.run(text, position)
        if out.ok or not out.consumed:
            return out
        return Outcome(False, False, position, out.trouble)

    return Parser(tried)


def ahead(parser: Parser[T]) -> Parser[T]:
    """Succeed where `parser` would, and read nothing."""

    def looked(text: str, position: int) -> Outcome[T]:
        out = parser.run(text, position)
        return Outcome(True, False, position, Trouble(position), out.value) if out.ok else out

    return Parser(looked)


def lazy(make: Callable[[], Parser[T]]) -> Parser[T]:
    """Let a grammar refer to itself."""
    return Parser(lambda text, position: make().run(text, position))


def _shown(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    marks = (escapes.get(c) or (c if " " <= c <= "~" else f"\\{ord(c)}") for c in text)
    return f'"{"".join(marks)}"'


def _shown_char(char: str) -> str:
    inner = '"' if char == '"' else "\\'" if char == "'" else _shown(char)[1:-1]
    return f"'{inner}'"


def satisfy(test: Callable[[str], bool]) -> Parser[str]:
    """Read one character that passes the test."""

    def one(text: str, position: int) -> Outcome[str]:
        if position >= len(text):
            return Outcome(False, False, position, Trouble(position, ((SYSTEM, ""),)))
        char = text[position]
        if test(char):
            return Outcome(True, True, position + 1, Trouble(position + 1), char)
        return Outcome(False, False, position, Trouble(position, ((SYSTEM, _shown(char)),)))

    return Parser(one)


def char(wanted: str) -> Parser[str]:
    """Read exactly this character."""
    return satisfy(lambda c: c == wanted).label(_shown(wanted))


def one_of(chars: str) -> Parser[str]:
    """Read one of these characters."""
    return satisfy(lambda c: c in chars)


def none_of(chars: str) -> Parser[str]:
    """Read one character that is none of these."""
    return satisfy(lambda c: c not in chars)


any_char = satisfy(lambda c: True)
letter = satisfy(str.isalpha).label("letter")
digit = satisfy(lambda c: c in "0123456789").label("digit")


def string(wanted: str) -> Parser[str]:
    """Read exactly this text; having read its first character counts as consumed."""
    shown = _shown(wanted)

    def tokens(text: str, position: int) -> Outcome[str]:
        if text.startswith(wanted, position):
            end = position + len(wanted)
            return Outcome(True, True, end, Trouble(end), wanted)
        same = 0
        while text[position + same : position + same + 1] == wanted[same]:
            same += 1
        odd = text[position + same : position + same + 1]
        notes = ((EXPECTED, shown), (SYSTEM, _shown(odd) if odd else ""))
        return Outcome(False, same > 0, position, Trouble(position, notes))

    return Parser(tokens)


def many(parser: Parser[T]) -> Parser[list[T]]:
    """Read as many as there are, perhaps none."""

    def repeated(text: str, position: int) -> Outcome[list[T]]:
        values: list[T] = []
        trouble, consumed = Trouble(position), False
        while True:
            out = parser.run(text, position)
            if not out.ok and out.consumed:
                return out
            if not out.ok:
                ended = merge(trouble, out.trouble) if trouble.notes else out.trouble
                return Outcome(True, consumed, position, ended, values)
            values.append(out.value)
            position, trouble, consumed = out.position, out.trouble, True

    return Parser(repeated)


def many1(parser: Parser[T]) -> Parser[list[T]]:
    """Read as many as there are, at least one."""
    return (parser + many(parser)).map(lambda pair: [pair[0], *pair[1]])


def sep_by1(parser: Parser[T], separator: Parser[Any]) -> Parser[list[T]]:
    """Read one or more with separators between them."""
    return (parser + many(separator >> parser)).map(lambda pair: [pair[0], *pair[1]])


def sep_by(parser: Parser[T], separator: Parser[Any]) -> Parser[list[T]]:
    """Read any number with separators between them."""
    empty: list[T] = []
    return sep_by1(parser, separator) | always(empty)


def option(default: U, parser: Parser[T]) -> Parser[T | U]:
    """Read it, or take the default where it does not begin."""
    return parser | always(default)


def maybe(parser: Parser[T]) -> Parser[T | None]:
    """Read it, or None where it does not begin."""
    return parser | always(None)


def between(opening: Parser[Any], closing: Parser[Any], parser: Parser[T]) -> Parser[T]:
    """Read what stands between the two."""
    return opening >> parser << closing


def unexpected(what: str) -> Parser[Any]:
    """Fail because of what was just read."""
    return Parser(
        lambda text, position: Outcome(
            False, False, position, Trouble(position, ((UNEXPECTED, what),))
        )
    )


def not_followed_by(parser: Parser[Any]) -> Parser[None]:
    """Succeed, reading nothing, only where `parser` fails."""
    refuse = attempt(parser).then(lambda value: unexpected(_shown_char(value)))
    return attempt(refuse | always(None))


def _at_end(text: str, position: int) -> Outcome[None]:
    end = (EXPECTED, "end of input")
    if position >= len(text):
        return Outcome(True, False, position, Trouble(position, (end, (SYSTEM, ""))))
    odd = (UNEXPECTED, _shown_char(text[position]))
    return Outcome(False, False, position, Trouble(position, (end, odd)))


eof: Parser[None] = Parser(_at_end)


class ParseFailed(Exception):  # noqa: N818 - it is not an error of ours: the input is wrong
    """The text does not fit; `where` and `why` are Parsec's words."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


def parse(parser: Parser[T], text: str, source: str) -> T:
    """Return the value, or raise ParseFailed with the place named as `source`."""
    out = parser.run(text, 0)
    if out.ok:
        value: T = out.value
        return value
    raise ParseFailed(_place(text, out.trouble.at, source), _reason(out.trouble.notes))


def _place(text: str, at: int, source: str) -> str:
    line, column = 1, 1
    for passed in text[:at]:
        if passed == "\n":
            line, column = line + 1, 1
        elif passed == "\t":
            column += 8 - (column - 1) % 8
        else:
            column += 1
    return f'"{source}" (line {line}, column {column})'


def _reason(notes: tuple[Note, ...]) -> str:
    kinds: list[list[str]] = [[text for kind, text in notes if kind == k] for k in range(4)]
    system, unexpected_, expected, messages = kinds
    if not notes:
        return "unknown parse error"
    said = [_several("unexpected", unexpected_)]
    if system and not unexpected_:
        said = [f"unexpected {system[0] or 'end of input'}"]
    said += [_several("expecting", expected), _several("", messages)]
    return " ".join(dict.fromkeys(part for part in said if part)).strip()


def _several(before: str, texts: list[str]) -> str:
    words = list(dict.fromkeys(text for text in texts if text))
    if len(words) > 1:
        words = [f"{', '.join(words[:-1])} or {words[-1]}"]
    return f"{before} {words[0]}".strip() if words else ""
