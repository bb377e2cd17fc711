"""Signing in: who fails too often waits, by name and by address.

Failures are in PostgreSQL, which signing in needs anyway: they hold over all processes and
restarts, and without Valkey too. A try counts as a failure from before its password is asked until
it is right: of many at once no more are asked than one after the other.
"""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from canvalo.models import SignInFailure

WINDOW = timedelta(minutes=15)
KEPT = timedelta(hours=1)
# Failures in the window. Many of one name from anywhere may be a guess by many machines; its owner
# is shut out too then, which is why that number is the larger one.
MOST = {"both": 5, "name": 50, "address": 50}
LOCKED = "Too many failed attempts. Wait fifteen minutes and try again."


def locked(failures: Mapping[str, int]) -> bool:
    """Whether so many failures, by `both`, `name` and `address`, close the door."""
    return any(failures[kind] >= most for kind, most in MOST.items())


class CountedForm(AuthenticationForm):
    """Counts failures, and asks no password of whom the door is closed to."""

    locked = False

    def clean(self) -> dict[str, Any]:
        """Sign in; raises ValidationError for a wrong password and for a closed door."""
        name = _hash(self.cleaned_data.get("username", ""))
        address = _hash(_address(self.request))
        attempt = _note(name, address)
        if locked(_failures(name, address, but=attempt)):
            attempt.delete()  # or who goes on trying would never be let in again
            self.locked = True
            raise ValidationError(LOCKED, code="locked")
        cleaned = super().clean()
        SignInFailure.objects.filter(name=name, address=address).delete()
        return cleaned


class CountedAdminForm(CountedForm, AdminAuthenticationForm):
    """The same at the admin's own door."""


class SignIn(LoginView):
    """The sign-in page; 429 where the door is closed."""

    authentication_form = CountedForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the page again, and say for how long it is of no use."""
        response = super().form_invalid(form)
        if isinstance(form, CountedForm) and form.locked:
            response.status_code = 429
            response["Retry-After"] = str(int(WINDOW.total_seconds()))
        return response


def _failures(name: str, address: str, but: SignInFailure) -> dict[str, int]:
    recent = SignInFailure.objects.filter(at__gt=timezone.now() - WINDOW).exclude(pk=but.pk)
    by_name, by_address = Q(name=name), Q(address=address)
    found: dict[str, int] = recent.filter(by_name | by_address).aggregate(
        both=Count("pk", filter=by_name & by_address),
        name=Count("pk", filter=by_name),
        address=Count("pk", filter=by_address),
    )
    return found


def _note(name: str, address: str) -> SignInFailure:
    SignInFailure.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return SignInFailure.objects.create(name=name, address=address)


def _address(request: HttpRequest | None) -> str:
    """Where the request comes from; an IPv6 machine has a whole network to choose from."""
    text = str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((int(ip), 64), strict=False))
    return text


def _hash(text: str) -> str:
    """Hash with the secret key, so that a list of names does not read a copy of the table."""
    folded = text.strip().casefold()
    return salted_hmac("canvalo.signin", folded, algorithm="sha256").hexdigest()
