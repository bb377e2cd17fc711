"""Mail servers that behave badly, at the level of the socket."""

import socket
import threading
from contextlib import contextmanager

STALLS, HANGS_UP, DROPS_THE_MAIL, DROPS_AFTER_TAKING = "stall", "hang up", "drop", "taken"
STALLS_WITH_THE_MAIL = "stall with it"


@contextmanager
def bad_server(manner):
    """A server that talks SMTP up to the point at which it misbehaves; its port and its mails."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken = []
    threading.Thread(target=_serve, args=(listener, manner, taken), daemon=True).start()
    try:
        yield listener.getsockname()[1], taken
    finally:
        listener.close()


def _serve(listener, manner, taken):
    held = []
    while True:
        try:
            talk, _ = listener.accept()
        except OSError:
            return
        if manner == STALLS:
            held.append(talk)  # never a word
        elif manner == HANGS_UP:
            talk.close()
        else:
            _talk(talk, manner, taken)


def _talk(talk, manner, taken):
    with talk, talk.makefile("rb") as lines:
        talk.sendall(b"220 hello\r\n")
        for line in lines:
            if not line.upper().startswith(b"DATA"):
                talk.sendall(b"250 OK\r\n")
                continue
            if manner == DROPS_THE_MAIL:
                return
            talk.sendall(b"354 go on\r\n")
            taken.append(_body(lines))
            if manner == STALLS_WITH_THE_MAIL:
                lines.read()  # until the sender gives up
            return  # it has the mail, and the answer is lost


def _body(lines):
    body = b""
    for line in lines:
        if line == b".\r\n":
            break
        body += line
    return body
