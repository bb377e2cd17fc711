"""The recurring work, thin: Celery calls, the rooms do."""

import asyncio
import logging
from typing import Any

import redis
from celery import shared_task, signals
from django.conf import settings
from django.utils import timezone

log = logging.getLogger(__name__)


@signals.worker_process_shutdown.connect  # of each process of a pool that forks
@signals.worker_shutdown.connect  # of the worker itself, which does the tasks in other pools
def hand_over_counts(**_: Any) -> None:
    """Deliver what the tasks of this process counted: it ends without running exit handlers."""
    from optimizer.runtime import hand_over

    hand_over()


@signals.task_postrun.connect
def hand_over_after(**_: Any) -> None:
    """Deliver what a task counted in a loop of its own, which by now has ended."""
    from optimizer.runtime import hand_over_ended

    hand_over_ended()


@shared_task
def snapshot_metrics() -> None:
    """Store the closed minutes, the counters since ever and the batches; sum the minutes up."""
    from optimizer.metrics.store import keep_totals, rollup, snapshot, store_batches

    with redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=10) as client:
        done = snapshot(client, timezone.now())
        if done.minutes:
            keep_totals(client)
        store_batches(client)
    summed = rollup(timezone.now())
    log.debug("stored %d minutes with %d keys, %d sums", done.minutes, done.keys, summed)


@shared_task
def expire_metrics() -> None:
    """Delete sums and batches that are older than they are kept."""
    from optimizer.metrics.store import expire, expire_batches

    now = timezone.now()
    log.debug("deleted %d old rows", expire(now) + expire_batches(now))


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

    log.debug("wrote %d alert notices", evaluate_all(timezone.now()))


@shared_task
def deliver_alerts() -> None:
    """Put what is to be told into mails, and send those that are due."""
    from optimizer.alerts.deliver import deliver_due
    from optimizer.alerts.grouping import group_due

    grouped = group_due(timezone.now())
    log.debug("wrote %d and sent %d alert mails", grouped, deliver_due())


@shared_task
def send_heartbeat() -> None:
    """Tell the outside that all is well, or by silence that it is not."""
    from optimizer.alerts.heartbeat import send_heartbeat as send

    send(timezone.now())


@shared_task
def expire_alerts() -> None:
    """Delete what alerts have left behind long ago."""
    from optimizer.alerts.expire import expire

    log.debug("deleted %d old alert mails and notices", expire(timezone.now()))
