"""The Celery application and the whole timetable."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")


def _every(seconds: float, task: str, expires: int) -> dict[str, Any]:
    """An entry of the timetable; what no worker took for `expires` seconds is dropped."""
    return {
        "task": f"optimizer.tasks.{task}",
        "schedule": seconds,
        "options": {"expires": expires},
    }


app = Celery("canvalo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,  # a task in hand when its worker dies is done again
    task_reject_on_worker_lost=True,
    task_time_limit=120,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "snapshot closed minutes": _every(20.0, "snapshot_metrics", 60),
        "delete old sums": _every(3600.0, "expire_metrics", 600),
        "fetch Supabase's own counts": _every(3600.0, "fetch_usage", 600),
        "clean up expired cache entries": _every(60.0, "clean_cache", 60),
        "judge the alert rules": _every(30.0, "evaluate_alerts", 30),
        "send alert mails": _every(30.0, "deliver_alerts", 30),
        "send the heartbeat": _every(60.0, "send_heartbeat", 60),
        "delete old alert mails": _every(3600.0, "expire_alerts", 600),
    },
)
app.autodiscover_tasks()
