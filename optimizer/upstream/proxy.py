"""Which proxy the environment names for an address, as `HTTPS_PROXY` and `NO_PROXY` say it."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def proxy_for(url: str) -> str | None:
    """The proxy's address, or None where the address is asked directly; loopback always is."""
    parts = urlsplit(url)
    host, proxies = parts.hostname or "", getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or host in _LOOPBACK or proxy_bypass(host):
        return None
    return named if "://" in named else f"http://{named}"
