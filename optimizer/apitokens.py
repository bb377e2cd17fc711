"""Who may read the statistics: signed-in staff, or the bearer of an API token."""

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer

from optimizer.models import ApiToken
from optimizer.models.tokens import TokenScope, hash_token


class ApiTokenAuth(HttpBearer):
    """`Authorization: Bearer cvl_…` of one scope; made by `manage.py apitoken NAME`."""

    def __init__(self, *scopes: TokenScope) -> None:
        super().__init__()
        self._scopes = scopes or (TokenScope.STATS,)

    async def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """Return the token's row while it is neither expired nor revoked.

        Raises HttpError 403 for one that stands, but is for something else.
        """
        standing = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        found = await ApiToken.objects.filter(
            standing, hash=hash_token(token), revoked_at=None
        ).afirst()
        if found is not None and found.scope not in self._scopes:
            raise HttpError(403, f"this token is for {TokenScope(found.scope).label} alone")
        return found


class StaffSession(APIKeyCookie):
    """A browser that is signed in as a member of staff."""

    param_name = settings.SESSION_COOKIE_NAME

    async def authenticate(self, request: HttpRequest, key: str | None) -> Any | None:
        """Return the user of the session where it is an active member of staff."""
        user = await request.auser()
        return user if user.is_active and user.is_staff else None
