"""PostgREST's words: what is read means what the stand-in, checked against PostgREST, reads."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvalo.devstack.postgrest import parameters, query
from canvalo.devstack.postgrest.errors import Refusal
from optimizer.domain.language.filters import OPERATORS, Logic, parse_filter
from optimizer.domain.language.question import names_of, parse_question
from optimizer.domain.language.scanner import Field
from optimizer.domain.language.selects import Column, Embed, aggregates, parse_select
from optimizer.errors import QueryError

# ---- the same in the stand-in's words


def as_theirs(tree):
    """Our tree as the stand-in's."""
    if isinstance(tree, Logic):
        return query.Logic(tree.connective, tuple(map(as_theirs, tree.terms)), tree.negated)
    return query.Condition(_field(tree.field), _operation(tree), tree.negated)


def _field(field):
    steps = (query.JsonStep(s.as_text, s.key if s.key[:1] == "-" or not s.is_index else f"+{s.key}",
                            s.is_index) for s in field.path)  # fmt: skip
    return query.Field(field.name, tuple(steps))


def _operation(found):
    if found.operator == "in":
        return query.In(found.operands or ("",))
    if found.operator == "is":
        return query.Is(found.operands[0])
    if found.operator.endswith("fts"):
        return query.Search(found.operator, found.language or None, found.operands[0])
    return query.Compare(found.operator, found.operands[0], found.quantifier or None)


def theirs(name, value):
    """What the stand-in reads, as (path, tree)."""
    text = f"{quote(name, safe='')}={quote(value, safe='')}"
    read = parameters.read_query(text, arguments_allowed=False)
    return next(iter((*read.filters, *read.logic)))


words = st.sampled_from(
    [
        *OPERATORS,
        "not",
        "and",
        "or",
        "any",
        "all",
        "null",
        "true",
        "a",
        "b c",
        "é",
        "x-y",
        "1",
        "0",
        ".",
        ".",
        ",",
        "(",
        ")",
        "{",
        "}",
        '"',
        "\\",
        "->",
        "->>",
        " ",
        "%",
        "*",
        "_",
        "!",
        "::",
    ]
)
texts = st.lists(words, max_size=12).map("".join)
names = st.one_of(
    st.sampled_from(["a", "id", '"odd.name"', "data->a->>b", "data->0->>-1", "rel.a", "a b"]),
    st.sampled_from(["or", "and", "not.or", "rel.or", "rel.not.and"]),
    texts,
)
plain = st.text("ab1,. ()\"\\{}*%'", max_size=6)
quoted = plain.map(lambda t: '"' + t.replace("\\", "\\\\").replace('"', '\\"') + '"')
conditions = st.builds(
    "{}{}{}.{}".format,
    st.sampled_from(["", "not."]),
    st.sampled_from(OPERATORS),
    st.sampled_from(["", "", "(any)", "(all)", "(english)"]),
    st.one_of(plain, quoted, st.sampled_from(["{a,b}", "null", "not_null", "NULL", "(a,b)"]),
              st.lists(st.one_of(plain, quoted), max_size=3).map(lambda v: f"({','.join(v)})")),
)  # fmt: skip
trees = st.recursive(
    st.builds("{}.{}".format, st.sampled_from(["a", "b", "rel", '"c.d"', "j->x"]), conditions),
    lambda inner: st.builds(
        "{}({})".format,
        st.sampled_from(["and", "or", "not.and", "not.or", " and"]),
        st.lists(inner, min_size=1, max_size=3).map(",".join),
    ),
    max_leaves=6,
)
values = st.one_of(conditions, trees.map(lambda t: f"({t})"), texts)


@pytest.mark.thorough
@settings(max_examples=1500)
@given(names, values)
def test_what_is_read_is_what_postgrest_reads(name, value):
    """Whatever is understood here is understood alike there; the rest is refused, not guessed."""
    try:
        path, tree = parse_filter(name, value)
    except QueryError:
        return
    try:
        there, other = theirs(name, value)
    except (Refusal, StopIteration):
        return  # it is answered with an error, and errors are not kept
    assert (path, as_theirs(tree)) == (there, other)


