# ruff: noqa: S608 - writing SQL is what this file does; values are parameters
"""Calls → SELECT from a function, with its arguments as parameters or out of a JSON body."""

from ..catalog.model import Name, Parameter
from ..plan.call import Call
from ..plan.nodes import Term
from ..request import Payload
from . import payload
from .body import SCALAR
from .fragments import Parameters, array_literal, column, identifier, qualified

CALL = Name("", "pgrst_call")


def statement(p: Parameters, call: Call) -> str:
    """The rows that the call returns; a value that is no row is the column `pgrst_scalar`."""
    if call.named is None:
        return f"SELECT {_returned(call)} FROM {_called(call, _arguments(p, call))}"
    passed, body = call.named
    fields = tuple(Term(one.name, type=one.full_type) for one in passed)
    rows = payload.rows(p, body, fields, first_only=True)
    arguments = ", ".join(_argument(one, column(payload.BODY, one.name)) for one in passed)
    return f"SELECT {_returned(call)} FROM {rows}, LATERAL {_called(call, arguments)}"


def _returned(call: Call) -> str:
    if not call.function.returns_composite:
        return column(CALL, SCALAR)
    return ", ".join(column(CALL, name) for name in call.returning or ("*",))


def _called(call: Call, arguments: str) -> str:
    invoked = f"{qualified(call.function.name)}({arguments})"
    if call.function.returns_composite:
        return f"{invoked} {CALL.name}"
    return f"(SELECT {invoked} {SCALAR}) {CALL.name}"


def _arguments(p: Parameters, call: Call) -> str:
    if call.whole:
        return _whole(p, *call.whole)
    return ", ".join(_argument(one, _value(p, one, value)) for one, value in call.direct)


def _whole(p: Parameters, parameter: Parameter, body: Payload) -> str:
    if parameter.type == "bytea":
        return p.add(body.raw)
    return f"{p.add(payload.text_of(body.raw))}::{parameter.type}"


def _argument(parameter: Parameter, value: str) -> str:
    variadic = "VARIADIC " if parameter.variadic else ""
    return f"{variadic}{identifier(parameter.name)} := {value}"


def _value(p: Parameters, parameter: Parameter, value: str | tuple[str, ...]) -> str:
    text = value if isinstance(value, str) else array_literal(value)
    return f"{p.add(text)}::{parameter.full_type}"
