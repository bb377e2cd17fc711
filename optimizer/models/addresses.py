"""Lists of recipients, as operators write them: e-mail addresses and webhooks."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

LONGEST = 320  # characters


def addresses_in(text: str) -> list[str]:
    """The addresses of a list with commas or lines between, each once however it is written."""
    found = (part.strip() for part in text.replace(",", "\n").splitlines())
    return list({same(address): address for address in found if address}.values())


def same(address: str) -> str:
    """What two spellings of one address have in common; a webhook's path keeps its case."""
    return address if is_webhook(address) else address.lower()


def to(address: str) -> Q:
    """Rows whose `recipient` is this address, however it is written."""
    return Q(recipient=address) if is_webhook(address) else Q(recipient__iexact=address)


def is_webhook(address: str) -> bool:
    """Whether this is the address of a program."""
    return "://" in address


def shown(address: str) -> str:
    """The address as it may be shown: of a program's the host alone, since its path opens it."""
    if not is_webhook(address):
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/…"


def validate_addresses(text: str) -> None:
    """Refuse a list with no address, or with one that is none; names each wrong one."""
    addresses = addresses_in(text)
    if not addresses:
        raise ValidationError("Write at least one e-mail address.")
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong:
        raise ValidationError(f"Not an e-mail address: {', '.join(wrong)}")


def _is_address(text: str) -> bool:
    if len(text) > LONGEST:
        return False
    return _is_url(text) if is_webhook(text) else _is_mail(text)


def _is_mail(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return False
    return known and bool(parts.hostname) and "@" not in parts.netloc and " " not in text
