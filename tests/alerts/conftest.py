"""A real mail server whose answers a test chooses."""

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

TAKEN = "250 OK"


class MailServer:
    """Keeps what it took; answers `replies` in turn before it takes anything."""

    def __init__(self) -> None:
        self.taken = []
        self.tried = []
        self.replies = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Take or refuse an address, and note that it was tried."""
        self.tried.append(address)
        reply = self.replies.pop(0) if self.replies else TAKEN
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Take a mail."""
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return TAKEN


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """A running server, to which Django's own backend sends."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    point_at(settings, controller.port)
    yield server
    controller.stop()


@pytest.fixture
def no_mail_server(settings) -> None:
    """Where the mail server should be, nobody listens."""
    point_at(settings, free_port())


def point_at(settings, port) -> None:
    """Make Django send to this port."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_TIMEOUT = 5
    settings.DEFAULT_FROM_EMAIL = "Canvalo <alerts@canvalo.example>"


def free_port() -> int:
    """A port on which nobody listens at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
