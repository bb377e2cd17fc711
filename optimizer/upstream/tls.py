"""Which certificates are trusted, as the environment says it."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from optimizer.errors import ConfigurationError

# OpenSSL's own variables first, then what requests and curl read.
NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trusted(environment: Mapping[str, str]) -> ssl.SSLContext:
    """A context that trusts the file or folder that the environment names, or httpx's own bundle.

    Raises ConfigurationError where it cannot be read: everything would fail without a word of why.
    """
    name = next((name for name in NAMES if environment.get(name)), None)
    if name is None:
        return httpx.create_ssl_context(trust_env=False)
    place = environment[name]
    try:
        if Path(place).is_dir():
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{name}: {place} holds no certificates: {error}") from error
