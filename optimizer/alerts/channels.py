"""How one mail leaves: by SMTP, or as a webhook where the recipient is one."""

from datetime import datetime
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from optimizer.alerts import hooks, unsubscribe
from optimizer.errors import WebhookError
from optimizer.models import Outbox
from optimizer.models.addresses import is_webhook


def send(mail: Outbox, now: datetime) -> None:
    """Send it once; raises whatever the channel raises."""
    if is_webhook(mail.recipient):
        hooks.post(mail.recipient, mail.payload, mail.key, now)
    else:
        _message(mail).send()


def is_final(error: Exception) -> bool:
    """Whether this very mail was refused for good, so that trying again is vain."""
    if isinstance(error, WebhookError):
        return error.final
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, SMTPSenderRefused | SMTPDataError) and error.smtp_code >= 500


def _message(mail: Outbox) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": _message_id(mail),
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
