"""Answers one request: who asks, what, in which SQL, and how that is told."""

import asyncio
import time
from functools import partial

import psycopg

from . import openapi, respond
from .auth import Authenticator, Caller, bearer
from .catalog.model import Catalog, Name
from .database import Database
from .errors import Refusal, bad_path
from .keys import Key
from .pg_errors import to_refusal
from .raw import Raw, settings
from .read_request import (
    RELATION,
    ROOT,
    Target,
    check_preferences,
    read_action,
    read_request,
    read_target,
    with_media,
)
from .request import Action, Request
from .respond import Response
from .settings import Settings
from .statement import Plan
from .transaction import Pairs, Work
from .translate import translate

_REMEMBERED = 500  # plans
_SHAPING = ("accept", "prefer", "range", "accept-profile")
_ISOLATION = "default_transaction_isolation"
Shape = tuple[object, ...]


class Service:
    """PostgREST for one database."""

    def __init__(self, given: Settings, database: Database, keys: tuple[Key, ...]) -> None:
        self._settings, self._database = given, database
        self._authenticator = Authenticator(keys, given.anon_role, given.jwt_audience)
        self._plans: dict[Shape, tuple[Request, Plan]] = {}
        self._planned_for: Catalog | None = None

    async def answer(self, raw: Raw) -> Response:
        """The answer to one request; a refusal is one too."""
        if self._settings.latency:
            await asyncio.sleep(self._settings.latency)
        try:
            caller = self._authenticator.caller(bearer(raw.header("authorization")), time.time())
            return await self._answer(raw, caller)
        except Refusal as refusal:
            return respond.refuse(refusal)

    async def _answer(self, raw: Raw, caller: Caller) -> Response:
        catalog = self._database.catalog
        target = read_target(raw, self._settings.schemas)
        try:
            if raw.method == "OPTIONS":
                return self._info(raw, target, catalog)
            if target.kind == ROOT and raw.method in ("GET", "HEAD"):
                return await self._document(raw, target, caller, catalog)
            return await self._rows(raw, target, caller, catalog)
        except psycopg.Error as error:
            raise to_refusal(error, anonymous=caller.is_anonymous) from error

    # ---- rows

    async def _rows(self, raw: Raw, target: Target, caller: Caller, catalog: Catalog) -> Response:
        request, plan = self._planned(raw, target, catalog)
        work = self._work(raw, request, plan, caller, catalog)
        row = await self._database.run(work)
        name = Name(request.schema, request.name)
        table = catalog.tables.get(name)
        return respond.respond(
            request,
            plan,
            row,
            profile=target.schema if target.profile_shown else None,
            keyed=bool(table and table.key) or request.query.on_conflict is not None,
            void=plan.function is not None and plan.function.is_void,
        )

    def _planned(self, raw: Raw, target: Target, catalog: Catalog) -> tuple[Request, Plan]:
        """The plan; one that was made before for the same question is used again."""
        if raw.method not in ("GET", "HEAD"):
            return self._plan(raw, target, catalog)
        headers = tuple(pair for pair in raw.headers if pair[0] in _SHAPING)
        shape: Shape = (raw.method, raw.path, raw.query, headers)
        if self._planned_for is not catalog or len(self._plans) >= _REMEMBERED:
            self._plans.clear()
            self._planned_for = catalog
        if shape not in self._plans:
            self._plans[shape] = self._plan(raw, target, catalog)
        return self._plans[shape]

    def _plan(self, raw: Raw, target: Target, catalog: Catalog) -> tuple[Request, Plan]:
        action = read_action(raw, target)
        override = self._settings.tx_override
        request = read_request(raw, target, action, catalog, tx_override=override)
        try:
            request = with_media(request, raw, catalog)
        except Refusal:
            # What does not exist is said before in which form it cannot be had.
            translate(request, catalog, self._settings.options)
            raise
        plan = translate(request, catalog, self._settings.options)
        check_preferences(request)
        return request, plan

    def _work(
        self, raw: Raw, request: Request, plan: Plan, caller: Caller, catalog: Catalog
    ) -> Work:
        of_function = dict(plan.settings)
        isolation = of_function.get(_ISOLATION, catalog.role_isolation.get(caller.role))
        zone = request.preferences.timezone
        pairs = [
            *self._identity(raw, caller, request.schema, catalog),
            *([("timezone", zone)] if zone is not None else []),
            *(pair for pair in plan.settings if pair[0] != _ISOLATION),
        ]
        return Work(
            pairs,
            plan,
            isolation or "read committed",
            partial(respond.check, request) if respond.must_check(request) else None,
            request.preferences.transaction == "rollback",
            self._settings.max_rows,
        )

    def _identity(self, raw: Raw, caller: Caller, schema: str, catalog: Catalog) -> Pairs:
        """The settings in PostgREST's order: those of the role come before the role itself."""
        path = (schema, *self._settings.extra_search_path)
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in path)
        return [
            ("search_path", quoted),
            *catalog.role_settings.get(caller.role, ()),
            ("role", caller.role),
            *settings(raw, caller),
        ]

    # ---- about the schema

    async def _document(
        self, raw: Raw, target: Target, caller: Caller, catalog: Catalog
    ) -> Response:
        openapi.check_accepted(raw.header("accept"))
        pairs = self._identity(raw, caller, target.schema, catalog)
        rows = await self._database.query(pairs, openapi.ACCESSIBLE, [target.schema])
        address = f"{self._settings.host}:{self._settings.port}"
        body = openapi.document(catalog, target.schema, openapi.accessible(rows), address)
        profile = target.schema if target.profile_shown else None
        return openapi.respond(body, profile, headers_only=raw.method == "HEAD")

    def _info(self, raw: Raw, target: Target, catalog: Catalog) -> Response:
        """What may be done with a target, as OPTIONS asks; raises Refusal where there is none."""
        name = Name(target.schema, target.name)
        if target.kind == ROOT:
            return _allow("OPTIONS,GET,HEAD")
        if target.kind == RELATION:
            if name not in catalog.tables:
                raise bad_path()
            return _allow(openapi.allowed(catalog.tables[name]))
        if name not in catalog.functions:
            request = read_request(raw, target, Action.CALL, catalog)
            translate(request, catalog, self._settings.options)
        volatile = catalog.functions[name][0].volatility == "v"
        return _allow("OPTIONS,POST" if volatile else "OPTIONS,GET,HEAD,POST")


def _allow(methods: str) -> Response:
    origin = ("Access-Control-Allow-Origin", "*")
    return Response(200, [("Content-Length", "0"), origin, ("Allow", methods)])
