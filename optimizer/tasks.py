"""The recurring work, thin: Celery calls, the rooms do."""

import asyncio
import logging

import redis
from celery import shared_task
from django.conf import settings
from django.utils import timezone

log = logging.getLogger(__name__)


@shared_task
def snapshot_metrics() -> None:
    """Store the closed minutes."""
    from optimizer.metrics.store import snapshot

    with redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=10) as client:
        done = snapshot(client, timezone.now())
    log.debug("stored %d minutes with %d keys", done.minutes, done.keys)


@shared_task
def clean_cache() -> None:
    """Forget expired cache entries."""
    from optimizer.runtime import clean_cache as clean

    asyncio.run(clean())


@shared_task
def evaluate_alerts() -> None:
    """Judge the alert rules."""
    from optimizer.alerts.evaluate import evaluate_all

    log.debug("wrote %d alert mails", evaluate_all(timezone.now()))


@shared_task
def deliver_alerts() -> None:
    """Send the alert mails that are due."""
    from optimizer.alerts.deliver import deliver_due

    log.debug("sent %d alert mails", deliver_due())
