"""The users of a project: found in `auth.users`, shown as Supabase's clients expect them."""

import asyncio
from datetime import datetime
from typing import Any

import bcrypt

from canvalo.devstack.postgrest.database import Database

Row = dict[str, Any]
_COLUMNS = (
    "id::text",
    "aud",
    "role",
    "email",
    "encrypted_password",
    "email_confirmed_at",
    "last_sign_in_at",
    "raw_app_meta_data",
    "raw_user_meta_data",
    "created_at",
    "updated_at",
)
_SELECT = f"select {', '.join(_COLUMNS)} from auth.users where "  # noqa: S608 - constants
_BY_ID, _BY_EMAIL = _SELECT + "id = $1::uuid", _SELECT + "lower(email) = lower($1)"
_SETTINGS = [("search_path", "auth")]
_LONGEST_PASSWORD = 72  # bytes that bcrypt reads


class Users:
    """Looks users up with the rights of the connection's own role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_id(self, user: str) -> Row | None:
        """The user with this key."""
        return await self._one(_BY_ID, user)

    async def with_password(self, email: str, password: str) -> Row | None:
        """The user with this address, where the password is the right one."""
        user = await self._one(_BY_EMAIL, email)
        hashed = user["encrypted_password"] if user else None
        fits = bool(hashed) and await asyncio.to_thread(_is_right, password, str(hashed))
        return user if fits else None

    async def _one(self, query: str, value: str) -> Row | None:
        rows = await self._database.query(_SETTINGS, query, [value])
        names = [name.partition("::")[0] for name in _COLUMNS]
        return dict(zip(names, rows[0], strict=True)) if rows else None


def _is_right(password: str, hashed: str) -> bool:
    given = password.encode()
    return len(given) <= _LONGEST_PASSWORD and bcrypt.checkpw(given, hashed.encode())


def shown(user: Row) -> Row:
    """The user as a client sees it: without the password, times as text."""
    confirmed = _time(user["email_confirmed_at"])
    return {
        "id": user["id"],
        "aud": user["aud"] or "authenticated",
        "role": user["role"] or "authenticated",
        "email": user["email"],
        "email_confirmed_at": confirmed,
        "confirmed_at": confirmed,
        "phone": "",
        "last_sign_in_at": _time(user["last_sign_in_at"]),
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "identities": [],
        "created_at": _time(user["created_at"]),
        "updated_at": _time(user["updated_at"]),
        "is_anonymous": False,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