# ---- by example


def condition(name, value):
    """The one condition of a parameter on the relation itself."""
    path, tree = parse_filter(name, value)
    assert path == ()
    return tree


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_read_and_negated(operator):
    """With a value that suits it."""
    value = {"in": "(1,2)", "is": "null"}.get(operator, "{1}")
    plain, negated = (
        condition("a", f"{operator}.{value}"),
        condition("a", f"not.{operator}.{value}"),
    )
    assert (plain.operator, plain.negated) == (operator, False)
    assert (negated.operator, negated.negated) == (operator, True)


@pytest.mark.parametrize(
    ("value", "operands"),
    [
        ("in.(1,2)", ("1", "2")),
        ('in.("a,b",c)', ("a,b", "c")),
        (r'in.("a\"b","c\\d")', ('a"b', "c\\d")),
        ('in.("a"b,c)', ('"a"b', "c")),
        ("in.()", ()),
        ("in.(,)", ("", "")),
        ('eq."a"', ('"a"',)),
        ("eq.a,b)", ("a,b)",)),
        ("eq.", ("",)),
        ("is.NULL", ("null",)),
    ],
)
def test_values_are_read_with_their_quotes_and_escapes(value, operands):
    """Quotes count inside a list, and are ordinary characters behind `eq` at the top."""
    assert condition("a", value).operands == operands


def test_quotes_count_inside_a_tree():
    """There a comma would end the value."""
    tree = condition("or", '(a.eq."x,y",b.in.("p,q",r),not.and(c.is.null,d.ov.{1,2}))')
    first, second, third = tree.terms
    assert first.operands == ("x,y",)
    assert second.operands == ("p,q", "r")
    assert third == Logic("and", third.terms, negated=True)
    assert third.terms[1].operands == ("{1,2}",)


def test_modifiers_paths_and_embedded_relations():
    """A quantifier, a search's language, a JSON path, a filter on an embedded relation."""
    assert condition("a", "like(any).{a*,b*}").quantifier == "any"
    assert condition("a", "fts(english).cat").language == "english"
    assert [s.key for s in condition("d->a->>b", "eq.1").field.path] == ["a", "b"]
    path, tree = parse_filter("projects.clients.name", "eq.x")
    assert (path, tree.field.name) == (("projects", "clients"), "name")
    path, tree = parse_filter("projects.not.or", "(a.eq.1)")
    assert (path, tree.negated) == (("projects",), True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", "in.(1,2)x"),
        ("a", "is.nullx"),
        ("a", "1"),
        ("a", ""),
        ("a", "eq(some).{1}"),
        ("a", "in.(1"),
        ("or", "(a.eq.1"),
        ("or", "(a.eq.1)x"),
        ("or", "()"),
        ("a)", "eq.1"),
        ("a²", "eq.1"),
        ("or", "(and" * 500 + "(a.eq.1)" + ")" * 500),
    ],
)
def test_what_is_not_read_to_its_end_is_refused(name, value):
    """PostgREST ignores a tail that it does not understand; a guess at it would be unsound."""
    with pytest.raises(QueryError):
        parse_filter(name, value)


def test_a_refusal_shows_nothing_of_the_value():
    """It may be a name, and errors are logged."""
    with pytest.raises(QueryError) as refused:
        parse_filter("or", "(name.eq.Lovelace")
    assert "lovelace" not in str(refused.value).lower()


# ---- select lists


def test_a_select_list_is_read():
    """Aliases, casts, aggregates, hints, joins and spreads."""
    items = parse_select(
        "id,n:name,born::text,d->a,sum:amount.sum()::int,p:projects!fk!inner(*),...x(y)"
    )
    columns = [item for item in items if isinstance(item, Column)]
    embeds = [item for item in items if isinstance(item, Embed)]
    assert [c.is_plain for c in columns] == [True, False, False, False, False]
    assert embeds[0] == Embed("projects", "p", "fk", inner=True, items=parse_select("*"))
    assert embeds[1].spread
    assert aggregates(items)


