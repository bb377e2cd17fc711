"""`/auth/v1`, as far as signing in needs it: passwords, refresh, the user, the public keys."""

import json
import time
import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import psycopg

from canvalo.devstack.postgrest import cors
from canvalo.devstack.postgrest.asgi import (
    App,
    Gone,
    Receive,
    Scope,
    Send,
    head,
    respond,
    whole_body,
)
from canvalo.devstack.postgrest.auth import bearer, check_claims, verify
from canvalo.devstack.postgrest.database import Database
from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.keys import Key
from canvalo.devstack.postgrest.raw import Raw
from canvalo.devstack.postgrest.respond import JSON_TYPE, Response, refuse
from canvalo.devstack.postgrest.settings import Settings

from .sessions import Session, Sessions
from .signer import LIFETIME, Signer
from .users import Row, Users, shown

PREFIX = "/auth/v1"
_VERSION = "x-supabase-api-version"
_CODES_SINCE = "2024-01-01"  # from this version on, errors name their code as `code`
_HEALTH = {"name": "Canvalo devstack", "description": "Sign-in for laptops and tests"}
_OPEN = {
    "external": {"email": True, "phone": False, "anonymous_users": False},
    "disable_signup": True,
    "mailer_autoconfirm": True,
    "phone_autoconfirm": False,
    "sms_provider": "",
    "saml_enabled": False,
}


class Denied(Exception):  # noqa: N818 - an answer, as Refusal is
    """An error answer in the form of Supabase's sign-in."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def application(settings: Settings, database: Database, keys: tuple[Key, ...]) -> App:
    """The application below `/auth/v1`."""
    service = AuthService(Users(database), Signer(settings), keys)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raw = head(scope, PREFIX)
        try:
            body = await whole_body(receive)
            response = cors.preflight(raw) or await service.answer(replace(raw, body=body))
        except Refusal as refusal:
            response = refuse(refusal)
        except Gone:
            return
        await respond(send, cors.add(raw, response))

    return app


class AuthService:
    """Answers sign-in requests."""

    def __init__(self, users: Users, signer: Signer, keys: tuple[Key, ...]) -> None:
        self._users, self._signer, self._keys = users, signer, keys
        self._sessions = Sessions()

    async def answer(self, raw: Raw) -> Response:
        """The answer to one request; what is not offered is named."""
        try:
            return await self._answer(raw)
        except Denied as denied:
            return _denial(raw, denied)
        except (psycopg.Error, Refusal) as error:
            return _denial(raw, Denied(500, "unexpected_failure", str(error)))

    async def _answer(self, raw: Raw) -> Response:
        match raw.method, raw.path:
            case "POST", "/token":
                return await self._token(raw)
            case "GET", "/user":
                return _json(shown(await self._user(raw)))
            case "POST", "/logout":
                return self._logout(raw)
            case "GET", "/.well-known/jwks.json":
                return _json(self._signer.public)
            case "GET", "/health":
                return _json(_HEALTH)
            case "GET", "/settings":
                return _json(_OPEN)
            case "POST", "/signup":
                message = "Signups not allowed for this instance"
                raise Denied(422, "signup_disabled", message)
        message = f"The devstack does not offer {raw.method} {PREFIX}{raw.path}"
        raise Denied(501, "not_implemented", message)

    # ---- tokens

    async def _token(self, raw: Raw) -> Response:
        kind = parse_qs(raw.query).get("grant_type", [""])[0]
        given = _fields(raw.body)
        if kind == "password":
            user = await self._with_password(given)
            return _json(self._signed_in(user, Session(user["id"])))
        if kind == "refresh_token":
            return _json(await self._refreshed(given))
        raise Denied(400, "validation_failed", f"unsupported_grant_type: {kind!r}")

    async def _with_password(self, given: Row) -> Row:
        email, password = given.get("email"), given.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise Denied(400, "validation_failed", "missing email or password")
        user = await self._users.with_password(email, password)
        if user is None:
            raise Denied(400, "invalid_credentials", "Invalid login credentials")
        return user

    async def _refreshed(self, given: Row) -> Row:
        session = self._sessions.redeem(str(given.get("refresh_token", "")))
        user = await self._users.by_id(session.user) if session else None
        if session is None or user is None:
            message = "Invalid Refresh Token: Refresh Token Not Found"
            raise Denied(400, "refresh_token_not_found", message)
        return self._signed_in(user, session)

    def _signed_in(self, user: Row, session: Session) -> Row:
        if not self._signer.can_sign:
            raise Denied(500, "unexpected_failure", "The stand-in has no secret to sign with")
        seen = shown(user)
        return {
            "access_token": self._signer.token(seen, session),
            "token_type": "bearer",
            "expires_in": LIFETIME,
            "expires_at": int(time.time()) + LIFETIME,
            "refresh_token": self._sessions.issue(session),
            "user": seen,
        }

    # ---- who is asking

    async def _user(self, raw: Raw) -> Row:
        claims = self._claims(raw)
        user = await self._users.by_id(claims["sub"])
        if user is None:
            message = "User from sub claim in JWT does not exist"
            raise Denied(403, "user_not_found", message)
        return user

    def _claims(self, raw: Raw) -> Row:
        token = bearer(raw.header("authorization"))
        if not token:
            raise Denied(401, "no_authorization", "This endpoint requires a Bearer token")
        try:
            claims = verify(token, self._keys)
            check_claims(claims, time.time(), None)
            uuid.UUID(claims.get("sub"))
        except (Refusal, ValueError, TypeError, AttributeError) as error:
            raise Denied(403, "bad_jwt", f"invalid JWT: {error}") from None
        return claims

    def _logout(self, raw: Raw) -> Response:
        claims = self._claims(raw)
        scope = parse_qs(raw.query).get("scope", ["global"])[0]
        if scope not in ("global", "local", "others"):
            raise Denied(400, "validation_failed", f"Unsupported logout scope {scope!r}")
        self._sessions.end(claims["sub"], claims.get("session_id"), scope)
        return Response(204, [])


def _fields(body: bytes) -> Row:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Denied(400, "bad_json", "Could not parse request body as JSON")
    return found


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, [JSON_TYPE], json.dumps(value).encode())


def _denial(raw: Raw, denied: Denied) -> Response:
    version = raw.header(_VERSION)
    if version is not None and version >= _CODES_SINCE:
        body = {"code": denied.code, "message": denied.message}
        response = _json(body, denied.status)
        return replace(response, headers=[*response.headers, (_VERSION, _CODES_SINCE)])
    return _json(
        {"code": denied.status, "error_code": denied.code, "msg": denied.message}, denied.status
    )
