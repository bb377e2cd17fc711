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
    """Store the closed minutes and the counters since ever, and sum the minutes up."""
    from optimizer.metrics.store import keep_totals, rollup, snapshot

    with redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=10) as client:
        done = snapshot(client, timezone.now())
        if done.minutes:
            keep_totals(client)
    summed = rollup(timezone.now())
    log.debug("stored %d minutes with %d keys, %d sums", done.minutes, done.keys, summed)


@shared_task
def expire_metrics() -> None:
    """Delete sums that are older than they are kept."""
    from optimizer.metrics.store import expire

    log.debug("deleted %d old rows", expire(timezone.now()))


@shared_task
def fetch_usage() -> None:
    """Ask Supabase what it counted; without a management token there is nothing to do."""
    from optimizer.metrics.store.usage import fetch_usage as fetch

    log.debug("fetched %d counts of Supabase's", fetch(timezone.now()))


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
