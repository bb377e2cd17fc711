"""How one mail leaves: by SMTP, or as a webhook where the recipient is one."""

from datetime import datetime
from email.utils import format_datetime, parseaddr
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from optimizer.alerts import hooks, unsubscribe
from optimizer.errors import AnswerLost, RecipientLeft, WebhookError
from optimizer.models import Outbox
from optimizer.models.addresses import is_webhook

TOO_LARGE = 552
NOT_LET_IN = frozenset({530, 534, 535, 538})  # by the name and password of our own settings


def send(mail: Outbox, now: datetime) -> None:
    """Send it once; raises whatever the channel raises.

    AnswerLost where it may have arrived, RecipientLeft where it is not wanted any more.
    """
    if unsubscribe.has_left(mail.recipient, mail.rule_id):
        raise RecipientLeft("the recipient has unsubscribed since this was written")
    if is_webhook(mail.recipient):
        hooks.post(mail.recipient, mail.payload, mail.key, now)
    else:
        _mail(_message(mail))


def is_final(error: Exception) -> bool:
    """Whether this very mail was refused for good, so that trying again is vain.

    A refused sender or login is for the operator to put right: the mail waits for that.
    """
    if isinstance(error, WebhookError):
        return error.final
    if isinstance(error, SMTPRecipientsRefused):
        return all(_refuses(code) for code, _ in error.recipients.values())
    if isinstance(error, SMTPSenderRefused):
        return error.smtp_code == TOO_LARGE
    if isinstance(error, SMTPDataError):
        return _refuses(error.smtp_code)
    return isinstance(error, RecipientLeft)


def _refuses(code: int) -> bool:
    return code >= 500 and code not in NOT_LET_IN


def _mail(message: EmailMultiAlternatives) -> None:
    """What fails before the connection is open has sent nothing; a line lost later may have."""
    connection = get_connection()
    connection.open()
    try:
        connection.send_messages([message])
    except (SMTPServerDisconnected, OSError) as error:
        if isinstance(error, SMTPException) and not isinstance(error, SMTPServerDisconnected):
            raise  # the server has answered
        raise AnswerLost(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _message(mail: Outbox) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": _message_id(mail),
        "Date": format_datetime(mail.created_at),  # a mail that was held up is sorted where it was
        "Auto-Submitted": "auto-generated",
        **_way_out(mail),
    }
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient], headers=headers)
    message.attach_alternative(mail.html, "text/html")
    return message


def _way_out(mail: Outbox) -> dict[str, str]:
    """RFC 8058: the one-click needs https; without it mail programs are given the form alone."""
    link = unsubscribe.link(mail.recipient)
    if not link:
        return {}
    click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {"List-Unsubscribe": f"<{link}>", **(click if link.startswith("https:") else {})}


def _message_id(mail: Outbox) -> str:
    """The same for every attempt, so that a mail program shows a repeated mail once."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{mail.key[:32]}@{domain}>"
