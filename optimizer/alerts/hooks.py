"""Webhooks as a channel: a POST to an address that an operator typed, and to no other machine.

The host is resolved once, every address must be public, and the request goes to that very address:
so a name cannot lead into the private network, now or by a second look-up. Redirects are not
followed and no proxy is asked.
"""

import ipaddress
import json
import socket
from datetime import datetime
from typing import Any

import httpx
from django.conf import settings

from optimizer.alerts import signing
from optimizer.errors import AnswerLost, WebhookError

TIMEOUT = 10.0  # s for each phase
LATER = frozenset({408, 425, 429})  # of 4xx those that mean "try again"


def post(url: str, payload: dict[str, Any], key: str, now: datetime) -> None:
    """Send the payload under an idempotency key, signed where there is a secret.

    Raises WebhookError where it was refused, AnswerLost where it may have arrived, and
    httpx.TransportError where nobody was reached.
    """
    target = httpx.URL(url)
    place, sni = target.copy_with(host=_address(target)), {"sni_hostname": target.host}
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = _headers(target, key, now, body)
    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        request = client.build_request("POST", place, content=body, headers=headers, extensions=sni)
        _check(_status(client, request))


def _status(client: httpx.Client, request: httpx.Request) -> int:
    try:
        response = client.send(request, stream=True)  # its body is nobody's concern
    except (httpx.ReadError, httpx.WriteError, httpx.ReadTimeout, httpx.WriteTimeout,
            httpx.RemoteProtocolError) as error:  # fmt: skip
        raise AnswerLost(f"{type(error).__name__}: {error}") from error
    response.close()
    return response.status_code


def _headers(target: httpx.URL, key: str, now: datetime, body: bytes) -> dict[str, str]:
    return {
        "Host": target.netloc.decode(),
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "User-Agent": "Canvalo",
        **signing.signed(getattr(settings, "CANVALO_ALERT_WEBHOOK_SECRET", ""), key, now, body),
    }


def _check(status: int) -> None:
    if status < 300:
        return
    final = status < 500 and status not in LATER
    raise WebhookError(f"the webhook answered {status}", final=final)


def _address(url: httpx.URL) -> str:
    """The address of the host; raises WebhookError where one of its addresses is not public."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise WebhookError(f"{url.host} is not known: {error}", final=False) from error
    addresses = [str(place[0]) for *_, place in found]
    if not _private_allowed() and not all(map(is_public, addresses)):
        raise WebhookError(f"{url.host} is not a public address", final=True)
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether it is a machine of the open internet; what hides in an IPv6 address counts too."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if inner or ip in _NAT64:
            return is_public(str(inner or ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    other = ip.is_multicast or ip.is_reserved or any(ip in network for network in _LOCAL)
    return ip.is_global and not other


# What Python 3.11 takes for public: site-local, a relay's address, documentation.
_LOCAL = [*map(ipaddress.ip_network, ("fec0::/10", "192.88.99.0/24", "3fff::/20"))]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _private_allowed() -> bool:
    return bool(getattr(settings, "CANVALO_ALERT_PRIVATE_WEBHOOKS", False))