@pytest.mark.parametrize(
    ("text", "folds"),
    [("count()", True), ("id,...r(a.max())", True), ("id,r(count())", False), ("count", False)],
)
def test_rows_are_folded_by_aggregates_of_the_relation_or_of_what_is_spread(text, folds):
    """A list inside a row folds nothing of the rows themselves."""
    assert aggregates(parse_select(text)) is folds


def their_items(items):
    """The stand-in's select list in our words."""
    return tuple(map(_their_item, items))


def _their_item(item):
    if isinstance(item, query.SelectRelation):
        return Embed(item.name, item.alias or "", item.hint or "", item.join == "inner",
                     item.spread, their_items(item.items))  # fmt: skip
    field = Field(item.field.name)
    cast = bool(item.cast or item.aggregate_cast)
    return Column(field, item.alias or "", cast, item.aggregate or "")


names_ = st.sampled_from(["a", "b_c", "x-y", "count", "amount", "é"])
columns_ = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "n:"]),
    names_,
    st.sampled_from(["", "", "::text"]),
    st.sampled_from(["", "", ".sum()", ".max()::int"]),
)
selects = st.recursive(
    st.lists(st.one_of(columns_, st.just("*"), st.just("count()")), min_size=1).map(",".join),
    lambda inner: st.builds(
        "{}{}{}({})".format,
        st.sampled_from(["", "n:", "..."]),
        names_,
        st.sampled_from(["", "!inner", "!fk", "!fk!inner", "!left"]),
        inner,
    ),
    max_leaves=4,
)


@pytest.mark.thorough
@settings(max_examples=500)
@given(st.one_of(selects, texts))
def test_a_select_list_is_read_as_postgrest_reads_it(text):
    """Whatever is understood here is understood alike there."""
    try:
        items = parse_select(text)
    except QueryError:
        return
    try:
        read = parameters.read_query(f"select={quote(text, safe='')}", arguments_allowed=False)
    except Refusal:
        return
    without_paths = _without_paths(items)
    assert without_paths == their_items(read.select)


def _without_paths(items):
    return tuple(
        replace(item, items=_without_paths(item.items)) if isinstance(item, Embed)
        else replace(item, field=replace(item.field, path=()))
        for item in items
    )  # fmt: skip


# ---- whole questions


def test_a_question_tells_what_pins_its_rows():
    """Only what holds of every row: not trees, negations, quantifiers, JSON paths or embeds."""
    question = parse_question(
        [("id", "eq.1"), ("a", "not.eq.1"), ("b", "eq(any).{1}"), ("c->d", "eq.1"),
         ("r.e", "eq.1"), ("or", "(f.eq.1,g.eq.2)"), ("h", "gt.3")]
    )  # fmt: skip
    assert [c.field.name for c in question.pins] == ["id", "h"]
    assert len(question.where) == 6


def test_a_question_names_the_columns_that_it_compares_and_orders_by():
    """Each at its relation: a name that is no column there is a computed one."""
    question = parse_question(
        [("or", "(age.gt.1,j->k.eq.2)"), ("order", "made.desc.nullslast,r(y).asc"),
         ("r.order", "z"), ("r.x", "eq.1"), ("limit", "3")]
    )  # fmt: skip
    assert question.names_at(()) == {"age", "j", "made"}
    assert question.names_at(("r",)) == {"x", "y", "z"}
    assert question.paths == {(), ("r",)}
    assert question.limited


def test_a_list_of_names_is_read():
    """With blanks and quotes, as `columns` and `on_conflict` have them."""
    assert names_of('id, "odd,name",x-y') == ("id", "odd,name", "x-y")
    with pytest.raises(QueryError):
        names_of("a,")
