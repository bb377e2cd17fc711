"""Which loopback ports are free."""

import socket
from contextlib import closing

from canvalo.devstack.errors import DevstackError

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on this port now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As servers do it: a port whose last connections are only fading away counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def find_free(preferred: int | None = None) -> int:
    """The preferred port where it is free, otherwise one that the system picks."""
    if preferred and is_free(preferred):
        return preferred
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(port: int, variable: str, host: str = LOOPBACK) -> None:
    """Refuse a port that another program uses, naming the variable that moves ours."""
    if not is_free(port, host):
        raise DevstackError(
            f"port {port} is in use: stop the program that uses it, or set {variable} to another"
        )
